"""Service tokens in the file: names that policies use, credentials from outside, and none of them in a message."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.settings.reading import ENVIRON, GOOD, changed, errors_of, refusal_of, settings_of
from tests.settings.test_resolution import resolved

from doorward.policy.rules import ServiceTokenRule
from doorward.service_tokens import Declared, secret_hash

CLIENT_ID = "88bf3b6d86161464f6509f7219099e57.access"
SECRET = "cfast_" + "a1" * 24
UUID = "3537a672-e4d8-4d89-aab9-26cb622918a1"


def with_tokens(*lines: str, rule: str = "{service_token: {token_id: ci}}") -> str:
    section = "service_tokens:\n" + "".join(f"  - {line}\n" for line in lines) if lines else ""
    text = changed("lists:\n", section + "lists:\n")
    return changed("decision: bypass\n        include:\n          - ip_list: {id: Office}",
                   f"decision: non_identity\n        include:\n          - {rule}", text)  # fmt: skip


def the_rule(found) -> str:
    (policy,) = [policy for app in found.applications for policy in app.policies if policy.decision == "non_identity"]
    (rule,) = policy.include
    assert isinstance(rule, ServiceTokenRule)
    return rule.service_token.token_id


def test_a_name_alone_can_be_used_in_policies(tmp_path):
    found = resolved(tmp_path, with_tokens("{name: ci}"))
    assert the_rule(found) == "service_token:ci"
    assert found.service_tokens == (Declared("service_token:ci", "ci", timedelta(hours=8760), None),)


def test_its_own_id_wins_and_can_be_used_as_well(tmp_path):
    text = with_tokens(f"{{name: ci, id: {UUID}}}")
    assert the_rule(resolved(tmp_path, text)) == UUID
    assert resolved(tmp_path, text).service_tokens[0].id == UUID
    assert the_rule(resolved(tmp_path, text.replace("token_id: ci", f"token_id: {UUID}"))) == UUID


def test_a_token_that_is_not_declared_can_be_named_by_its_id_only(tmp_path):
    assert the_rule(resolved(tmp_path, with_tokens(rule=f"{{service_token: {{token_id: {UUID}}}}}"))) == UUID
    problem = refusal_of(tmp_path, with_tokens()).problems[-1]
    assert "there is no service token named 'ci'" in problem.message
    assert "declare it under 'service_tokens:'" in problem.hint
    close = refusal_of(tmp_path, with_tokens("{name: cii}")).problems[-1]
    assert close.hint == "did you mean 'cii'?"


def test_any_valid_service_token_needs_no_declaration(tmp_path):
    found = resolved(tmp_path, with_tokens(rule="{any_valid_service_token: {}}"))
    assert [policy.decision for policy in found.applications[1].policies] == ["non_identity", "allow"]
    assert found.service_tokens == ()


@pytest.mark.parametrize("kind", ["environment", "file"])
def test_credentials_come_from_the_environment_or_from_files(tmp_path, kind):
    (tmp_path / "id").write_text(CLIENT_ID + "\n")
    (tmp_path / "secret").write_text(SECRET + "\n")
    where = {"environment": ('"${CI_ID}"', '"${CI_SECRET}"'), "file": ("file:id", "file:secret")}[kind]
    text = with_tokens(
        f"{{name: ci, duration: forever, enabled: false, client_id: {where[0]}, client_secret: {where[1]}}}"
    )
    environ = ENVIRON | {"CI_ID": CLIENT_ID, "CI_SECRET": SECRET}
    settings = settings_of(tmp_path, text, environ)
    (part,) = settings.service_tokens
    assert part.declared("id-1") == Declared("id-1", "ci", None, False, CLIENT_ID, secret_hash(SECRET))
    assert SECRET not in repr(settings)
    assert secret_hash(SECRET) not in repr(part.declared("id-1"))


@pytest.mark.parametrize(
    "fields",
    [
        f"client_id: {CLIENT_ID}, client_secret: 'gr3at-s3cret'",
        f"client_id: {CLIENT_ID}, client_secret: ['gr3at-s3cret']",
        f"client_id: {CLIENT_ID}, client_secret: {{gr3at-s3cret: 1}}",
        "client_secret: gr3at-s3cret",
    ],
)
def test_g10_149_a_wrong_secret_is_not_repeated_in_the_message(tmp_path, fields):
    refusal = refusal_of(tmp_path, with_tokens(f"{{name: ci, {fields}}}"))
    told = str(refusal) + "".join(f"{problem}{problem.excerpt}" for problem in refusal.problems)
    assert "gr3at-s3cret" not in told


def test_an_allow_policy_that_means_programs_is_warned_about(tmp_path):
    for rule in ("{service_token: {token_id: ci}}", "{any_valid_service_token: {}}"):
        text = with_tokens("{name: ci}", rule=rule).replace("decision: non_identity", "decision: allow")
        warned = [
            problem for problem in settings_of(tmp_path, text).warnings if "lets no program in" in problem.message
        ]
        assert [problem.path for problem in warned] == ["applications[1].policies[0].include[0]"]
        assert warned[0].hint == "write decision: non_identity to let programs in"
    assert not settings_of(tmp_path, with_tokens("{name: ci}")).warnings
    text = changed(
        "          - login_method: {id: Company}",
        "          - service_token: {token_id: ci}",
        with_tokens("{name: ci}"),
    )
    (warned,) = settings_of(tmp_path, text).warnings
    assert warned.path == "applications[0].policies[1].require[0]"
    assert "nobody can sign in" in warned.message


@pytest.mark.parametrize("decision", ["bypass", "non_identity", "deny"])
def test_service_tokens_may_stand_wherever_no_login_is_asked_for(tmp_path, decision):
    settings_of(tmp_path, with_tokens("{name: ci}").replace("decision: non_identity", f"decision: {decision}"))


def test_strict_is_the_default_and_can_be_turned_off(tmp_path):
    assert resolved(tmp_path).organization.strict_service_token_auth is True
    text = changed("  session_duration: 24h\n", "  session_duration: 24h\n  strict_service_token_auth: false\n")
    assert resolved(tmp_path, text).organization.strict_service_token_auth is False


@pytest.mark.parametrize(
    ("written", "read"), [("Authorization", "authorization"), ("X-Service-Token", "x-service-token"), ("''", "")]
)
def test_the_header_with_both_is_named_by_the_application(tmp_path, written, read):
    text = changed(
        "    session_duration: 8h\n", f"    session_duration: 8h\n    read_service_tokens_from_header: {written}\n"
    )
    assert resolved(tmp_path, text).applications[0].read_service_tokens_from_header == read
    assert resolved(tmp_path, GOOD).applications[0].read_service_tokens_from_header == ""


@pytest.mark.parametrize(
    "name",
    ["Host", "Cookie", "Content-Length", "Cf-Access-Client-Id", "X-Doorward-Route", "X-Forwarded-For", "Sec-Fetch-Mode",
     "X_Token", "X Token", "x:y", "ü", "x" * 101],
)  # fmt: skip
def test_a_header_that_means_something_else_is_refused(tmp_path, name):
    text = changed(
        "    session_duration: 8h\n", f"    session_duration: 8h\n    read_service_tokens_from_header: '{name}'\n"
    )
    assert [path for path, _ in errors_of(tmp_path, text)] == ["applications[0].read_service_tokens_from_header"]
