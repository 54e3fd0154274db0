from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.grants.build import HOUR, NOW, approval, grant, granted, policy

from doorward.grants import CHOICES, AnswerRefusedError, State, Why, answered, obstacle
from doorward.policy.model import Directory

NOBODY = Directory()
TWO = {"approvals_needed": 2, "email_addresses": ["boss@example.com", "deputy@example.com", "@partner.example"]}


def refused(given, said, decided=None, now=NOW):
    with pytest.raises(AnswerRefusedError) as caught:
        answered(given, said, policy() if decided is None else decided, NOBODY, now)
    assert caught.value.code == "approval"
    return caught.value.why


def test_the_last_approval_brings_it_into_force_from_then_on():
    after = answered(grant(), approval(at=NOW + 60, seconds=2 * HOUR), policy(), NOBODY, NOW + 60)
    assert after.state(NOW + 60) is State.IN_FORCE
    assert (after.granted_at, after.ends_at) == (NOW + 60, NOW + 60 + 2 * HOUR)
    assert after.approvers == ("boss@example.com",)


def test_the_shortest_time_that_was_chosen_holds():
    first = answered(grant(), approval(seconds=900), policy(TWO), NOBODY, NOW)
    assert first.state(NOW) is State.PENDING
    assert first.granted_at is None
    second = answered(first, approval("deputy", seconds=HOUR), policy(TWO), NOBODY, NOW + 10)
    assert second.ends_at == NOW + 10 + 900


def test_one_refusal_ends_it():
    after = answered(grant(), approval(approved=False, seconds=0), policy(TWO), NOBODY, NOW)
    assert after.state(NOW) is State.DENIED
    assert refused(after, approval("deputy"), policy(TWO)) is Why.SETTLED


def test_whoever_is_no_approver_changes_nothing():
    assert refused(grant(), approval("mallory")) is Why.NOT_AN_APPROVER
    assert refused(grant(), approval("mallory", approved=False)) is Why.NOT_AN_APPROVER


def test_nobody_approves_their_own():
    own = policy({"approvals_needed": 1, "email_addresses": ["ann@example.com", "boss@example.com"]})
    assert refused(grant(), approval("ann"), own) is Why.OWN
    assert refused(grant(), approval("boss", approver_id="user-ann"), own) is Why.OWN


@pytest.mark.parametrize(
    "again",
    [
        approval(),
        approval(approved=False),
        approval(approver_id="elsewhere"),
        approval("x", approver_id="user-boss", email="x@partner.example"),
    ],
)
def test_each_approver_answers_once(again):
    first = answered(grant(), approval(), policy(TWO), NOBODY, NOW)
    assert refused(first, again, policy(TWO)) is Why.ANSWERED


@pytest.mark.parametrize(
    "over",
    [
        granted(approvals=()),
        grant(revoked_at=NOW),
        grant(lapses_at=NOW),
        grant(approvals=(approval("deputy", approved=False),)),
    ],
)
def test_what_is_settled_is_not_answered(over):
    assert refused(over, approval()) is Why.SETTLED


def test_a_policy_that_is_gone_or_wants_no_approval_has_no_approvers():
    assert obstacle(grant(), "user-boss", "boss@example.com", None, NOBODY, NOW) is Why.NOT_AN_APPROVER
    assert obstacle(grant(), "user-boss", "boss@example.com", policy(), NOBODY, NOW) is None
    with pytest.raises(AnswerRefusedError):
        answered(grant(), approval(), None, NOBODY, NOW)
    no_longer = policy(approval_required=False)
    assert refused(grant(), approval(), no_longer) is Why.NOT_AN_APPROVER


@pytest.mark.parametrize("seconds", [0, -1, 1, 86_401, 10**9])
def test_only_times_on_the_list_can_be_chosen(seconds):
    assert refused(grant(), approval(seconds=seconds)) is Why.DURATION
    assert answered(grant(), approval(approved=False, seconds=seconds), policy(), NOBODY, NOW).granted_at is None


def test_no_time_is_longer_than_a_day():
    assert max(CHOICES) == timedelta(hours=24)
    for choice in CHOICES:
        after = answered(grant(), approval(seconds=int(choice.total_seconds())), policy(), NOBODY, NOW)
        assert after.ends_at - after.granted_at <= 24 * HOUR


def test_nothing_else_of_the_request_changes():
    after = answered(grant(), approval(), policy(), NOBODY, NOW)
    assert replace(after, approvals=(), granted_at=None, ends_at=None) == grant()
