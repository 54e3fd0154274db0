from __future__ import annotations

import pytest
from tests.second_factor.build import BIOMETRICS, HOUR, KEY, NOW, TOTP, demand, policy, proof, proofs
from tests.sessions.build import identity

from doorward.policy.verdict import Match, Outcome, PolicyTrace, Verdict
from doorward.second_factor import NO_PROOFS, Proof, counting_until, reported, show

OTHER = PolicyTrace(policy_id="policy-0", policy_name="Before", decision="deny", match=Match.NO)
MINE = PolicyTrace(policy_id="policy-1", policy_name="Staff", decision="allow", match=Match.YES)


def verdict(outcome=Outcome.ALLOW, decided=True):
    return Verdict(outcome=outcome, policy=policy() if decided else None, trace=(OTHER, MINE))


def shown(*what, now=NOW, **wanted):
    return show(verdict(), demand(**wanted) if wanted else demand(TOTP), what, now)


def rule(found):
    return found.verdict.trace[-1].rules[-1]


@pytest.mark.parametrize("outcome", [one for one in Outcome if one is not Outcome.ALLOW])
def test_every_other_outcome_stays_as_it_is(outcome):
    assert show(verdict(outcome), demand(), (), NOW).verdict == verdict(outcome)


def test_without_a_demand_or_a_policy_nothing_changes():
    assert show(verdict(), None, (), NOW).verdict == verdict()
    assert show(verdict(decided=False), demand(), (), NOW).verdict == verdict(decided=False)


def test_nothing_shown_means_the_way_to_the_question_and_the_trace_says_why():
    found = shown()
    assert (found.verdict.outcome, found.verdict.policy, found.until) == (Outcome.LOGIN, None, None)
    assert rule(found).match is Match.NO
    assert "nothing was shown in this session; a code of an authenticator app is needed" in rule(found).because
    assert rule(found).rule == {"mfa_config": {"allowed_authenticators": ["totp"], "of": "policy"}}
    assert found.verdict.trace[0] == OTHER
    assert found.verdict.trace[1].match is Match.NO


def test_what_is_demanded_lets_in_and_says_until_when():
    found = shown(proof())
    assert (found.verdict.outcome, found.until) == (Outcome.ALLOW, NOW + HOUR)
    assert rule(found).match is Match.YES
    assert "a code of an authenticator app was shown; it counts until 2026-09-21" in rule(found).because
    assert found.verdict.trace[1].match is Match.YES


@pytest.mark.parametrize(("age", "outcome"), [(HOUR - 1, Outcome.ALLOW), (HOUR, Outcome.LOGIN)])
def test_it_ends_at_exactly_the_end(age, outcome):
    found = shown(proof(at=NOW - age))
    assert found.verdict.outcome is outcome
    assert (counting_until(demand(TOTP), (proof(at=NOW - age),), NOW) is not None) == (outcome is Outcome.ALLOW)
    if outcome is Outcome.LOGIN:
        assert "counted until" in rule(found).because


def test_another_kind_does_not_count():
    found = shown(proof(KEY))
    assert found.verdict.outcome is Outcome.LOGIN
    assert "a security key was shown, which does not count here" in rule(found).because


def test_the_one_that_lasts_longest_decides():
    found = show(verdict(), demand(), (proof(KEY, NOW - 100), proof(TOTP, NOW - 10), proof(BIOMETRICS, NOW - 50)), NOW)
    assert found.until == NOW - 10 + HOUR


def test_what_a_provider_reports_counts_only_where_that_is_wanted_and_for_its_own_time():
    told = Proof(TOTP, NOW - 60)
    assert counting_until(demand(TOTP), (told,), NOW) is None
    assert counting_until(demand(TOTP, amr_seconds=600), (told,), NOW) == NOW + 540
    found = show(verdict(), demand(TOTP, amr_seconds=600), (told,), NOW)
    assert "as the identity provider says" in rule(found).because


@pytest.mark.parametrize(
    ("amr", "kinds"),
    [
        (("pwd", "mfa"), ()),
        (("hwk",), (KEY,)),
        (("swk",), (KEY,)),
        (("otp",), (TOTP,)),
        (("face", "fpt"), (BIOMETRICS, BIOMETRICS)),
        (("iris", "retina", "vbm"), (BIOMETRICS,) * 3),
    ],
)
def test_which_methods_stand_for_which_kind(amr, kinds):
    assert tuple(one.kind for one in reported(identity(amr=amr), NOW)) == kinds
    assert all(one.at == NOW and not one.factor_id for one in reported(identity(amr=amr), NOW))


def test_a_pin_of_ours_is_the_first_factor_and_no_second_one():
    assert reported(identity(amr=("otp",), idp_type="onetimepin"), NOW) == ()


def test_proofs_are_one_session_s():
    mine = proofs(proof())
    assert mine.only("session-1") == mine
    assert mine.only("session-2") == NO_PROOFS


def test_what_is_fresh():
    mine = proofs(proof(TOTP, NOW - 599), proof(KEY, NOW - 600), Proof(BIOMETRICS, NOW), recovered_at=NOW - 599)
    assert mine.freshly_shown(NOW) == {TOTP}
    assert mine.recovered(NOW)
    assert not mine.recovered(NOW + 1)
    assert not NO_PROOFS.recovered(NOW)
