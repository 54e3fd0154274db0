"""Records decided again: with what is on record, or not at all."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import pytest
from tests.access.world import OUTSIDE, policy
from tests.access.world import request as asked_request
from tests.lab.build import application, snapshot
from tests.policy.build import directory, group, person
from tests.service_tokens.build import token as service_token
from tests.tokens.material import NOW

from doorward.access.decision import Allow, Bypass, Deny, LoginRequired, Refusal
from doorward.access.record import DecisionRecord, Visit, of_decision, of_login, of_logout
from doorward.access.service_auth import ServiceCredential
from doorward.access.snapshot import Snapshot
from doorward.identity import Group, Identity
from doorward.lab.question import Target, Visitor, read_target
from doorward.lab.rehearsal import credential_of, service_of, session_of
from doorward.lab.replay import CannotReplay, replayable, replayed, target_of
from doorward.policy.model import Policy
from doorward.service_tokens import Rejection, ServiceToken

from doorward.access.decide import decide  # isort: skip

ANN = person("ann@example.com", oidc_fields={"team": "red", "acrs": ["c1"]}, groups=(Group(id="7", name="Ops"),))
STAFF = policy("allow", {"email_domain": {"domain": "example.com"}}, id="staff", name="Staff")
TEAM = {"oidc": {"claim_name": "team", "claim_value": "red", "identity_provider_id": "idp-1"}}
OKTA = {"okta": {"name": "Ops", "identity_provider_id": "idp-1"}}
WIKI = Target("wiki.example.com", "/page", "")


def state(*policies: Policy, **fields: Any) -> Snapshot:
    world = {
        name: fields.pop(name) for name in ("directory", "providers", "strict_service_token_auth") if name in fields
    }
    return snapshot(application(policies, **fields), **world)


def recorded(
    here: Snapshot, identity: Identity | None = ANN, token: ServiceToken | None = None, **fields: Any
) -> DecisionRecord:
    """What the door keeps of a request, after a trip through the database."""
    asked = asked_request(path="/page", **fields)
    app = here.applications.match(asked.host, asked.path)
    session = session_of(identity, NOW) if identity is not None else None
    credential = credential_of(session, app, here, NOW) if session is not None else None
    service = service_of(token, NOW)
    decision = decide(asked, app, credential, session, here, NOW, "0" * 64, service)
    record = of_decision(asked, decision, session, NOW, "", service.known, proven=service.proven is not None)
    return stored(record)


def stored(record: DecisionRecord) -> DecisionRecord:
    return DecisionRecord(**json.loads(json.dumps(asdict(record))))


@pytest.mark.parametrize(
    ("here", "identity"),
    [
        (state(STAFF), ANN),
        (state(STAFF), person("eve@evil.example")),
        (state(STAFF), None),
        (state(policy("bypass")), None),
        (state(policy("deny", {"ip": {"ip": f"{OUTSIDE}/32"}}), STAFF), ANN),
        (state(policy("allow", {"geo": {"country_code": "NL"}})), ANN),
        (state(policy("allow", TEAM)), ANN),
        (state(policy("allow", OKTA)), ANN),
        (state(policy("allow", {"auth_context": {"ac_id": "c1", "identity_provider_id": "idp-1"}})), ANN),
        (state(policy("allow", {"auth_method": {"auth_method": "mfa"}})), person(amr=("pwd", "mfa"))),
        (state(policy("allow", {"group": {"id": "g"}}), directory=directory(group("g", TEAM))), ANN),
        (state(), ANN),
        (snapshot(), ANN),
    ],
)
def test_what_is_on_record_is_decided_as_it_was(here, identity):
    record = recorded(here, identity, country="NL")
    again = replayed(record, target_of(record, here), here)
    once_more = stored(of_decision(asked_request(path="/page", country="NL"), again, None, NOW))
    assert (once_more.outcome, once_more.refusal, once_more.status, once_more.trace, once_more.policy_id) == (
        record.outcome, record.refusal, record.status, record.trace, record.policy_id,
    )  # fmt: skip
    assert replayable(record)


def test_the_origin_of_a_change_is_the_new_state_alone():
    record = recorded(state(STAFF))
    assert isinstance(replayed(record, WIKI, state(STAFF)), Allow)
    assert isinstance(replayed(record, WIKI, state(policy("deny"), STAFF)), Deny)
    assert isinstance(replayed(record, WIKI, state(policy("bypass"))), Bypass)
    assert isinstance(replayed(record, WIKI, state(STAFF, providers=("idp-2",))), LoginRequired)


PROGRAMS = policy("non_identity", {"any_valid_service_token": {}}, id="p", name="Programs")


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(("good", "kind"), [(True, Allow), (False, Deny)])
def test_a_program_gets_in_again_when_its_token_was_good(strict, good, kind):
    here = state(PROGRAMS, strict_service_token_auth=strict)
    record = recorded(here, None, service_token(expires_at=NOW + 1 if good else NOW))
    assert isinstance(replayed(record, WIKI, here), kind)


def test_an_unknown_client_id_stays_unknown():
    here = state(PROGRAMS)
    wrong = ServiceCredential(presented=True, rejection=Rejection.UNKNOWN)
    asked = asked_request(path="/page")
    app = here.applications.match(asked.host, asked.path)
    record = stored(
        of_decision(asked, decide(asked, app, None, None, here, NOW, "0" * 64, wrong), None, NOW, proven=False)
    )
    again = replayed(record, WIKI, here)
    assert isinstance(again, Deny)
    assert again.refusal is Refusal.SERVICE_TOKEN


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [("service_token", Refusal.SERVICE_TOKEN), ("service_token_not_permitted", Refusal.SERVICE_TOKEN_NOT_PERMITTED)],
)
def test_g7_older_records_of_programs_say_by_the_refusal_whether_the_token_was_good(refusal, kind):
    record = older(recorded(state(PROGRAMS), None, service_token()), refusal=refusal)
    again = replayed(record, WIKI, state(policy("non_identity", {"service_token": {"token_id": "another"}})))
    assert isinstance(again, Deny)
    assert again.refusal is kind


def older(record: DecisionRecord, **changes: Any) -> DecisionRecord:
    """As it was written before claims and the state of service tokens were kept."""
    evidence = dict(record.evidence)
    if evidence.get("identity"):
        evidence["identity"] = {name: value for name, value in evidence["identity"].items() if name != "claims"}
    if "service_token" in evidence:
        evidence["service_token"] = {n: value for n, value in evidence["service_token"].items() if n != "proven"}
    return replace(record, evidence=evidence, **changes)


def asking(rule: dict[str, Any]) -> Snapshot:
    return state(policy("allow", rule))


def many_groups() -> Identity:
    return person(groups=tuple(Group(id=str(number), name="Ops") for number in range(101)))


def many_claims() -> Identity:
    return person(oidc_fields={"team": "red", "essay": "x" * 5000})


@pytest.mark.parametrize(
    ("record", "here", "says"),
    [
        (older(recorded(state(STAFF))), asking(TEAM), "claims, and none are on record"),
        (recorded(state(STAFF), many_claims()), asking(TEAM), "claims, and none are on record"),
        (recorded(state(STAFF), many_groups()), asking(OKTA), "groups, and not all are on record"),
        (recorded(state(STAFF)), asking({"device_posture": {"integration_uid": "x"}}), "ask for device_posture"),
        (recorded(state(STAFF)), asking({"user_risk_score": {"user_risk_score": ["low"]}}), "ask for user_risk_score"),
        (
            recorded(state(STAFF)),
            state(policy("allow", {"group": {"id": "g"}}), directory=directory(group("g", {"linked_app_token": {"app_uid": "x"}}))),
            "ask for linked_app_token",
        ),
        (older(recorded(state(PROGRAMS), None, service_token())), state(PROGRAMS), "whether the service token was valid"),
        (recorded(state(STAFF)), state(policy("allow", purpose_justification_required=True)), "a reason or an approval"),
        (recorded(state(STAFF)), state(policy("allow", mfa_config={"allowed_authenticators": ["totp"]})), "second factor"),
        (replace(recorded(state(STAFF)), evidence={}), state(STAFF), "who was signed in"),
    ],
)  # fmt: skip
def test_what_the_record_does_not_suffice_for_is_not_guessed(record, here, says):
    with pytest.raises(CannotReplay, match=says):
        replayed(record, WIKI, here)


def test_older_records_are_replayed_where_they_suffice():
    record = older(recorded(state(STAFF)))
    assert isinstance(replayed(record, WIKI, state(STAFF)), Allow)
    assert isinstance(replayed(older(recorded(state(STAFF), None)), WIKI, asking(TEAM)), LoginRequired)


def login(outcome: Any, here: Snapshot, **fields: Any) -> DecisionRecord:
    app = next(iter(here.applications))
    visit = Visit("id", "GET", "login.example.com", "/cdn-cgi/access/callback", None, None)
    values = {"identity": ANN, "user_id": "u", "application": app} | fields
    return stored(of_login(visit, outcome, NOW, **values))


@pytest.mark.parametrize(
    ("domains", "target"),
    [
        (("wiki.example.com",), Target("wiki.example.com", "/", "")),
        (("*.example.com/a*/b",), Target("x.example.com", "/ax/b", "")),
    ],
)
def test_a_login_was_for_an_address_of_its_application(domains, target):
    here = state(STAFF, domain=domains[0])
    record = login("allow", here)
    assert target_of(record, here) == target
    assert isinstance(replayed(record, target, here), Allow)


def test_an_address_that_another_application_has_is_not_taken():
    wide = application([STAFF], "wide", domain="x.example.com", self_hosted_domains=("x.example.com", "y.example.com"))
    narrow = application([], "narrow", domain="x.example.com/")
    both = snapshot(
        application([STAFF], "wide", domain="*.example.com", self_hosted_domains=("y.example.com",)),
        application([], "narrow", domain="x.example.com"),
    )
    assert target_of(login("allow", both), both).host == "y.example.com"
    hidden = snapshot(application([STAFF], "wide", domain="*.example.com"), narrow)
    with pytest.raises(CannotReplay, match="all belong to others"):
        target_of(login("allow", hidden), hidden)
    assert wide.name == "wide"


def test_a_login_is_found_by_the_applications_name_when_its_id_is_another():
    here = state(STAFF)
    record = replace(login("allow", here), application_id="an older one")
    assert target_of(record, here).host == "wiki.example.com"
    with pytest.raises(CannotReplay, match="not in the old configuration"):
        target_of(replace(record, application_name="Gone"), here)


def test_what_is_no_decision_by_policies_is_not_replayed():
    here = state(STAFF)
    assert replayable(login("deny", here))
    assert not replayable(login("error", here))
    assert not replayable(stored(of_logout(Visit("id", "GET", "h", "/"), None, NOW)))
    preflight = recorded(here, None, method="OPTIONS", origin="https://a.example", preflight_method="GET")
    assert preflight.refusal == "preflight"
    assert not replayable(preflight)


def test_visitors_and_targets_are_values():
    assert Visitor("a@b.example") == Visitor("a@b.example")
    assert read_target("wiki.example.com/page") == WIKI


@pytest.mark.parametrize("rule", [OKTA, TEAM], ids=["group", "claim"])
def test_g7_107_what_was_not_known_in_full_is_not_known_in_full_again(rule):
    stranger = person("ann@example.com", groups_complete=False, incomplete=("team",))
    known = person("ann@example.com")
    barring = state(STAFF.model_copy(update={"exclude": policy("allow", rule).include}))
    assert isinstance(replayed(recorded(state(STAFF), known), WIKI, barring), Allow)
    again = replayed(recorded(state(STAFF), stranger), WIKI, barring)
    assert isinstance(again, Deny)
