"""Rules whose answer comes from elsewhere in the file, and who may report: names become ids, mistakes have places."""

from __future__ import annotations

from typing import Any

import pytest
from tests.reports.build import fleet_key
from tests.settings.reading import GOOD, changed, errors_of, refusal_of, settings_of
from tests.settings.test_resolution import resolved

from doorward.policy.rules import rule_json
from doorward.reports import SCORE, ReportSource, public_key, shared_secret

SECRET = "0123456789abcdef" * 2
KEY = fleet_key().as_dict(private=False)
PEM = fleet_key().as_pem(private=False).decode()
URLS = "evaluate_url: https://a.example.com/ask, keys_url: https://a.example.com/keys"


def with_rule(rule: str, text: str = GOOD, decision: str = "allow") -> str:
    """The rule stands in the last policy of Build."""
    old = "decision: allow\n        include:\n          - everyone: {}"
    return changed(old, f"decision: {decision}\n        include:\n          - {rule}", text)


def with_sources(*lines: str, text: str = GOOD) -> str:
    return changed("lists:\n", "report_sources:\n" + "".join(f"  - {line}\n" for line in lines) + "lists:\n", text)


def rules_of(found: Any) -> list[dict[str, Any]]:
    return [rule_json(rule) for app in found.applications for each in app.policies for rule in each.include]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("azureAD: {id: '7', identity_provider_id: Company}", {"azureAD": {"id": "7"}}),
        ("azure_ad: {id: '7', identity_provider_id: Company}", {"azureAD": {"id": "7"}}),
        ("okta: {name: Staff, identity_provider_id: Company}", {"okta": {"name": "Staff"}}),
        ("gsuite: {email: s@x.org, identity_provider_id: Company}", {"gsuite": {"email": "s@x.org"}}),
        (
            "github-organization: {name: acme, team: ops, identity_provider_id: Company}",
            {"github-organization": {"name": "acme", "team": "ops"}},
        ),
        (
            "github_organization: {name: acme, identity_provider_id: Company}",
            {"github-organization": {"name": "acme"}},
        ),
        (
            "auth_context: {id: x, ac_id: c1, identity_provider_id: Company}",
            {"auth_context": {"id": "x", "ac_id": "c1"}},
        ),
    ],
)
def test_a_rule_about_a_provider_names_it_and_gets_its_id(tmp_path, written: str, expected):
    text = with_rule(written)
    ((kind, inner),) = expected.items()
    assert {kind: {**inner, "identity_provider_id": "identity_provider:Company"}} in rules_of(resolved(tmp_path, text))


def test_a_provider_that_nobody_declared_is_a_mistake(tmp_path):
    text = with_rule("okta: {name: Staff, identity_provider_id: Compamy} #!")
    (problem,) = refusal_of(tmp_path, text).problems
    assert problem.path == "applications[1].policies[1].include[0].okta.identity_provider_id"
    assert problem.message == "there is no identity provider named 'Compamy'"
    assert problem.hint == "did you mean 'Company'?"


def test_a_linked_application_is_named_and_gets_its_id(tmp_path):
    text = with_rule("linked_app_token: {app_uid: Wiki}", decision="non_identity")
    assert {"linked_app_token": {"app_uid": "application:Wiki"}} in rules_of(resolved(tmp_path, text))
    (problem,) = refusal_of(tmp_path, with_rule("linked_app_token: {app_uid: Wikki}", decision="non_identity")).problems
    assert (problem.message, problem.hint) == ("there is no application named 'Wikki'", "did you mean 'Wiki'?")


@pytest.mark.parametrize("decision", ["allow", "deny"])
def test_a_linked_application_is_for_programs(tmp_path, decision: str):
    text = with_rule("linked_app_token: {app_uid: Wiki}", decision=decision)
    problem = refusal_of(tmp_path, text).problems[0]
    assert problem.path == "applications[1].policies[1].include[0]"
    assert problem.hint == "write it in a policy with decision: non_identity"


@pytest.mark.parametrize("name", ["evaluate_url", "keys_url"])
def test_another_service_is_asked_over_https_only(tmp_path, name: str):
    rule = f"external_evaluation: {{{URLS}}}"
    assert settings_of(tmp_path, with_rule(rule)).warnings == ()
    plain = rule.replace(f"{name}: https:", f"{name}: http:")
    ((path, _),) = errors_of(tmp_path, with_rule(plain))
    assert path == f"applications[1].policies[1].include[0].external_evaluation.{name}"
    local = plain.replace("a.example.com", "evaluate.localhost:8080")
    assert settings_of(tmp_path, with_rule(local))


