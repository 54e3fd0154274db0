"""``mfa_config`` in the file: every level, and what is refused (access.md 4.7)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.settings.reading import changed, errors_of, refusal_of, settings_of
from tests.settings.test_resolution import resolved

from doorward.policy.mfa import Authenticator, MfaConfig, OrganizationMfaConfig
from doorward.settings import Severity, fingerprint

STAFF = "      - name: Staff only\n        decision: allow\n"
SHORT = "  session_duration: 24h\n"


def with_policy(config, text=None):
    new = STAFF + f"        mfa_config: {config}\n"
    return changed(STAFF, new) if text is None else changed(STAFF, new, text)


def with_application(config, text=None):
    old, new = "    session_duration: 8h\n", f"    session_duration: 8h\n    mfa_config: {config}\n"
    return changed(old, new) if text is None else changed(old, new, text)


def with_organization(lines):
    return changed(SHORT, SHORT + "".join(f"  {line}\n" for line in lines))


def wiki(folder, text):
    found = resolved(folder, text)
    return next(one for one in found.applications if one.name == "Wiki"), found.organization


def test_by_default_nothing_is_demanded(tmp_path):
    application, organization = wiki(tmp_path, with_policy("{}").replace("        mfa_config: {}\n", ""))
    assert application.mfa_config is None
    assert [policy.mfa_config for policy in application.policies] == [None, None]
    assert (organization.mfa_config, organization.mfa_required_for_all_apps) == (None, False)


def test_every_level_comes_out_as_written(tmp_path):
    text = with_organization(
        [
            "mfa_required_for_all_apps: true",
            (
                "mfa_config: {allowed_authenticators: [totp, security_key, totp], session_duration: 720h,"
                " amr_matching_session_duration: 30m, enrollment_allowed: true}"
            ),
        ]
    )
    text = with_policy("{allowed_authenticators: [biometrics], session_duration: 0m}", text)
    text = with_application("{mfa_disabled: true}", text)
    application, organization = wiki(tmp_path, text)
    assert organization.mfa_required_for_all_apps
    assert organization.mfa_config == OrganizationMfaConfig(
        allowed_authenticators=(Authenticator.TOTP, Authenticator.SECURITY_KEY),
        session_duration=timedelta(hours=720),
        amr_matching_session_duration=timedelta(minutes=30),
        enrollment_allowed=True,
    )
    assert application.mfa_config == MfaConfig(mfa_disabled=True)
    assert application.policies[1].mfa_config == MfaConfig(
        allowed_authenticators=(Authenticator.BIOMETRICS,), session_duration=timedelta(0)
    )


@pytest.mark.parametrize(
    ("config", "where", "says"),
    [
        ("{allowed_authenticators: [sms]}", "allowed_authenticators", "not a kind of authenticator"),
        ("{allowed_authenticators: [piv_key]}", "allowed_authenticators", "SSH"),
        ("{allowed_authenticators: [ssh_piv_key]}", "allowed_authenticators", "SSH"),
        ("{allowed_authenticators: [ssh_fido2_key]}", "allowed_authenticators", "SSH"),
        ("{session_duration: 721h}", "session_duration", "30 days"),
        ("{session_duration: soon}", "session_duration", "duration"),
        ("{mfa_disabled: perhaps}", "mfa_disabled", "true"),
        ("{required: true}", "required", "not a known field"),
        ("{amr_matching_session_duration: 1h}", "amr_matching_session_duration", "not a known field"),
    ],
)
@pytest.mark.parametrize("level", [with_policy, with_application])
def test_what_makes_no_sense_is_refused_where_it_stands(tmp_path, level, config, where, says):
    (problem,) = refusal_of(tmp_path, level(config)).problems
    assert problem.severity is Severity.ERROR
    assert f"mfa_config.{where}" in problem.path
    assert says in f"{problem.message} {problem.hint}"


@pytest.mark.parametrize(
    ("config", "says"),
    [("{required_aaguids: [x]}", "make"), ("{mfa_disabled: true}", "mfa_required_for_all_apps")],
)
def test_what_the_organization_cannot_say_is_refused(tmp_path, config, says):
    (problem,) = refusal_of(tmp_path, with_organization([f"mfa_config: {config}"])).problems
    assert says in problem.hint


@pytest.mark.parametrize("decision", ["deny", "bypass", "non_identity"])
def test_only_allow_policies_may_demand_one(tmp_path, decision):
    text = with_policy("{}").replace(
        "      - name: Staff only\n        decision: allow", f"      - name: Staff only\n        decision: {decision}"
    )
    found = errors_of(tmp_path, text)
    assert any(path.endswith("mfa_config") for path, _ in found)


@pytest.mark.parametrize(("anywhere", "warned"), [(False, True), (True, False)])
def test_that_nobody_can_set_one_up_anywhere_is_said(tmp_path, anywhere, warned):
    text = with_organization(["mfa_config: {enrollment_allowed: false}"])
    if anywhere:
        text = with_application("{enrollment_allowed: true}", text)
    settings = settings_of(tmp_path, text)
    said = [problem.path for problem in settings.warnings]
    assert ("organization.mfa_config.enrollment_allowed" in said) == warned


def marks(folder, text):
    found = resolved(folder, text)
    return [
        fingerprint(one, found.directory, found.identity_providers, organization=found.organization)
        for one in found.applications
    ]


def test_a_stricter_demand_is_noticed_so_that_tokens_from_before_are_weighed_again(tmp_path):
    plain = marks(tmp_path, with_policy("{mfa_disabled: true}"))
    wide = "mfa_config: {session_duration: 1h}"
    for text in (
        with_policy("{}"),
        with_application("{}", with_policy("{}").replace("        mfa_config: {}\n", "")),
    ):
        assert marks(tmp_path, text)[0] != plain[0]
        assert marks(tmp_path, text)[1] == plain[1], "the other application is not concerned"
    everywhere = marks(tmp_path, with_organization(["mfa_required_for_all_apps: true"]))
    shorter = marks(tmp_path, with_organization(["mfa_required_for_all_apps: true", wide]))
    assert all(one != other for one, other in zip(everywhere, shorter, strict=True))
    unused = marks(tmp_path, with_organization([wide]))
    assert unused == marks(tmp_path, with_organization([])), "it says nothing as long as nobody demands anything"
