"""One signature for many requests of a device, and never a token that says anything else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.access.test_client_certificate import ANY, CERTIFICATE, SHOWN, asked, world
from tests.access.world import application, decided, policy
from tests.tokens.material import NOW

from doorward.edge import device_app_tokens
from doorward.edge.device_app_tokens import DeviceAppTokens
from doorward.tokens.jwt import verify_app

APP = application(ANY)
PRINT = CERTIFICATE.fingerprint


def entering(tokens, app=APP, *, fingerprint=PRINT, now=NOW, state=None, shown=SHOWN):
    state = state or world(app)
    allowed = decided(app, asked(shown), state=state, now=now)
    return tokens.grant(allowed, fingerprint, state, now)


def test_the_token_says_what_was_decided():
    allowed, fresh = entering(DeviceAppTokens())
    assert fresh
    state = world(APP)
    claims = verify_app(allowed.token, state.keys, issuer=state.organization.issuer, aud=APP.aud, now=NOW)
    assert (claims.common_name, claims.sub, claims.policy_id) == ("device-1", "", ANY.id)
    assert claims == replace(allowed.claims, binding="")


def test_the_same_device_gets_the_same_one_for_half_of_its_life():
    tokens = DeviceAppTokens()
    first, _ = entering(tokens)
    half = (first.claims.exp - first.claims.iat) // 2
    again, fresh = entering(tokens, now=NOW + half - 1, shown=long())
    assert (again.token, again.claims, again.cookie, fresh) == (first.token, first.claims, True, False)
    later, fresh = entering(tokens, now=NOW + half, shown=long())
    assert fresh
    assert later.token != first.token


def long():
    return replace(SHOWN, certificate=replace(CERTIFICATE, not_after=NOW + 10_000_000))


@pytest.mark.parametrize(
    "other",
    [
        {"fingerprint": "0" * 64},
        {"app": application(ANY, session_duration="1h")},
        {"app": application(policy("non_identity", {"certificate": {}}, id="another"))},
        {"app": application(ANY, aud="e" * 64)},
        {"app": application(ANY, id="another")},
        {"shown": replace(SHOWN, certificate=replace(CERTIFICATE, common_name="device-2"))},
        {"shown": replace(SHOWN, certificate=replace(CERTIFICATE, not_after=NOW + 60))},
    ],
    ids=["certificate", "life", "policy", "audience", "application", "name", "end"],
)
def test_whatever_differs_is_signed_anew(other):
    tokens = DeviceAppTokens()
    first, _ = entering(tokens)
    assert entering(tokens, **other)[1]
    assert entering(tokens)[0].token == first.token


def test_one_that_was_revoked_or_made_under_other_rules_is_not_handed_out_again():
    tokens = DeviceAppTokens()
    first, _ = entering(tokens)
    revoked = replace(world(APP), revoked={APP.id: frozenset({first.claims.nonce})})
    assert entering(tokens, state=revoked)[1]
    marked = application(ANY, not_before=NOW + 1)
    assert entering(tokens, marked)[1]
    assert entering(tokens, marked)[1]
    assert entering(tokens, marked, now=NOW + 1)[1]
    assert not entering(tokens, marked, now=NOW + 2)[1]


def test_a_binding_is_for_one_client():
    bound = application(ANY, enable_binding_cookie=True)
    tokens = DeviceAppTokens()
    assert entering(tokens, bound)[1]
    assert entering(tokens, bound)[1]


def test_so_many_are_kept_and_no_more(monkeypatch):
    monkeypatch.setattr(device_app_tokens, "MOST", 2)
    tokens = DeviceAppTokens()
    for fingerprint in ("a", "b"):
        entering(tokens, fingerprint=fingerprint)
    assert not entering(tokens, fingerprint="a")[1]
    entering(tokens, fingerprint="c")
    assert not entering(tokens, fingerprint="a")[1]
    assert entering(tokens, fingerprint="b")[1]
