from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from doorward.policy.model import Policy, RuleList
from doorward.policy.rules import UNANSWERED, Rule, Unanswered, rule_json, selector_name

RULE: TypeAdapter[Any] = TypeAdapter(Rule)

AS_THE_API_HAS_THEM = [
    {"everyone": {}},
    {"email": {"email": "a@b.c"}},
    {"email_list": {"id": "1"}},
    {"email_domain": {"domain": "b.c"}},
    {"ip": {"ip": "192.0.2.0/24"}},
    {"ip_list": {"id": "1"}},
    {"geo": {"country_code": "US"}},
    {"login_method": {"id": "1"}},
    {"auth_method": {"auth_method": "mfa"}},
    {"oidc": {"claim_name": "a", "claim_value": "", "identity_provider_id": "1"}},
    {"saml": {"attribute_name": "a", "attribute_value": "b", "identity_provider_id": "1"}},
    {"group": {"id": "1"}},
    {"service_token": {"token_id": "1"}},
    {"any_valid_service_token": {}},
    *({kind: {"some": ["value"]}} for kind in UNANSWERED),
    {"external_evaluation": {"evaluate_url": "https://a.test/ask", "keys_url": "https://a.test/keys"}},
    {"device_posture": {"integration_uid": "disk"}},
    {"user_risk_score": {"user_risk_score": ["low", "medium", "high", "unscored"]}},
    {"auth_context": {"id": "1", "ac_id": "c1", "identity_provider_id": "2"}},
    {"linked_app_token": {"app_uid": "1"}},
    {"azureAD": {"id": "1", "identity_provider_id": "2"}},
    {"okta": {"name": "Staff", "identity_provider_id": "2"}},
    {"gsuite": {"email": "staff@example.com", "identity_provider_id": "2"}},
    {"github-organization": {"name": "acme", "identity_provider_id": "2"}},
    {"github-organization": {"name": "acme", "team": "ops", "identity_provider_id": "2"}},
]


