"""Second factors at the decision about one request (access.md 4.7)."""

from __future__ import annotations

import pytest
from tests.access.world import FRESH, STAFF, application, credential, policy, request, snapshot
from tests.sessions.build import identity, session
from tests.tokens.material import NOW, app_claims

from doorward.access.decide import decide, fast_path_allowed
from doorward.access.decision import Allow, Bypass, LoginRequired
from doorward.access.factor_record import of_factor, of_removal
from doorward.access.record import Visit, of_decision
from doorward.policy.mfa import Authenticator
from doorward.second_factor import NO_PROOFS, Proof, Proofs

HOUR = 3600
WANTS = policy("allow", STAFF, mfa_config={"allowed_authenticators": ["totp"], "session_duration": "1h"})


def shown(at=NOW, nonce=None, kind=Authenticator.TOTP):
    return Proofs(nonce or session().nonce, (Proof(kind, at, "factor-1"),))


def decided(proofs=NO_PROOFS, policies=(WANTS,), held=None, claims=None, now=NOW, **fields):
    app = application(*policies)
    held = held or session()
    found = credential(claims or app_claims(policy_id=policies[0].id, exp=now + 60))
    return decide(request(), app, found, held, snapshot(app, **fields), now, FRESH, proofs=proofs)


def test_g7_110_a_valid_token_alone_does_not_do_where_a_factor_is_demanded():
    assert isinstance(decided(), LoginRequired)


def test_a_token_that_ends_with_the_factor_goes_on():
    found = decided(shown())
    assert isinstance(found, Allow)
    assert found.token is not None


def test_g7_110_a_token_that_outlives_the_factor_is_replaced_by_one_that_does_not():
    found = decided(shown(NOW - 600), claims=app_claims(policy_id=WANTS.id, exp=NOW + 5 * HOUR))
    assert isinstance(found, Allow)
    assert found.token is None
    assert found.claims.exp == NOW - 600 + HOUR


def test_g7_110_a_token_of_a_policy_that_demands_nothing_is_replaced_by_one_that_ends():
    found = decided(shown(), claims=app_claims(policy_id="another", exp=NOW + 60))
    assert found.token is None
    assert found.claims.policy_id == WANTS.id


@pytest.mark.parametrize(("age", "kind"), [(HOUR - 1, Allow), (HOUR, LoginRequired), (2 * HOUR, LoginRequired)])
def test_g7_110_silent_re_issue_ends_with_the_factor(age, kind):
    """The session is live and the policies allow: only the factor is over."""
    assert isinstance(decided(shown(NOW - age), claims=app_claims(iat=NOW - 10, exp=NOW + HOUR)), kind)


def test_g7_110_what_another_session_has_shown_does_not_count():
    assert isinstance(decided(shown(nonce="0" * 16)), LoginRequired)


def test_g7_110_another_kind_does_not_count():
    assert isinstance(decided(shown(kind=Authenticator.BIOMETRICS)), LoginRequired)


def test_g7_110_methods_that_a_provider_reports_count_only_where_the_organization_wants_that():
    held = session(identity=identity(amr=("pwd", "otp")))
    assert isinstance(decided(held=held), LoginRequired)
    found = decided(held=held, mfa_config={"amr_matching_session_duration": "30m"})
    assert isinstance(found, Allow)
    assert found.claims.exp <= held.created_at + 1800


def test_the_organization_demands_it_everywhere_but_where_it_is_switched_off():
    plain = policy("allow", STAFF)
    assert isinstance(decided(policies=(plain,)), Allow)
    assert isinstance(decided(policies=(plain,), mfa_required_for_all_apps=True), LoginRequired)
    off = policy("allow", STAFF, mfa_config={"mfa_disabled": True})
    assert isinstance(decided(policies=(off,), mfa_required_for_all_apps=True), Allow)


def test_bypass_and_service_policies_demand_nothing():
    everywhere = {"mfa_required_for_all_apps": True}
    assert isinstance(decided(policies=(policy("bypass"), WANTS), **everywhere), Bypass)
    found = decided(policies=(policy("non_identity"), WANTS), **everywhere)
    assert isinstance(found, Allow)
    assert found.claims.sub == ""


def test_the_fast_path_is_open_because_tokens_end_in_time():
    app = application(WANTS)
    assert fast_path_allowed(app, snapshot(app))


def test_the_trace_of_the_decision_tells_of_the_factor():
    record = of_decision(request(), decided(shown()), session(), NOW)
    rule = record.trace[-1]["rules"][-1]
    assert rule["match"] == "yes"
    assert "a code of an authenticator app was shown" in rule["because"]
    record = of_decision(request(), decided(), session(), NOW)
    assert record.outcome == "login"
    assert record.trace[-1]["rules"][-1]["match"] == "no"


def test_what_is_kept_of_a_factor_says_who_where_and_what():
    visit = Visit("0123456789abcdef", "POST", "login.example.com", "/factor")
    record = of_factor(visit, "enrolled", session(), application(WANTS), "Authenticator app", NOW)
    assert (record.kind, record.outcome, record.user_email) == ("factor", "enrolled", "ada@example.com")
    assert (record.application_name, record.reference, record.ip) == ("Wiki", "0123456789abcdef", "")
    assert of_factor(visit, "removed", session(), None, "", NOW).application_id == ""
    removed = of_removal("ada@example.com", "user-1", "an operator removed it", "0" * 16, NOW)
    assert (removed.kind, removed.outcome, removed.user_id) == ("factor", "removed", "user-1")
