from __future__ import annotations

import json
import uuid
from dataclasses import FrozenInstanceError, asdict, replace
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.service_tokens.build import token

from doorward.access.decision import Allow, AnswerPreflight, Bypass, Deny, LoginRequired, Refusal
from doorward.access.record import (
    LONGEST_TEXT,
    MOST_GROUPS,
    DecisionRecord,
    Visit,
    evidence_of,
    of_decision,
    of_login,
    of_logout,
    reference_of,
)
from doorward.access.request import Request
from doorward.applications import Application
from doorward.identity import Group, Identity
from doorward.policy.model import Policy
from doorward.policy.rules import Everyone
from doorward.policy.verdict import Match, Outcome, PolicyTrace, RuleTrace, Verdict
from doorward.sessions import Session
from doorward.tokens.claims import AppClaims, SignedToken

NOW = 1_800_000_000
ID = "0f9A4b6c-1d2e-4f30-8a9b-0123456789ab"
SECRETS = ("q-secret", "cookie-secret", "token-secret", "assertion-secret", "signed-secret", "nonce-secret")

ANN = Identity(id="7", email="Ann@example.com", name="Ann", idp_id="idp", idp_type="oidc", amr=("mfa",))
SESSION = Session(
    nonce="nonce-secret",
    user_id="user",
    identity=ANN,
    created_at=NOW,
    expires_at=NOW + 60,
    ip="192.0.2.1",
    country="FR",
)
WIKI = Application(id="wiki", aud="a" * 64, name="Wiki", domain="wiki.example.com")
POLICY = Policy(id="policy", name="Staff", decision="allow", include=(Everyone.model_validate({"everyone": {}}),))
TRACE = PolicyTrace(
    policy_id="policy",
    policy_name="Staff",
    decision="allow",
    match=Match.YES,
    rules=(RuleTrace(part="include", rule={"everyone": {}}, match=Match.YES, because="everyone"),),
)
REQUEST = Request(
    id=ID,
    method="POST",
    host="wiki.example.com",
    path="/page",
    query="code=q-secret",
    ip=ip_address("203.0.113.7"),
    country="DE",
    cookies=(("CF_Authorization", "cookie-secret"),),
    access_token="token-secret",
    assertion="assertion-secret",
)
CLAIMS = AppClaims(
    iss="https://login.example.com",
    aud="a" * 64,
    sub="user-of-token",
    iat=NOW,
    exp=NOW + 60,
    nonce="n",
    email="t@example.com",
)


def verdict(outcome: Outcome, policy: Policy | None = None) -> Verdict:
    return Verdict(outcome=outcome, policy=policy, trace=(TRACE,))


ALLOW = Allow(WIKI, CLAIMS, SignedToken("signed-secret"), verdict(Outcome.ALLOW, POLICY))
DENY = Deny(WIKI, Refusal.POLICY, 403, verdict(Outcome.DENY))

ANSWERS = {
    "allow": (ALLOW, ("allow", "", 0)),
    "bypass": (Bypass(WIKI, verdict(Outcome.BYPASS, POLICY)), ("bypass", "", 0)),
    "login": (LoginRequired(WIKI, verdict(Outcome.LOGIN)), ("login", "", 302)),
    "deny": (DENY, ("deny", "policy", 403)),
    "unknown host": (Deny(None, Refusal.NO_APPLICATION, 404, None), ("deny", "no_application", 404)),
    "preflight": (AnswerPreflight(WIKI, (("vary", "origin"),)), ("preflight", "", 204)),
    "bypass without an application": (Bypass(None, None), ("bypass", "", 0)),
}


def test_a_reference_is_the_first_sixteen_hex_of_the_request_id():
    assert reference_of(ID) == "0f9a4b6c1d2e4f30"


@given(st.uuids())
def test_every_uuid_has_the_reference_it_begins_with(request_id: uuid.UUID):
    assert reference_of(str(request_id)) == request_id.hex[:16]


@given(st.text())
def test_any_request_id_has_a_reference_of_sixteen_hex(text: str):
    reference = reference_of(text)
    assert len(reference) == 16
    assert int(reference, 16) >= 0
    assert reference_of(text) == reference


