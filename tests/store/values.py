"""Records as logins make them, to be varied with ``replace``."""

from __future__ import annotations

from doorward.identity import Group, Identity
from doorward.sessions import Session
from doorward.signin import Destination, Handoff, LoginAttempt, PinChallenge

NOW = 1_800_000_000

ANN = Identity(
    id="248289761001",
    email="Ann@example.com",
    name="Ann",
    idp_id="11111111-1111-4111-8111-111111111111",
    idp_type="oidc",
    amr=("pwd", "mfa"),
    groups=(Group(id="g1", name="Staff"), Group(id="g2", name="Büro", email="buero@example.com")),
    custom={"b": ["2", "1"], "a": {"deep": None}},
    oidc_fields={"department": ["it", "ops"], "level": 3},
)

DESTINATION = Destination(
    aud="a" * 64, hostname="wiki.example.com", redirect_url="/page?q=1&r=ü", app_session_hash="b" * 64
)

SESSION = Session(
    nonce="abcdefgh12345678",
    user_id="22222222-2222-4222-8222-222222222222",
    identity=ANN,
    created_at=NOW,
    expires_at=NOW + 3600,
    ip="203.0.113.7",
    country="DE",
)

ATTEMPT = LoginAttempt(
    state="state-secret",
    idp_id=ANN.idp_id,
    destination=DESTINATION,
    browser_hash="c" * 64,
    nonce="nonce-secret",
    code_verifier="verifier-secret",
    created_at=NOW,
    expires_at=NOW + 3600,
)

HANDOFF = Handoff(
    nonce="handoff-secret",
    destination=DESTINATION,
    session_nonce=SESSION.nonce,
    policy_id="33333333-3333-4333-8333-333333333333",
    token_lifetime=28_800,
    created_at=NOW,
    expires_at=NOW + 120,
)

PIN = PinChallenge(
    nonce="pin-nonce",
    email="ann@example.com",
    code_hash="d" * 64,
    idp_id=ANN.idp_id,
    destination=DESTINATION,
    browser_hash="e" * 64,
    tries_left=5,
    created_at=NOW,
    expires_at=NOW + 600,
)
