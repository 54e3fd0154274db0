"""Deciding where a policy asks for a reason or for approval (access.md 4.5, 4.6)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.access.world import FRESH, STAFF, STAFF_ONLY, application, credential, policy, request, snapshot
from tests.grants.build import approval, grant
from tests.sessions.build import session
from tests.tokens.material import NOW, app_claims

from doorward.access.decide import decide, fast_path_allowed
from doorward.access.decision import Allow, Deny, LoginRequired
from doorward.access.revocation import Revocation, Scope, grant_target
from doorward.grants import NO_CLEARANCE, Clearance

GROUP = {"approvals_needed": 1, "email_addresses": ["boss@example.com"]}
APPROVED = policy("allow", STAFF, purpose_justification_required=True, approval_required=True, approval_groups=[GROUP])
REASONED = policy("allow", STAFF, purpose_justification_required=True)
HOUR = 3600


def clearance(app, **fields):
    values = {
        "session_nonce": session().nonce, "application_id": app.id, "policy_id": "allow-policy", "asked_at": NOW,
        "approvals": (approval(at=NOW),), "granted_at": NOW, "ends_at": NOW + HOUR,
    }  # fmt: skip
    return Clearance(session().nonce, app.id, (grant(**(values | fields)),))


def decided(app, held, *, claims=None, now=NOW, who=None, **fields):
    shown = credential(claims or app_claims(policy_id="allow-policy", exp=NOW + HOUR))
    state = snapshot(app)
    return decide(request(**fields), app, shown, session() if who is None else who, state, now, FRESH, clearance=held)


@pytest.mark.parametrize("rules", [APPROVED, REASONED])
def test_g7_110_without_a_grant_nobody_gets_in_by_any_token(rules):
    app = application(rules)
    decision = decided(app, NO_CLEARANCE)
    assert isinstance(decision, LoginRequired)
    assert decision.verdict.policy is None
    by_script = decided(app, NO_CLEARANCE, requested_with="XMLHttpRequest")
    assert isinstance(by_script, Deny)
    assert by_script.status == 401


@pytest.mark.parametrize(("rules", "needs"), [(APPROVED, True), (REASONED, False)])
def test_with_one_the_token_goes_on_and_the_decision_names_the_grant(rules, needs):
    app = application(rules)
    held = clearance(app, needs_approval=needs)
    decision = decided(app, held)
    assert isinstance(decision, Allow)
    assert decision.token is not None
    assert decision.grant == held.grants[0]
    assert "until" in decision.verdict.trace[-1].rules[-1].because


@pytest.mark.parametrize(
    "fields",
    [
        {"ends_at": NOW},
        {"revoked_at": NOW},
        {"granted_at": None, "ends_at": None},
        {"approvals": ()},
        {"approvals": (approval("mallory"),)},
        {"session_nonce": "another"},
        {"application_id": "another"},
        {"policy_id": "another"},
    ],
)
def test_a_grant_that_is_no_longer_or_not_for_this_lets_nobody_in(fields):
    app = application(APPROVED)
    assert isinstance(decided(app, clearance(app, **fields)), LoginRequired)


def test_what_another_session_was_granted_lets_nobody_in():
    app = application(APPROVED)
    held = replace(clearance(app), session_nonce="another")
    assert isinstance(decided(app, held), LoginRequired)


@pytest.mark.parametrize(
    "claims",
    [
        app_claims(policy_id="allow-policy", exp=NOW + HOUR + 1),
        app_claims(policy_id="another", exp=NOW + HOUR),
        app_claims(policy_id="allow-policy", exp=NOW + HOUR, iat=NOW - 10),
    ],
)
def test_a_token_that_does_not_end_with_the_grant_is_replaced_by_one_that_does(claims):
    app = application(APPROVED, not_before=NOW if claims.iat < NOW else 0, session_duration="8h")
    decision = decided(app, clearance(app), claims=claims)
    assert isinstance(decision, Allow)
    assert decision.token is None
    assert decision.claims.exp == NOW + HOUR
    assert decision.claims.policy_id == "allow-policy"


def test_a_token_ends_with_the_application_s_session_when_that_is_sooner():
    app = application(APPROVED, not_before=NOW + 1, session_duration="15m")
    decision = decided(app, clearance(app))
    assert decision.claims.exp == NOW + 900


def test_a_grant_changes_nothing_where_none_is_asked_for():
    app = application(STAFF_ONLY)
    decision = decided(app, clearance(app), claims=app_claims(exp=NOW + 2 * HOUR))
    assert isinstance(decision, Allow)
    assert decision.grant is None
    assert decision.token is not None


def test_a_grant_is_no_way_around_the_rules():
    app = application(policy("deny", STAFF), APPROVED)
    assert isinstance(decided(app, clearance(app)), Deny)


def test_the_fast_path_is_open_to_tokens_alone_and_every_token_ends_with_its_grant():
    app = application(APPROVED)
    assert fast_path_allowed(app, snapshot(app))
    # So whatever revokes the grant names the tokens that rest on it.
    held = clearance(app).grants[0]
    revocation = Revocation("r", Scope.GRANT, grant_target(held), NOW)
    mine = app_claims(policy_id="allow-policy")
    assert revocation.covers(app.id, mine)
    assert not revocation.covers("another", mine)
    assert not revocation.covers(app.id, replace(mine, policy_id="another"))
    assert not revocation.covers(app.id, replace(mine, identity_nonce="another"))
