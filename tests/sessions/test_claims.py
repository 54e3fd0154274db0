from __future__ import annotations

import hashlib

import pytest
from tests.sessions.build import application, identity, organization, session
from tests.tokens.material import ACCOUNT, AUD, ISSUER, NOW, ring, signing_key

from doorward.policy.model import Policy
from doorward.sessions import app_claims, org_claims, service_claims
from doorward.sessions.claims import bound_nonce
from doorward.tokens.jwt import mint_app, mint_org, verify_app, verify_org

NONCE = "5" * 64
POLICY = Policy.model_validate(
    {"id": "policy-1", "name": "p", "decision": "allow", "include": [{"everyone": {}}], "session_duration": "30m"}
)


def test_app_claims_say_who_for_what_and_for_how_long():
    claims = app_claims(session(), application(), POLICY, organization(), NOW, NONCE)
    assert (claims.iss, claims.aud, claims.sub) == (ISSUER, AUD, session().user_id)
    assert (claims.iat, claims.exp) == (NOW, NOW + 1800)
    assert (claims.email, claims.identity_nonce, claims.country) == ("ada@example.com", session().nonce, "NL")
    assert (claims.policy_id, claims.nonce, claims.custom) == ("policy-1", NONCE, {"groups": ["eng"]})
    assert claims.common_name == ""
    assert verify_app(mint_app(claims, signing_key()), ring(), issuer=ISSUER, aud=AUD, now=NOW) == claims


def test_an_app_token_may_outlive_the_session_it_came_from():
    claims = app_claims(
        session(expires_at=NOW + 5), application(session_duration="720h"), None, organization(), NOW, NONCE
    )
    assert claims.exp == NOW + 720 * 3600
    assert claims.policy_id == ""


def test_custom_attributes_are_capped_so_that_the_token_fits_a_cookie():
    much = identity(custom={"groups": ["eng"], "photo": "x" * 5000})
    claims = app_claims(session(identity=much), application(), POLICY, organization(), NOW, NONCE)
    assert claims.custom == {"groups": ["eng"]}
    assert len(mint_app(claims, signing_key())) < 4096


def test_service_claims_have_no_user():
    claims = service_claims(application(), POLICY, organization(), NOW, NONCE, common_name="x.access")
    assert (claims.sub, claims.email, claims.identity_nonce, claims.country, dict(claims.custom)) == (
        "",
        "",
        "",
        "",
        {},
    )
    assert (claims.common_name, claims.policy_id, claims.exp, claims.nonce) == (
        "x.access",
        "policy-1",
        NOW + 1800,
        NONCE,
    )
    assert service_claims(application(), None, organization(), NOW, NONCE).policy_id == ""


@pytest.mark.parametrize("kind", ["app", "service"])
def test_with_a_binding_cookie_the_nonce_is_the_hash_of_its_secret(kind: str):
    strict = application(enable_binding_cookie=True)
    claims = (
        app_claims(session(), strict, POLICY, organization(), NOW, NONCE)
        if kind == "app"
        else service_claims(strict, POLICY, organization(), NOW, NONCE)
    )
    assert claims.binding == NONCE
    assert claims.nonce == hashlib.sha256(NONCE.encode()).hexdigest() == bound_nonce(NONCE)
    assert NONCE not in mint_app(claims, signing_key())


def test_org_claims_hold_the_identity_of_the_starting_document():
    claims = org_claims(session(), organization(), NOW)
    assert (claims.account_id, claims.iat, claims.exp) == (ACCOUNT, NOW, session().expires_at)
    assert claims.identity["idp"] == {"id": "idp-1", "type": "oidc"}
    assert claims.identity["amr"] == ["pwd", "mfa"]
    assert claims.identity["oidc_fields"] == {"department": "R&D"}
    assert claims.identity["user_uuid"] == session().user_id
    assert verify_org(mint_org(claims, signing_key()), ring(), issuer=ISSUER, now=NOW) == claims


def test_an_org_token_fits_a_cookie_whatever_the_provider_said():
    talkative = identity(
        name="N" * 5000, amr=tuple(f"method-{number}" for number in range(500)), oidc_fields={"a": "x" * 1000}
    )
    token = mint_org(org_claims(session(identity=talkative), organization(), NOW), signing_key())
    assert len(token) < 4096 - len("__Host-CF_Authorization=")