@pytest.mark.parametrize("decision", ["bypass", "non_identity"])
@pytest.mark.parametrize(
    "rule",
    [f"external_evaluation: {{{URLS}}}", "device_posture: {integration_uid: disk}",
     "user_risk_score: {user_risk_score: [low]}", "okta: {name: Staff, identity_provider_id: Company}"],
)  # fmt: skip
def test_what_only_a_login_can_tell_is_a_mistake_before_it(tmp_path, rule: str, decision: str):
    problems = refusal_of(tmp_path, with_rule(rule, decision=decision)).problems
    assert "cannot match" in " ".join(problem.message for problem in problems)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (f"secret: {SECRET}", shared_secret(SECRET)),
        ("public_key: {kty: EC, crv: P-256, x: " + KEY["x"] + ", y: " + KEY["y"] + "}", public_key(KEY)),
        ('public_key: "' + PEM.replace("\n", "\\n") + '"', public_key(KEY)),
    ],
    ids=["secret", "JWK", "PEM"],
)
def test_a_source_is_a_name_what_it_reports_and_a_key(tmp_path, key: str, expected):
    text = with_sources(f"{{name: fleet, device_posture: [disk, os], user_risk_score: true, {key}}}")
    found = resolved(tmp_path, text).report_sources
    assert found == (ReportSource("fleet", frozenset({"disk", "os", SCORE}), expected),)


def test_a_secret_comes_from_the_environment_or_a_file_and_is_never_shown(tmp_path):
    text = with_sources("{name: siem, user_risk_score: true, secret: '${SIEM}'}")
    environ = {"CLIENT_SECRET": "x", "SIEM": SECRET}
    assert SECRET not in repr(settings_of(tmp_path, text, environ))
    (tmp_path / "siem").write_text(SECRET)
    assert settings_of(tmp_path, text.replace("'${SIEM}'", "file:siem"))
    told = str(refusal_of(tmp_path, text, environ | {"SIEM": "too-short-a-secret"}))
    assert "that is too short (write 32 characters or more" in told
    assert "too-short-a-secret" not in told


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("{name: a, user_risk_score: true}", "it needs one key"),
        ("{name: a, user_risk_score: true, secret: " + SECRET + ", public_key: {kty: EC}}", "not a public key"),
        ("{name: a, secret: " + SECRET + "}", "it may report nothing"),
        ("{name: a, user_risk_score: true, public_key: [1]}", "not a public key"),
        ("{name: a, user_risk_score: true, public_key: {kty: 7}}", "not a public key"),
        ("{name: a, user_risk_score: true, public_key: {kty: oct, k: AAAA}}", "that is a private key"),
        ("{name: a, user_risk_score: true, keys_url: https://a.example.com}", "'keys_url' is not a known field"),
    ],
)
def test_a_source_that_could_not_work_is_a_mistake(tmp_path, source: str, sentence: str):
    problems = refusal_of(tmp_path, with_sources(source)).problems
    assert any(sentence in f"{problem.message} {problem.hint}" for problem in problems), problems
    assert problems[0].path.startswith("report_sources[0]")


def test_both_keys_at_once_are_a_mistake(tmp_path):
    jwk = "{kty: EC, crv: P-256, x: " + KEY["x"] + ", y: " + KEY["y"] + "}"
    text = with_sources(f"{{name: a, user_risk_score: true, secret: {SECRET}, public_key: {jwk}}}")
    assert "it needs one key" in refusal_of(tmp_path, text).problems[0].message


def test_one_source_reports_one_thing(tmp_path):
    one = f"{{name: a, device_posture: [disk], user_risk_score: true, secret: {SECRET}}}"
    two = f"{{name: b, device_posture: [disk, os], secret: {SECRET}}}"
    three = f"{{name: c, user_risk_score: true, secret: {SECRET}}}"
    messages = [problem.message for problem in refusal_of(tmp_path, with_sources(one, two, three)).problems]
    assert messages == ["the check 'disk' is reported by 'a' already", "risk scores are reported by 'a' already"]
    same = one.replace("[disk], user_risk_score: true", "[os]")
    (problem,) = refusal_of(tmp_path, with_sources(one, same)).problems
    assert problem.message == "another report source has 'a' already"


