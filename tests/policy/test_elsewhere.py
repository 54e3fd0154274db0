"""One case in and one case out for every selector whose answer comes from elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter
from tests.policy.build import directory, evidence, person

from doorward.policy.answer import Answer
from doorward.policy.learned import Evaluation, Learned, Posture, Risk, Word
from doorward.policy.rules import Rule
from doorward.policy.rules_elsewhere import at_provider, moved
from doorward.policy.selectors import answer
from doorward.policy.verdict import Match

RULE: TypeAdapter[Any] = TypeAdapter(Rule)
URLS = ("https://a.test/ask", "https://a.test/keys")
EVALUATION = {"external_evaluation": {"evaluate_url": URLS[0], "keys_url": URLS[1]}}
POSTURE = {"device_posture": {"integration_uid": "disk"}}
RISK = {"user_risk_score": {"user_risk_score": ["low", "unscored"]}}
LINKED = {"linked_app_token": {"app_uid": "wiki"}}


def ask(rule: dict[str, Any], identity: Any = None, learned: Learned | None = None) -> Answer:
    known = evidence(identity).model_copy(update={"learned": learned or Learned()})
    return answer(RULE.validate_python(rule), known, directory())


def evaluated(word: Word, urls: tuple[str, str] = URLS) -> Learned:
    return Learned(evaluations={urls: Evaluation(word=word, because=f"it said {word}")})


def posture(passed: bool | None, name: str = "disk") -> Learned:
    return Learned(postures={name: Posture(passed=passed, because="fleet reported it")})


def risk(level: Any) -> Learned:
    return Learned(risk=Risk(level=level, because="fleet reported it"))


@pytest.mark.parametrize(
    ("word", "match"), [(Word.YES, Match.YES), (Word.NO, Match.NO), (Word.FAILED, None)], ids=["yes", "no", "failed"]
)
def test_an_external_evaluation_is_what_the_service_said(word, match) -> None:
    assert ask(EVALUATION, person(), evaluated(word)) == Answer(match, f"it said {word}")


def test_an_external_evaluation_that_was_not_asked_waits_for_a_login() -> None:
    assert ask(EVALUATION, person()) == Answer(Match.UNKNOWN, "https://a.test/ask is asked at a login")
    assert ask(EVALUATION, None, evaluated(Word.YES)).match is Match.UNKNOWN


def test_what_another_service_said_or_other_keys_proved_does_not_count() -> None:
    for urls in (("https://b.test/ask", URLS[1]), (URLS[0], "https://b.test/keys")):
        assert ask(EVALUATION, person(), evaluated(Word.YES, urls)).match is Match.UNKNOWN


@pytest.mark.parametrize(
    ("known", "match"),
    [
        (posture(passed=True), Match.YES),
        (posture(passed=False), Match.NO),
        (posture(passed=None), None),
        (posture(passed=True, name="disk2"), None),
        (Learned(), None),
    ],
    ids=["passed", "failed", "over", "another check", "never reported"],
)
def test_a_device_posture_is_what_was_reported(known: Learned, match: Match | None) -> None:
    said = ask(POSTURE, person(), known)
    assert said.match is match
    assert said.because in {"fleet reported it", "nobody has reported the device posture check disk"}
    assert ask(POSTURE, None, known).match is Match.UNKNOWN


@pytest.mark.parametrize(
    ("known", "match"),
    [
        (risk("low"), Match.YES),
        (risk("unscored"), Match.YES),
        (risk("medium"), Match.NO),
        (risk("high"), Match.NO),
        (risk(None), None),
        (Learned(), None),
    ],
    ids=["low", "unscored", "medium", "high", "over", "nobody reports"],
)
def test_a_risk_score_is_one_of_those_that_are_named(known: Learned, match: Match | None) -> None:
    assert ask(RISK, person(), known).match is match
    assert ask(RISK, None, known).match is Match.UNKNOWN


@pytest.mark.parametrize("identity", [None, person()], ids=["nobody", "a person"])
def test_a_linked_token_is_shown_or_not_whoever_is_signed_in(identity) -> None:
    assert ask(LINKED, identity, Learned(linked="wiki")) == Answer(
        Match.YES, "a token of the application wiki was shown"
    )
    assert ask(LINKED, identity, Learned(linked="notes")).match is Match.NO
    assert ask(LINKED, identity) == Answer(Match.NO, "no valid token of another application was shown")


def groups(*names: str) -> dict[str, Any]:
    return {"groups": [{"id": f"id of {name}", "name": name} for name in names]}


IN_AND_OUT: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    ({"azureAD": {"id": "7"}}, {"groups": [{"id": "7", "name": "Staff"}]}, True),
    ({"azureAD": {"id": "7"}}, {"groups": [{"id": "8", "name": "7"}]}, False),
    ({"azureAD": {"id": "7"}}, {}, False),
    ({"okta": {"name": "Staff"}}, groups("Others", "Staff"), True),
    ({"okta": {"name": "Staff"}}, groups("staff", "Staff "), False),
    ({"okta": {"name": "7"}}, {"groups": [{"id": "7", "name": "Staff"}]}, False),
    ({"gsuite": {"email": "s@x.org"}}, {"groups": [{"id": "1", "name": "S", "email": "S@X.org"}]}, True),
    ({"gsuite": {"email": "s@x.org"}}, {"groups": [{"id": "s@x.org", "name": "s@x.org"}]}, False),
    ({"gsuite": {"email": "s@x.org"}}, {"groups": [{"id": "1", "name": "S", "email": "s@x.org.evil"}]}, False),
    ({"github-organization": {"name": "Acme"}}, groups("acme"), True),
    ({"github-organization": {"name": "acme"}}, groups("acme/ops"), True),
    ({"github-organization": {"name": "acme"}}, groups("acme:ops"), True),
    ({"github-organization": {"name": "acme"}}, groups("acmeops", "notacme", "other/acme", "acme-labs"), False),
    ({"github-organization": {"name": "acme", "team": "ops"}}, groups("Acme/Ops"), True),
    ({"github-organization": {"name": "acme", "team": "ops"}}, groups("acme:ops"), True),
    ({"github-organization": {"name": "acme", "team": "ops"}}, groups("acme"), False),
    ({"github-organization": {"name": "acme", "team": "ops"}}, groups("acme", "evil/ops", "acme/opsx"), False),
    ({"github-organization": {"name": "acme", "team": "ops"}}, groups("evil/acme:ops"), False),
    ({"auth_context": {"ac_id": "c1"}}, {"oidc_fields": {"acrs": ["c2", "c1"]}}, True),
    ({"auth_context": {"ac_id": "c1"}}, {"oidc_fields": {"acrs": "c1"}}, True),
    ({"auth_context": {"ac_id": "c1"}}, {"oidc_fields": {"acrs": ["c10", "c2"]}}, False),
    ({"auth_context": {"ac_id": "c1"}}, {"oidc_fields": {"acrs": "c1 c2"}}, False),
    ({"auth_context": {"ac_id": "c1"}}, {"oidc_fields": {"acr": "c1"}}, False),
    ({"auth_context": {"ac_id": "1"}}, {"oidc_fields": {"acrs": [1]}}, False),
]


@pytest.mark.parametrize(("value", "fields", "holds"), IN_AND_OUT, ids=str)
def test_what_a_provider_says_counts_for_logins_there_alone(value, fields, holds: bool) -> None:
    ((kind, inner),) = value.items()
    rule = {kind: {**inner, "identity_provider_id": "idp-1"}}
    said = ask(rule, person(**fields))
    assert said.match is (Match.YES if holds else Match.NO)
    assert said.because
    elsewhere = ask(rule, person(idp_id="idp-2", **fields))
    assert elsewhere == Answer(Match.NO, "the login was at idp-2, not at idp-1")
    assert ask(rule).match is Match.UNKNOWN


def test_g7_107_a_group_of_the_same_name_at_another_provider_opens_nothing() -> None:
    everywhere = {
        "groups": [{"id": "Staff", "name": "Staff", "email": "staff@x.org"}, {"id": "acme", "name": "acme"}],
        "oidc_fields": {"acrs": ["Staff"]},
    }
    for rule in (
        {"azureAD": {"id": "Staff", "identity_provider_id": "company"}},
        {"okta": {"name": "Staff", "identity_provider_id": "company"}},
        {"gsuite": {"email": "staff@x.org", "identity_provider_id": "company"}},
        {"github-organization": {"name": "acme", "identity_provider_id": "company"}},
        {"auth_context": {"ac_id": "Staff", "identity_provider_id": "company"}},
    ):
        assert ask(rule, person(idp_id="company", **everywhere)).match is Match.YES
        assert ask(rule, person(idp_id="anybody", **everywhere)).match is Match.NO


@pytest.mark.parametrize(
    "kind", [{"azureAD": {"id": "7"}}, {"okta": {"name": "x"}}, {"gsuite": {"email": "a@b.c"}},
             {"github-organization": {"name": "x"}}, {"auth_context": {"ac_id": "c1"}}], ids=str,
)  # fmt: skip
def test_a_rule_can_be_moved_to_the_id_of_its_provider(kind) -> None:
    ((name, inner),) = kind.items()
    rule = RULE.validate_python({name: {**inner, "identity_provider_id": "Company login"}})
    assert at_provider(rule) == "Company login"
    assert at_provider(moved(rule, "42")) == "42"
    assert moved(moved(rule, "42"), "Company login") == rule
