"""Every kind of token that is no key to an application: in the cookie, in ``cf-access-token``, as assertion.

Most are made with the door's real signing key: what refuses them is not the signature.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.jwk import RSAKey
from tests.door.house import TEAM, aud
from tests.door.minting import signed
from tests.door.running import claims_of
from tests.door.visitor import Visitor, unseen_path

pytestmark = pytest.mark.edge

CARRIERS = ["cookie", "cf-access-token", "cf-access-jwt-assertion"]
HOSTS = ["wiki.localhost", "here.localhost"]


def carried(carrier, token):
    return {"cookie": f"CF_Authorization={token}"} if carrier == "cookie" else {carrier: token}


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def unsigned(claims, kid):
    return f"{part({'alg': 'none', 'kid': kid, 'typ': 'JWT'})}.{part(claims)}."


def by_public_key(claims, key):
    """HS256 with the published key as the secret (docs/attacks.md, 60)."""
    form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    text = f"{part({'alg': 'HS256', 'kid': key.kid, 'typ': 'JWT'})}.{part(claims)}"
    digest = hmac.new(key.private_key.public_key().public_bytes(*form), text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


async def entered(house, host, carrier, token):
    path = unseen_path()
    async with Visitor(house, headers={}) as program:
        response = await program.get(host, path, headers=carried(carrier, token))
    assert house.reached(path) == (response.status_code == 200)
    return response.status_code


@pytest.fixture
async def claims(alice):
    """Of a token that would do: Alice's own, made again."""
    page = await alice.open("here.localhost")
    assert page.status_code == 200, page.text
    return {host: claims_of(alice.cookie(host)) for host in (*HOSTS, "notes.localhost")}


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("host", HOSTS)
async def test_the_way_these_are_made_is_the_right_one(house, claims, signing_key, host, carrier):
    assert await entered(house, host, carrier, signed(claims[host], signing_key)) == 200


CHANGES = {
    "another_application": {"aud": [aud("notes.localhost")]},
    "audience_missing": {"aud": None},
    "type_org": {"type": "org"},
    "type_meta": {"type": "meta"},
    "type_missing": {"type": None},
    "issuer_other": {"iss": "http://login.localhost"},
    "issuer_missing": {"iss": None},
    "expired": {"iat": 1_700_000_000, "nbf": 1_700_000_000, "exp": 1_700_003_600},
    "expiry_missing": {"exp": None},
    "expiry_as_text": {"exp": "4000000000"},
    "begins_later": {"iat": 3_000_000_000, "nbf": 3_000_000_000, "exp": 3_000_003_600},
    "nonce_missing": {"nonce": None},
    "email_missing": {"email": None},
}


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("change", CHANGES)
async def test_g5_68_69_70_71_a_token_with_other_claims_is_refused(house, claims, signing_key, host, carrier, change):
    wrong = {name: value for name, value in (claims[host] | CHANGES[change]).items() if value is not None}
    assert await entered(house, host, carrier, signed(wrong, signing_key)) == 302


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("change", [{"identity_nonce": "0" * 16}, {"sub": "00000000-0000-4000-8000-000000000000"}])
async def test_where_the_control_plane_decides_the_session_has_to_be_there(house, claims, signing_key, carrier, change):
    token = signed(claims["here.localhost"] | change, signing_key)
    assert await entered(house, "here.localhost", carrier, token) == 302


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("host", HOSTS)
async def test_g5_60_hs256_with_the_public_key_is_refused(house, claims, signing_key, host, carrier):
    assert await entered(house, host, carrier, by_public_key(claims[host], signing_key)) == 302


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("host", HOSTS)
async def test_g5_59_alg_none_is_refused(house, claims, signing_key, host, carrier):
    assert await entered(house, host, carrier, unsigned(claims[host], signing_key.kid)) == 302


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("named", ["ours", "its_own", "in_the_header"])
async def test_g5_64_another_key_is_refused(house, claims, signing_key, host, carrier, named):
    key = RSAKey.import_key(rsa.generate_private_key(65537, 2048))
    header = {"alg": "RS256", "kid": signing_key.kid if named == "ours" else "f" * 64, "typ": "JWT"}
    if named == "in_the_header":
        header["jwk"] = key.as_dict(private=False)
    assert await entered(house, host, carrier, jwt.encode(header, claims[host], key)) == 302


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("host", HOSTS)
async def test_g5_70_the_org_token_is_refused(house, alice, host, carrier):
    assert await entered(house, host, carrier, alice.cookie(TEAM)) == 302


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("host", HOSTS)
async def test_g5_70_the_proof_of_a_login_link_is_refused(house, visitor, host, carrier):
    meta = (await visitor.get(host)).next_request.url.params["meta"]
    assert await entered(house, host, carrier, meta) == 302


@pytest.mark.parametrize("carrier", CARRIERS)
async def test_g6_91_another_applications_token_is_refused(house, alice, carrier):
    assert await entered(house, "wiki.localhost", carrier, alice.cookie("notes.localhost")) == 302
    assert await entered(house, "here.localhost", carrier, alice.cookie("notes.localhost")) == 302


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("cut", ["payload", "signature", "everything", "too_long"])
async def test_g5_72_a_damaged_token_is_refused(house, alice, carrier, cut):
    token = alice.cookie("wiki.localhost")
    head, payload, signature = token.split(".")
    damaged = {
        "payload": f"{head}.{payload[:-4]}AAAA.{signature}",
        "signature": f"{head}.{payload}.{signature[:-4]}AAAA",
        "everything": "not.a.token",
        "too_long": token + "A" * 9000,
    }[cut]
    assert await entered(house, "wiki.localhost", carrier, damaged) == 302


async def test_g5_78_a_valid_token_does_not_help_beside_a_forged_one_in_a_header(house, alice):
    token = alice.cookie("wiki.localhost")
    forged = token[:-8] + "AAAAAAAA"
    path = unseen_path()
    for name in ("cf-access-token", "cf-access-jwt-assertion"):
        response = await alice.get("wiki.localhost", path, headers={name: forged})
        assert response.status_code == 302
        assert not house.reached(path)
