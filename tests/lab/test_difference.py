"""Who gains and who loses, by what is on record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.access.world import policy
from tests.lab.build import application, snapshot
from tests.lab.test_replay import ANN, PROGRAMS, STAFF, login, older, recorded, state, stored
from tests.policy.build import person
from tests.policy.test_against_the_model import POLICIES, directory, parsed
from tests.policy.test_against_the_model import WORLDS as POLICY_WORLDS
from tests.service_tokens.build import token as service_token
from tests.tokens.material import NOW

from doorward.access.record import DecisionRecord, Visit, of_logout
from doorward.identity import Identity
from doorward.lab import difference
from doorward.lab.difference import Comparison

EVE = person("eve@evil.example")
OPEN = policy("bypass", name="Open")


def told(comparison: Comparison) -> list[tuple[str, str, str, str, str]]:
    return [
        (change.application, change.direction, change.who, change.before.outcome, change.after.outcome)
        for change in comparison.changes
    ]


def compared(old: Any, new: Any, *records: DecisionRecord) -> Comparison:
    comparison = Comparison(old, new)
    comparison.add(records)
    return comparison


def test_who_may_enter_no_more_loses_and_who_may_now_gains():
    old, new = state(STAFF), state(policy("allow", {"email": {"email": "eve@evil.example"}}, id="e", name="Eve"))
    comparison = compared(old, new, recorded(old), recorded(old), recorded(old, EVE), recorded(old, None))
    assert told(comparison) == [
        ("wiki", "gains", "eve@evil.example", "deny", "allow"),
        ("wiki", "loses", "ann@example.com", "allow", "deny"),
    ]
    gained, lost = comparison.changes
    assert (gained.decisions, lost.decisions, comparison.replayed, comparison.moved) == (1, 2, 4, 0)
    assert (gained.before.policy, gained.after.policy) == ("", "Eve")
    assert (lost.reference, lost.host, lost.path, lost.at) == ("0123456789abcdef", "wiki.example.com", "/page", NOW)


def test_the_newest_decision_is_the_example():
    old, new = state(STAFF), state()
    first, second = recorded(old), replace(recorded(old), reference="f" * 16, at=NOW + 5)
    (lost,) = compared(old, new, first, second).changes
    assert (lost.reference, lost.at, lost.decisions) == ("f" * 16, NOW + 5, 2)


def test_whoever_came_without_signing_in_is_nobody_in_particular():
    old, new = state(OPEN), state(STAFF)
    assert told(compared(old, new, recorded(old, None))) == [("wiki", "loses", "", "bypass", "login")]
    assert told(compared(new, old, recorded(new, None))) == [("wiki", "gains", "", "login", "bypass")]


def test_a_program_is_called_by_its_name():
    old, new = state(PROGRAMS), state(STAFF)
    assert told(compared(old, new, recorded(old, None, service_token()))) == [
        ("wiki", "loses", "ci", "service_auth", "deny")
    ]


def test_an_application_that_is_gone_takes_its_visitors_with_it():
    old = state(STAFF)
    assert told(compared(old, snapshot(), recorded(old))) == [("wiki", "loses", "ann@example.com", "allow", "deny")]
    assert told(compared(snapshot(), old, recorded(snapshot()))) == [
        ("wiki", "gains", "ann@example.com", "deny", "allow")
    ]


def test_a_path_that_gets_an_application_of_its_own_changes_hands():
    old = snapshot(application([STAFF]))
    new = snapshot(application([STAFF]), application([], "page", domain="wiki.example.com/page"))
    assert told(compared(old, new, recorded(old), login("allow", old))) == [
        ("wiki", "loses", "ann@example.com", "allow", "deny")
    ]


def test_what_changes_without_giving_or_taking_access_is_counted():
    old, new = state(STAFF), state(policy("deny", {"ip": {"ip": "203.0.113.0/24"}}))
    comparison = compared(old, new, recorded(old, None), recorded(old, EVE))
    assert (comparison.changes, comparison.moved, comparison.replayed) == ((), 2, 2)


def test_what_cannot_be_replayed_is_counted_by_its_reason_and_what_is_no_decision_beside_it():
    rule = {"oidc": {"claim_name": "team", "claim_value": "red", "identity_provider_id": "idp-1"}}
    old, new = state(STAFF), state(policy("allow", rule))
    logout = stored(of_logout(Visit("id", "GET", "h", "/"), None, NOW))
    comparison = compared(old, new, older(recorded(old)), older(recorded(old)), recorded(old), logout)
    assert dict(comparison.not_replayable) == {"the policies ask for claims, and none are on record": 2}
    assert (comparison.replayed, comparison.skipped, comparison.changes) == (1, 1, ())


def test_the_answer_is_the_same_when_nothing_more_is_remembered(monkeypatch):
    old, new = state(STAFF), state()
    records = [recorded(old), recorded(old), recorded(old, EVE)]
    remembered = compared(old, new, *records).changes
    monkeypatch.setattr(difference, "MOST_REMEMBERED", 0)
    assert compared(old, new, *records).changes == remembered != ()


WORLDS = st.tuples(POLICIES, POLICIES, POLICY_WORLDS, POLICY_WORLDS)


@given(WORLDS, st.lists(st.sampled_from([ANN, EVE, None, "program"]), max_size=4))
@settings(max_examples=60, deadline=None)
def test_a_configuration_does_not_differ_from_itself(drawn: Any, visitors: list[Identity | str | None]) -> None:
    policies, _, world, _ = drawn
    here = snapshot(application(parsed(policies)), directory=directory(world), providers=("idp-1", "idp-2"))
    records = [
        recorded(here, None, service_token()) if visitor == "program" else recorded(here, visitor)
        for visitor in visitors
    ]
    comparison = compared(here, here, *records)
    assert comparison.changes == ()
    assert comparison.moved == 0
    assert comparison.replayed + comparison.not_replayable.total() + comparison.skipped == len(records)


@given(WORLDS)
@settings(max_examples=60, deadline=None)
def test_what_one_direction_gains_the_other_loses(drawn: Any) -> None:
    one, other, world, another = drawn
    old = snapshot(application(parsed(one)), directory=directory(world), providers=("idp-1", "idp-2"))
    new = snapshot(application(parsed(other)), directory=directory(another), providers=("idp-1", "idp-2"))
    records = [recorded(old), recorded(old, EVE), recorded(old, None)]
    there, back = compared(old, new, *records), compared(new, old, *records)
    turned = {"gains": "loses", "loses": "gains"}
    assert sorted((change.who, change.direction) for change in there.changes) == sorted(
        (change.who, turned[change.direction]) for change in back.changes
    )
    assert there.not_replayable.total() == back.not_replayable.total()