@pytest.mark.parametrize(("decision", "answer"), ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("session", [SESSION, None], ids=["with session", "without"])
def test_every_answer_is_recorded_as_what_it_was(decision, answer, session):
    record = of_decision(REQUEST, decision, session, NOW)
    assert (record.outcome, record.refusal, record.status) == answer
    assert (record.kind, record.reference, record.at) == ("request", "0f9a4b6c1d2e4f30", NOW)
    assert (record.method, record.host, record.path) == ("POST", "wiki.example.com", "/page")
    assert (record.ip, record.country) == ("203.0.113.7", "DE")


@pytest.mark.parametrize(("decision", "answer"), ANSWERS.values(), ids=ANSWERS)
def test_no_query_cookie_token_or_session_nonce_is_in_a_record(decision, answer):
    text = json.dumps(asdict(of_decision(REQUEST, decision, SESSION, NOW)))
    assert [secret for secret in SECRETS if secret in text] == []


def test_a_record_names_the_application_the_policy_and_the_trace():
    record = of_decision(REQUEST, ALLOW, SESSION, NOW, "fresh token")
    assert (record.application_id, record.application_name) == ("wiki", "Wiki")
    assert record.policy_id == "policy"
    assert record.detail == "fresh token"
    assert [PolicyTrace.model_validate(policy) for policy in record.trace] == [TRACE]
    assert json.loads(json.dumps(record.trace)) == list(record.trace)


def test_a_denial_without_a_deciding_policy_names_none():
    assert of_decision(REQUEST, DENY, SESSION, NOW).policy_id == ""


def test_the_person_is_the_one_of_the_session_before_the_one_of_the_token():
    of_session = of_decision(REQUEST, ALLOW, SESSION, NOW)
    assert (of_session.user_email, of_session.user_id, of_session.idp_id) == ("Ann@example.com", "user", "idp")
    of_token = of_decision(REQUEST, ALLOW, None, NOW)
    assert (of_token.user_email, of_token.user_id, of_token.idp_id) == ("t@example.com", "user-of-token", "")


def test_a_stranger_has_no_name_in_the_record():
    record = of_decision(replace(REQUEST, ip=None, country=None), DENY, None, NOW)
    assert (record.user_email, record.user_id, record.ip, record.country) == ("", "", "", "")
    assert record.evidence == {"ip": None, "country": None, "identity": None}


def test_a_login_that_was_allowed_names_person_application_and_policy():
    visit = Visit.of(REQUEST)
    record = of_login(
        visit, "allow", NOW, identity=ANN, user_id="user", application=WIKI, verdict=verdict(Outcome.ALLOW, POLICY)
    )
    assert (record.kind, record.outcome, record.status) == ("login", "allow", 302)
    assert (record.user_email, record.user_id, record.idp_id) == ("Ann@example.com", "user", "idp")
    assert (record.application_id, record.policy_id) == ("wiki", "policy")
    assert record.evidence["identity"]["amr"] == ["mfa"]
    assert len(record.trace) == 1


def test_a_login_that_failed_at_the_provider_names_the_provider_only():
    record = of_login(
        Visit.of(REQUEST), "error", NOW, idp_id="idp", refusal="unavailable", status=503, detail="timeout"
    )
    assert (record.outcome, record.refusal, record.status, record.detail) == ("error", "unavailable", 503, "timeout")
    assert (record.user_email, record.user_id, record.idp_id, record.application_id) == ("", "", "idp", "")
    assert record.trace == ()


def test_a_logout_names_who_left():
    record = of_logout(Visit.of(REQUEST), SESSION, NOW)
    assert (record.kind, record.outcome, record.status) == ("logout", "logout", 200)
    assert (record.user_email, record.user_id, record.idp_id) == ("Ann@example.com", "user", "idp")


def test_a_logout_of_nobody_names_nobody():
    record = of_logout(Visit.of(REQUEST), None, NOW)
    assert (record.user_email, record.user_id, record.idp_id) == ("", "", "")


def test_a_query_that_slipped_into_a_path_is_cut_off():
    record = of_logout(Visit(ID, "GET", "h", "/callback?code=q-secret"), None, NOW)
    assert record.path == "/callback"


def test_g10_154_the_id_of_a_kept_form_is_not_recorded():
    record = of_logout(Visit(ID, "GET", "h", "/cdn-cgi/access/resume/" + "q" * 43), None, NOW)
    assert record.path == "/cdn-cgi/access/resume/"


def test_evidence_names_a_hundred_groups_and_counts_all():
    groups = tuple(Group(id=str(number), name=f"Group {number}") for number in range(5000))
    evidence = evidence_of(None, None, ANN.model_copy(update={"groups": groups}))
    assert len(evidence["identity"]["groups"]) == MOST_GROUPS
    assert evidence["identity"]["groups_total"] == 5000


def test_what_strangers_choose_the_length_of_is_cut():
    record = DecisionRecord(
        reference="0" * 16,
        at=NOW,
        kind="request",
        method="M" * 5000,
        host="h" * 5000,
        path="/" * 5000,
        detail="d" * 5000,
    )
    assert {len(text) for text in (record.method, record.host, record.path, record.detail)} == {LONGEST_TEXT}


def test_a_record_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        of_logout(Visit.of(REQUEST), None, NOW).outcome = "allow"


def test_the_service_token_a_request_names_is_evidence_and_nothing_secret_of_it() -> None:
    record = of_decision(REQUEST, DENY, None, NOW, "service token 'ci': wrong_secret", token())
    named = {"id": "id-of-ci", "name": "ci", "client_id": token().client_id}
    assert record.evidence["service_token"] == named
    assert token().secret_hash not in json.dumps(asdict(record))
    assert "service_token" not in of_decision(REQUEST, DENY, None, NOW).evidence


def test_whether_a_service_token_was_proven_is_kept_where_it_is_known() -> None:
    for proven in (True, False):
        record = of_decision(REQUEST, DENY, None, NOW, service_token=token(), proven=proven)
        assert record.evidence["service_token"]["proven"] is proven


def test_claims_are_kept_whole_or_not_at_all() -> None:
    few = Identity.model_validate(
        {"id": "1", "email": "a@b.example", "idp_id": "i", "idp_type": "oidc", "oidc_fields": {"team": ["red"]}}
    )
    assert evidence_of(None, None, few)["identity"]["claims"] == {
        "oidc_fields": {"team": ["red"]},
        "saml_attributes": {},
    }
    many = few.model_copy(update={"saml_attributes": {"essay": "x" * 5000}})
    assert evidence_of(None, None, many)["identity"]["claims"] is None
