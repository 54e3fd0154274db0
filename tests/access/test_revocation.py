from __future__ import annotations

from dataclasses import replace

import pytest
from tests.access.world import STAFF_ONLY, application, snapshot
from tests.tokens.material import AUD

from doorward.access.revocation import Revocation, Scope
from doorward.tokens.claims import AppClaims

CLAIMS = AppClaims(
    iss="https://login.test", aud=AUD, sub="user-1", iat=100, exp=200, nonce="ab" * 32, identity_nonce="session-1",
    policy_id="policy-1",
)  # fmt: skip


@pytest.mark.parametrize(
    ("scope", "target"),
    [
        (Scope.SESSION, "session-1"),
        (Scope.USER, "user-1"),
        (Scope.APPLICATION, "app-1"),
        (Scope.POLICY, "policy-1"),
    ],
)
def test_a_revocation_covers_what_it_names_and_nothing_else(scope, target):
    assert Revocation("id", scope, target, 100).covers("app-1", CLAIMS)
    assert not Revocation("id", scope, target + "0", 100).covers("app-1", CLAIMS)


def test_a_service_token_covers_what_it_earned_and_no_persons_token():
    revoked = Revocation("id", Scope.SERVICE_TOKEN, "token-1 client-1.access", 100)
    assert revoked.covers("app-1", replace(CLAIMS, common_name="client-1.access"))
    assert not revoked.covers("app-1", replace(CLAIMS, common_name="client-2.access"))
    assert not Revocation("id", Scope.SERVICE_TOKEN, "token-1 ", 100).covers("app-1", CLAIMS)


def test_everyone_means_everyone():
    assert Revocation("id", Scope.EVERYONE, "", 100).covers("app-1", CLAIMS)
    assert Revocation("id", Scope.EVERYONE, "", 100).covers("app-2", replace(CLAIMS, sub="", identity_nonce=""))


def test_a_snapshot_knows_revoked_tokens_by_name_and_by_age():
    state = snapshot(application(STAFF_ONLY))
    assert not state.revokes("app-1", CLAIMS)
    assert replace(state, revoked={"app-1": frozenset({CLAIMS.nonce})}).revokes("app-1", CLAIMS)
    assert not replace(state, revoked={"app-2": frozenset({CLAIMS.nonce})}).revokes("app-1", CLAIMS)
    assert replace(state, revoked_before={"app-1": 101}).revokes("app-1", CLAIMS)
    assert not replace(state, revoked_before={"app-1": 100, "app-2": 101}).revokes("app-1", CLAIMS)