@pytest.mark.parametrize(
    ("rule", "noun"),
    [
        ("device_posture: {integration_uid: disk}", "the check 'disk'"),
        ("user_risk_score: {user_risk_score: [low]}", "risk scores"),
    ],
)
def test_a_rule_that_nobody_reports_about_is_a_warning(tmp_path, rule: str, noun: str):
    (warning,) = settings_of(tmp_path, with_rule(rule)).warnings
    assert warning.message == f"nobody may report {noun}, so the rule never lets anybody in"
    source = f"{{name: fleet, device_posture: [disk], user_risk_score: true, secret: {SECRET}}}"
    assert settings_of(tmp_path, with_sources(source, text=with_rule(rule))).warnings == ()


def at_vendor(rule: str, provider: str) -> str:
    """The provider ``Vendor``, and a rule about its groups in a policy that keeps people out."""
    text = with_rule(rule.replace("}", ", identity_provider_id: Vendor}"), decision="deny")
    return changed("identity_providers:\n", f"identity_providers:\n  - {{name: Vendor, {provider}}}\n", text)


CLIENT = "client_id: c, client_secret: s"
ENTRA = f"type: azureAD, config: {{{CLIENT}, directory_id: 3f0c7c3e-1a7b-4a3e-9c55-0d2f5b8a1e10"
WORKSPACE = f"type: google-apps, config: {{{CLIENT}, apps_domain: example.com"
AZURE, OKTA, GSUITE, GITHUB = (
    "azureAD: {id: '7'}", "okta: {name: Staff}", "gsuite: {email: s@x.org}", "github-organization: {name: acme}",
)  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "provider", "sentence"),
    [
        *[(rule, f"type: google, config: {{{CLIENT}}}", "has no groups") for rule in (AZURE, OKTA, GSUITE, GITHUB)],
        (GITHUB, f"type: linkedin, config: {{{CLIENT}}}", "has no groups"),
        (AZURE, f"type: github, config: {{{CLIENT}}}", "cannot match"),
        (AZURE, WORKSPACE + ", support_groups: true}", "cannot match"),
        (GSUITE, f"type: okta, config: {{{CLIENT}, okta_account: example.okta.com}}", "cannot match"),
        (GSUITE, f"type: github, config: {{{CLIENT}}}", "cannot match"),
        (GSUITE, WORKSPACE + "}", "is not asked for groups"),
        (OKTA, WORKSPACE + "}", "is not asked for groups"),
        (GSUITE, ENTRA + "}", "is not asked for groups"),
    ],
)
def test_g7_107_a_rule_about_groups_that_a_provider_never_names_is_a_mistake(tmp_path, rule, provider, sentence):
    (problem,) = refusal_of(tmp_path, at_vendor(rule, provider)).problems
    assert problem.path.startswith("applications[1].policies[1].include[0].")
    assert problem.path.endswith(".identity_provider_id")
    assert sentence in problem.message


def test_a_rule_about_groups_at_a_one_time_pin_is_a_mistake(tmp_path):
    text = with_rule("okta: {name: Staff, identity_provider_id: Code}", decision="deny")
    (problem,) = refusal_of(tmp_path, text).problems
    assert "is of type onetimepin, which has no groups" in problem.message


def test_entra_may_send_groups_without_being_asked_so_that_is_a_warning(tmp_path):
    (warning,) = settings_of(tmp_path, at_vendor(AZURE, ENTRA + "}")).warnings
    assert "without a claim 'groups' in its token nobody's groups are known" in warning.message
    assert warning.hint == "add 'support_groups: true' to the config of 'Vendor'"


@pytest.mark.parametrize(
    ("rule", "provider"),
    [
        (AZURE, ENTRA + ", support_groups: true}"),
        (GSUITE, ENTRA + ", support_groups: true}"),
        (GSUITE, WORKSPACE + ", support_groups: true}"),
        (OKTA, f"type: okta, config: {{{CLIENT}, okta_account: example.okta.com}}"),
        (GITHUB, f"type: github, config: {{{CLIENT}}}"),
        (AZURE, f"type: onelogin, config: {{{CLIENT}, onelogin_account: example}}"),
    ],
)
def test_a_rule_about_groups_that_a_provider_names_is_fine(tmp_path, rule, provider):
    assert settings_of(tmp_path, at_vendor(rule, provider)).warnings == ()
