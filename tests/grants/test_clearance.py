from __future__ import annotations

import pytest
from tests.grants.build import (
    APP,
    GROUP,
    HOUR,
    NOW,
    SESSION,
    approval,
    clearance,
    grant,
    granted,
    policy,
    verdict,
)

from doorward.grants import NO_CLEARANCE, Clearance, asks_for_more, weigh
from doorward.policy.model import Directory
from doorward.policy.verdict import Match, Outcome

NOBODY = Directory()
PLAIN = policy(approval_required=False, purpose_justification_required=False, approval_groups=())
REASONED = policy(approval_required=False, approval_groups=())
REASON = granted(needs_approval=False, approvals=())


def weighed(decided, held, now=NOW):
    return weigh(verdict(decided), held, NOBODY, now)


def rule_of(found):
    trace = next(one for one in found.verdict.trace if one.policy_id == "policy-1")
    return trace.rules[-1], trace.match


@pytest.mark.parametrize("held", [NO_CLEARANCE, clearance(granted())])
def test_a_policy_that_asks_for_nothing_more_needs_no_grant(held):
    found = weighed(PLAIN, held)
    assert found.verdict == verdict(PLAIN)
    assert (found.grant, found.until) == (None, None)


@pytest.mark.parametrize("outcome", [one for one in Outcome if one is not Outcome.ALLOW])
def test_every_other_outcome_stays_as_it_is(outcome):
    before = verdict(policy(), outcome)
    found = weigh(before, clearance(granted()), NOBODY, NOW)
    assert (found.verdict, found.grant) == (before, None)


def test_an_allow_without_its_policy_stays_as_it_is():
    before = verdict(None)
    assert weigh(before, NO_CLEARANCE, NOBODY, NOW).verdict == before


def test_a_grant_in_force_lets_in_and_the_trace_says_whose_it_is():
    found = weighed(policy(), clearance(granted()))
    assert found.verdict.outcome is Outcome.ALLOW
    assert found.verdict.policy == policy()
    assert found.grant == granted()
    assert found.until == NOW + HOUR
    rule, match = rule_of(found)
    assert (rule.match, match) == (Match.YES, Match.YES)
    assert rule.rule == {"approval_required": True, "grant": "a" * 32}
    assert rule.because == (
        "approved by boss@example.com, until 2027-01-15 09:00:00 UTC; the reason: the printer is on fire"
    )
    assert found.verdict.trace[0] == verdict(policy()).trace[0], "the others are as they were"


def test_a_reason_lets_in_where_a_reason_is_enough():
    found = weighed(REASONED, clearance(REASON))
    assert found.verdict.outcome is Outcome.ALLOW
    rule, _ = rule_of(found)
    assert rule.rule == {"purpose_justification_required": True, "grant": "a" * 32}
    assert rule.because.startswith("a reason was given, until ")


def test_a_reason_is_no_approval():
    found = weighed(policy(), clearance(REASON))
    assert found.verdict.outcome is Outcome.LOGIN
    assert "not enough" in rule_of(found)[0].because


@pytest.mark.parametrize(
    ("held", "now", "because"),
    [
        (NO_CLEARANCE, NOW, "nobody has asked in this session"),
        (clearance(), NOW, "nobody has asked in this session"),
        (clearance(grant()), NOW, "approvals are still missing"),
        (clearance(grant()), NOW + 24 * HOUR, "no approver answered in time"),
        (clearance(grant(approvals=(approval(approved=False),))), NOW, "an approver refused"),
        (clearance(granted()), NOW + HOUR, "the time that was granted is over"),
        (clearance(granted(revoked_at=NOW)), NOW, "what was granted has been revoked"),
        (clearance(granted(session_nonce="of another login")), NOW, "nobody has asked in this session"),
        (clearance(granted(application_id="app-2")), NOW, "nobody has asked in this session"),
        (clearance(granted(policy_id="policy-2")), NOW, "nobody has asked in this session"),
    ],
)
def test_without_one_nobody_gets_in_and_the_trace_says_what_is_missing(held, now, because):
    found = weighed(policy(), held, now)
    assert found.verdict.outcome is Outcome.LOGIN
    assert (found.verdict.policy, found.grant, found.until) == (None, None, None)
    rule, match = rule_of(found)
    assert (rule.match, match) == (Match.NO, Match.NO)
    assert rule.because == because


def test_an_approver_who_is_none_any_more_has_approved_nothing():
    deputy_only = policy(GROUP | {"email_addresses": ["deputy@example.com"]})
    found = weighed(deputy_only, clearance(granted()))
    assert found.verdict.outcome is Outcome.LOGIN
    assert "as it is now" in rule_of(found)[0].because
    more = policy(GROUP | {"approvals_needed": 2})
    assert weighed(more, clearance(granted())).verdict.outcome is Outcome.LOGIN


def test_an_older_grant_in_force_counts_beside_a_newer_request():
    held = clearance(grant(id="b" * 32), granted())
    assert weighed(policy(), held).grant == granted()
    assert held.latest(policy(), NOW) == grant(id="b" * 32)
    assert clearance(granted(), grant(id="b" * 32)).latest(policy(), NOW) == grant(id="b" * 32), "one that waits"
    assert clearance(granted(), granted(id="c" * 32)).latest(policy(), NOW) == granted(), "the newest"
    assert clearance().latest(policy(), NOW) is None


def test_what_is_in_force_and_not_enough_is_known():
    held = clearance(
        grant(id="b" * 32), granted(), granted(id="c" * 32, ends_at=NOW), granted(id="d" * 32, policy_id="policy-2"),
        granted(id="e" * 32, needs_approval=False, approvals=()),
    )  # fmt: skip
    assert held.insufficient(policy(), NOBODY, NOW) == {"e" * 32}
    deputy_only = policy(GROUP | {"email_addresses": ["deputy@example.com"]})
    assert held.insufficient(deputy_only, NOBODY, NOW) == {"a" * 32, "e" * 32}
    assert held.insufficient(REASONED, NOBODY, NOW) == frozenset()


def test_only_what_is_about_the_session_and_application_counts():
    held = clearance(granted())
    assert held.only(SESSION, APP) is held
    assert held.only("another", APP) is NO_CLEARANCE
    assert held.only(SESSION, "another") is NO_CLEARANCE
    stolen = Clearance("another", APP, (granted(),))
    assert weighed(policy(), stolen).verdict.outcome is Outcome.LOGIN


@pytest.mark.parametrize(
    ("policies", "more"), [((), False), ((PLAIN,), False), ((PLAIN, REASONED), True), ((policy(),), True)]
)
def test_which_policies_ask_for_more(policies, more):
    assert asks_for_more(policies) is more