@pytest.mark.parametrize("written", AS_THE_API_HAS_THEM, ids=str)
def test_every_selector_is_read_and_written_back_as_it_was(written: dict[str, Any]) -> None:
    rule = RULE.validate_python(written)
    assert rule_json(rule) == written
    assert selector_name(rule) == selector_name(written) == next(iter(written))
    assert RULE.validate_python(rule) == rule


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"email": {"email": " Ann@Example.COM "}}, {"email": {"email": "ann@example.com"}}),
        ({"email_domain": {"domain": "@Example.com"}}, {"email_domain": {"domain": "example.com"}}),
        ({"email_domain": {"domain": "localhost"}}, {"email_domain": {"domain": "localhost"}}),
        ({"ip": {"ip": "192.0.2.7/24"}}, {"ip": {"ip": "192.0.2.0/24"}}),
        ({"ip": {"ip": "192.0.2.7"}}, {"ip": {"ip": "192.0.2.7/32"}}),
        ({"ip": {"ip": "2001:DB8::/32"}}, {"ip": {"ip": "2001:db8::/32"}}),
        ({"ip": {"ip": "::ffff:192.0.2.0/120"}}, {"ip": {"ip": "192.0.2.0/24"}}),
        ({"ip": {"ip": "::ffff:0:0/95"}}, {"ip": {"ip": "::fffe:0:0/95"}}),
        ({"geo": {"country_code": "t1"}}, {"geo": {"country_code": "T1"}}),
        (
            {"azure_ad": {"id": "1", "identity_provider_id": "2"}},
            {"azureAD": {"id": "1", "identity_provider_id": "2"}},
        ),
        (
            {"github_organization": {"name": "a", "team": None, "identity_provider_id": "2"}},
            {"github-organization": {"name": "a", "identity_provider_id": "2"}},
        ),
        (
            {"gsuite": {"email": " Staff@Example.com ", "identity_provider_id": "2"}},
            {"gsuite": {"email": "staff@example.com", "identity_provider_id": "2"}},
        ),
        (
            {"user_risk_score": {"user_risk_score": ["high", "low", "high"]}},
            {"user_risk_score": {"user_risk_score": ["high", "low"]}},
        ),
        (
            {"auth_context": {"ac_id": "c1", "identity_provider_id": "2"}},
            {"auth_context": {"id": "", "ac_id": "c1", "identity_provider_id": "2"}},
        ),
        ({"cloudflare_account_member": None}, {"cloudflare_account_member": {}}),
    ],
    ids=str,
)
def test_values_are_brought_into_one_form(written: dict[str, Any], read: dict[str, Any]) -> None:
    assert rule_json(RULE.validate_python(written)) == read


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ({}, "exactly one selector"),
        ({"everyone": {}, "email": {"email": "a@b.c"}}, "exactly one selector"),
        ("everyone", "exactly one selector"),
        (None, "exactly one selector"),
        ({"emial": {"email": "a@b.c"}}, "'emial' is not a selector; known are any_valid_service_token, "),
        ({"everyone": {"x": 1}}, "Extra inputs"),
        ({"email": {"email": "a@b@c"}}, "write it like name@example.com"),
        ({"email": {"email": "a"}}, "write it like name@example.com"),
        ({"email": {"email": "a @b.c"}}, "write it like name@example.com"),
        ({"email": {"email": "a@b.c\n@"}}, "write it like name@example.com"),
        ({"email_domain": {"domain": "*.example.com"}}, "write the part behind the @"),
        ({"email_domain": {"domain": "a@example.com"}}, "write the part behind the @"),
        ({"email_domain": {"domain": ""}}, "write the part behind the @"),
        ({"ip": {"ip": "192.0.2.0/33"}}, "write it like 192.0.2.0/24"),
        ({"ip": {"ip": "office"}}, "write it like 192.0.2.0/24"),
        ({"ip": {"ip": 3221225984.5}}, "IPv4"),
        ({"geo": {"country_code": "USA"}}, "write two letters"),
        ({"geo": {"country_code": "1A"}}, "write two letters"),
        ({"group": {"id": ""}}, "at least 1 character"),
        ({"group": {}}, "Field required"),
        ({"service_token": {}}, "Field required"),
        ({"service_token": {"token_id": ""}}, "at least 1 character"),
        ({"any_valid_service_token": {"token_id": "1"}}, "Extra inputs"),
        ({"external_evaluation": {"evaluate_url": "https://a.test/ask"}}, "Field required"),
        ({"external_evaluation": {"evaluate_url": "ask", "keys_url": "https://a.test/keys"}}, "is not a web address"),
        (
            {"external_evaluation": {"evaluate_url": "https://a.test/#x", "keys_url": "https://a.test/keys"}},
            "is not a web address",
        ),
        ({"device_posture": {}}, "Field required"),
        ({"user_risk_score": {"user_risk_score": []}}, "at least 1 item"),
        ({"user_risk_score": {"user_risk_score": ["severe"]}}, "'low', 'medium', 'high' or 'unscored'"),
        ({"auth_context": {"id": "1", "identity_provider_id": "2"}}, "Field required"),
        ({"linked_app_token": {}}, "Field required"),
        ({"azureAD": {"id": "1"}}, "Field required"),
        ({"okta": {"name": "", "identity_provider_id": "2"}}, "at least 1 character"),
        ({"gsuite": {"email": "staff", "identity_provider_id": "2"}}, "write it like name@example.com"),
        ({"github-organization": {"name": "a", "team": "", "identity_provider_id": "2"}}, "at least 1 character"),
    ],
    ids=str,
)
def test_what_is_no_rule_is_refused_with_a_sentence(written: object, sentence: str) -> None:
    with pytest.raises(ValidationError) as error:
        RULE.validate_python(written)
    assert sentence in str(error.value)


def test_names_of_things_that_are_no_rule_are_empty() -> None:
    assert selector_name({}) == selector_name({"a": 1, "b": 2}) == selector_name("email") == ""


def test_a_parsed_rule_of_an_unknown_class_is_refused() -> None:
    with pytest.raises(ValidationError):
        RULE.validate_python(RuleList(id="1", name="x"))


def test_a_rule_without_evidence_keeps_its_value() -> None:
    kind = UNANSWERED[0]
    rule = RULE.validate_python({kind: {"id": "7"}})
    assert rule == Unanswered(kind=kind, value={"id": "7"})


@pytest.mark.parametrize(
    "fields", [{"include": []}, {"include": [{"everyone": {}}], "name": ""}, {"include": [{"everyone": {}}], "x": 1}]
)
def test_a_policy_has_a_name_and_an_include_and_nothing_unknown(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Policy.model_validate({"id": "1", "name": "x", "decision": "allow"} | fields)


def test_lists_hold_addresses_and_ranges_in_one_form() -> None:
    found = RuleList.model_validate(
        {"id": "1", "name": "x", "emails": ["A@B.c", "a@b.c"], "networks": ["::ffff:192.0.2.7", "2001:db8::1/64"]}
    )
    assert found.emails == {"a@b.c"}
    assert [str(network) for network in found.networks] == ["192.0.2.7/32", "2001:db8::/64"]
    with pytest.raises(ValidationError):
        RuleList.model_validate({"id": "1", "name": "x", "emails": ["nobody"]})
