"""A made-up request gets the answer that the door gives."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest
from tests.access.world import policy, request, visited
from tests.lab.build import application, snapshot
from tests.policy.build import directory, group
from tests.service_tokens.build import token as service_token
from tests.tokens.material import NOW

from doorward.access.decision import AnswerPreflight, Refusal
from doorward.lab.question import Question, UnusableQuestion, Visitor, read_target
from doorward.lab.rehearsal import Rehearsal, rehearse
from doorward.organization import IdentityProvider
from doorward.policy.model import Policy

STAFF = policy("allow", {"email_domain": {"domain": "example.com"}}, id="staff", name="Staff")
ANN = Visitor("ann@example.com")


def ask(*policies: Policy, url: str = "https://wiki.example.com/page", **fields: Any) -> Rehearsal:
    world = {
        name: fields.pop(name) for name in ("directory", "providers", "strict_service_token_auth") if name in fields
    }
    settings = {name: fields.pop(name) for name in ("allowed_idps", "not_before", "domain") if name in fields}
    state = snapshot(application(policies, **settings), **world)
    return rehearse(Question(read_target(url), **fields), state, NOW)


@pytest.mark.parametrize(
    ("policies", "fields", "outcome", "status", "decided"),
    [
        ((STAFF,), {"visitor": ANN}, "allow", 0, "Staff"),
        ((STAFF,), {"visitor": Visitor("eve@evil.example")}, "deny", 403, None),
        ((STAFF,), {}, "login", 302, None),
        ((), {"visitor": ANN}, "deny", 403, None),
        ((policy("bypass"), STAFF), {"visitor": ANN}, "bypass", 0, "bypass"),
        ((policy("non_identity"), STAFF), {}, "service_auth", 0, "non_identity"),
        ((policy("deny"), STAFF), {"visitor": ANN}, "deny", 403, "deny"),
        ((STAFF,), {"visitor": ANN, "method": "TRACE"}, "deny", 405, None),
        ((STAFF,), {"visitor": ANN, "url": "https://other.example.com/"}, "deny", 404, None),
    ],
)
def test_every_outcome_has_its_word_its_status_and_the_policy_that_decided(policies, fields, outcome, status, decided):
    rehearsal = ask(*policies, **fields)
    assert (rehearsal.outcome, rehearsal.status) == (outcome, status)
    assert (rehearsal.policy.name if rehearsal.policy else None) == decided


def test_where_unknown_hosts_are_open_the_answer_says_so():
    rehearsal = rehearse(Question(read_target("other.example.com")), snapshot(deny_unmatched_requests=False), NOW)
    assert (rehearsal.outcome, rehearsal.status, rehearsal.application) == ("open", 0, None)
    assert rehearsal.unreached == ()


def test_who_is_signed_in_means_nothing_where_no_application_is():
    rehearsal = ask(STAFF, url="other.example.com", visitor=ANN)
    assert rehearsal.decision.refusal is Refusal.NO_APPLICATION


def test_the_pattern_is_the_one_by_which_the_application_was_found():
    outer, inner = application([STAFF]), application([], "admin", domain="wiki.example.com/admin*")
    state = snapshot(outer, inner)
    for path, found in (("/", outer), ("/administration", inner)):
        rehearsal = rehearse(Question(read_target(f"wiki.example.com{path}")), state, NOW)
        assert rehearsal.application is found
        assert str(rehearsal.pattern) == found.domain


def test_the_policies_that_were_not_looked_at_are_named_in_their_order():
    late, early = (
        policy("deny", id="late", name="late"),
        policy("bypass", {"ip": {"ip": "192.0.2.0/24"}}, id="b", name="b"),
    )
    rehearsal = ask(STAFF, late, early, visitor=ANN)
    assert [trace.policy_name for trace in rehearsal.verdict.trace] == ["b", "Staff"]
    assert [one.name for one in rehearsal.unreached] == ["late"]
    bypassed = ask(STAFF, late, early, ip=ip_address("192.0.2.7"))
    assert [one.name for one in bypassed.unreached] == ["Staff", "late"]


def test_a_method_that_is_never_allowed_reaches_no_policy():
    assert [one.name for one in ask(STAFF, method="TRACE").unreached] == ["Staff"]


def test_an_answered_preflight_has_no_policies_and_no_origin():
    rehearsal = ask(STAFF)
    answered = replace(rehearsal, decision=AnswerPreflight(rehearsal.application, ()))
    assert (answered.outcome, answered.status, answered.verdict, answered.policy) == ("preflight", 204, None, None)
    assert answered.unreached == (STAFF,)


def test_groups_claims_and_methods_are_what_the_provider_says():
    rules = [
        {"oidc": {"claim_name": "team", "claim_value": "red", "identity_provider_id": "idp-1"}},
        {"oidc": {"claim_name": "groups", "claim_value": "Ops", "identity_provider_id": "idp-1"}},
        {"auth_method": {"auth_method": "mfa"}},
        {"okta": {"name": "Ops", "identity_provider_id": "idp-1"}},
        {"gsuite": {"email": "all@example.com", "identity_provider_id": "idp-1"}},
    ]
    wanted = policy("allow", require=rules)
    visitor = Visitor(
        "ann@example.com", None, ("Ops", "all@example.com"), ("pwd", "mfa"), {"team": ("blue", "red"), "floor": "3"}
    )
    assert ask(wanted, visitor=visitor).outcome == "allow"
    assert ask(wanted, visitor=ANN).outcome == "deny"
    own = Visitor("ann@example.com", None, ("Ops",), ("mfa",), {"groups": "something else"})
    assert ask(policy("allow", rules[1]), visitor=own).outcome == "deny"


def test_attributes_are_those_of_saml_where_the_provider_speaks_it(monkeypatch):
    provider = IdentityProvider.model_construct(id="idp-1", name="idp-1", type="saml", config={})
    rule = {"saml": {"attribute_name": "team", "attribute_value": "red", "identity_provider_id": "idp-1"}}
    state = snapshot(application([policy("allow", rule)]))
    object.__setattr__(state, "identity_providers", {"idp-1": provider})
    question = Question(read_target("wiki.example.com"), visitor=Visitor("a@b.example", claims={"team": "red"}))
    assert rehearse(question, state, NOW).outcome == "allow"


def test_the_provider_is_the_first_that_the_application_takes_unless_another_is_named():
    providers = ("idp-1", "idp-2")
    assert ask(STAFF, visitor=ANN, providers=providers).provider.id == "idp-1"
    chosen = ask(STAFF, visitor=ANN, providers=providers, allowed_idps=("idp-2",))
    assert (chosen.provider.id, chosen.outcome) == ("idp-2", "allow")
    other = ask(STAFF, visitor=Visitor("ann@example.com", "idp-1"), providers=providers, allowed_idps=("idp-2",))
    assert (other.provider.id, other.outcome) == ("idp-1", "login")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"visitor": Visitor("ann@example.com", "idp-9")}, "no identity provider 'idp-9'"),
        ({"visitor": ANN, "providers": ()}, "cannot have signed in"),
        ({"visitor": ANN, "url": "https://login.example.com/"}, "where people sign in"),
        ({"url": "https://wiki.example.com/cdn-cgi/access/logout"}, "the door's own"),
        ({"url": "https://wiki.example.com/cdn-cgi"}, "the door's own"),
    ],
)
def test_what_cannot_be_asked_is_refused(fields, says):
    with pytest.raises(UnusableQuestion, match=says):
        ask(STAFF, **fields)


def test_a_path_that_only_looks_like_the_doors_own_is_the_applications():
    assert ask(STAFF, url="wiki.example.com/cdn-cgi-bin").outcome == "login"


@pytest.mark.parametrize("strict", [True, False])
def test_a_service_token_counts_while_it_is_good(strict):
    programs = policy("non_identity", {"any_valid_service_token": {}}, id="p", name="Programs")
    good = service_token(expires_at=NOW + 1)
    assert ask(programs, service_token=good, strict_service_token_auth=strict).outcome == "service_auth"
    over = ask(programs, service_token=service_token(expires_at=NOW), strict_service_token_auth=strict)
    assert (over.outcome, over.status) == ("deny", 401 if strict else 403)


def test_rules_that_changed_just_now_do_not_send_made_up_visitors_away():
    assert ask(STAFF, visitor=ANN, not_before=NOW + 1).outcome == "allow"


def test_nested_groups_are_looked_into():
    rules = directory(group("g", {"email": {"email": "ann@example.com"}}))
    assert ask(policy("allow", {"group": {"id": "g"}}), visitor=ANN, directory=rules).outcome == "allow"


def test_the_door_gives_the_same_answer_to_the_real_request():
    for chosen in (policy("bypass"), policy("deny"), STAFF):
        app = application([chosen])
        real = visited(app, request(host="wiki.example.com", path="/page"), state=snapshot(app))
        made_up = ask(chosen, ip=ip_address("203.0.113.7")).decision
        assert (type(made_up), made_up.verdict) == (type(real), real.verdict)
