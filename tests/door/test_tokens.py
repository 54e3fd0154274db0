"""What the tokens say (access.md 2.1 to 2.4), as an application sees them: checked with the published keys."""

from __future__ import annotations

import re
import time

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.door.house import TEAM, aud
from tests.door.running import claims_of
from tests.door.visitor import unseen_path

pytestmark = pytest.mark.edge


async def verified(visitor, token):
    """As any application does it: by ``kid``, from the team domain's keys."""
    keys = (await visitor.team("/certs")).json()["keys"]
    return jwt.decode(token, KeySet.import_key_set({"keys": keys}), algorithms=["RS256"])


async def test_the_header(house, alice):
    keys = (await alice.team("/certs")).json()["keys"]
    for host in (TEAM, "wiki.localhost"):
        token = await verified(alice, alice.cookie(host))
        assert token.header == {"alg": "RS256", "kid": keys[0]["kid"], "typ": "JWT"}


async def test_the_app_token(house, alice):
    claims = (await verified(alice, alice.cookie("wiki.localhost"))).claims
    assert set(claims) == {
        "aud", "email", "exp", "iat", "nbf", "iss", "type", "identity_nonce", "sub", "country", "custom", "policy_id",
        "nonce",
    }  # fmt: skip
    assert claims["aud"] == [aud("wiki.localhost")]
    assert claims["email"] == "alice@example.test"
    assert claims["iss"] == house.issuer
    assert not claims["iss"].endswith("/")
    assert claims["type"] == "app"
    assert claims["nbf"] == claims["iat"] <= time.time()
    assert claims["exp"] == claims["iat"] + 8 * 3600
    assert re.fullmatch("[A-Za-z0-9]{16}", claims["identity_nonce"])
    assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", claims["sub"])
    assert claims["country"] == "NL"
    assert claims["custom"] == {"groups": ["staff", "engineering"], "department": "Engineering"}
    assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", claims["policy_id"])
    assert re.fullmatch("[0-9a-f]{64}", claims["nonce"])


async def test_the_org_token(house, alice):
    claims = (await verified(alice, alice.cookie(TEAM))).claims
    app = claims_of(alice.cookie("wiki.localhost"))
    assert set(claims) == {
        "aud", "email", "account_id", "exp", "iat", "nbf", "iss", "sub", "type", "identity_nonce", "identity",
    }  # fmt: skip
    assert claims["type"] == "org"
    assert claims["aud"] == [claims["account_id"]]
    assert re.fullmatch("[0-9a-f]{32}", claims["account_id"])
    assert claims["exp"] == claims["iat"] + 24 * 3600
    assert claims["nbf"] == claims["iat"]
    same = ("email", "iss", "sub", "identity_nonce")
    assert {name: claims[name] for name in same} == {name: app[name] for name in same}
    identity = claims["identity"]
    assert set(identity) >= {
        "id", "name", "email", "amr", "oidc_fields", "idp", "geo", "user_uuid", "account_id", "iat", "ip",
        "auth_status", "common_name", "service_token_id", "service_token_status", "is_warp", "is_gateway", "version",
    }  # fmt: skip
    assert identity["version"] == 2


async def test_the_token_without_a_user(house, visitor):
    path = unseen_path()
    await visitor.get("sensor.localhost", path)
    token = visitor.cookie("sensor.localhost")
    claims = (await verified(visitor, token)).claims
    assert claims["sub"] == ""
    assert claims["type"] == "app"
    assert "common_name" in claims
    assert not {"email", "identity_nonce", "nbf", "country"} & set(claims)
    assert claims["exp"] - claims["iat"] == 3600
    sent = house.at_origin(path)
    assert sent.get("cf-access-jwt-assertion") == token
    assert sent.get("cf-access-authenticated-user-email") is None


async def test_all_tokens_of_a_person_name_the_same_user(house, alice, visitor):
    await visitor.sign_in("notes.localhost")
    mine, hers = claims_of(visitor.cookie("notes.localhost")), claims_of(alice.cookie("wiki.localhost"))
    assert mine["sub"] == hers["sub"]
    assert mine["identity_nonce"] != hers["identity_nonce"]
    assert mine["nonce"] != hers["nonce"]


@pytest.mark.parametrize(("host", "way"), [("wiki.localhost", "fast"), ("here.localhost", "slow")])
async def test_the_very_same_token_is_in_cookie_and_header_at_the_origin(house, alice, host, way):
    path = unseen_path()
    await alice.open(host, path)
    sent = house.at_origin(path)
    token = alice.cookie(host)
    assert sent.get("cf-access-jwt-assertion") == token
    assert f"CF_Authorization={token}" in sent.get("cookie").split("; ")


async def test_the_token_fits_into_a_cookie(alice):
    for host in (TEAM, "wiki.localhost"):
        assert len(alice.cookie(host)) < 4000
