"""Fixed keys and claims for the tests of tokens, sessions and decisions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from doorward.tokens.claims import AppClaims, MetaClaims, OrgClaims
from doorward.tokens.encoding import encode
from doorward.tokens.keys import KeyRing, SigningKey, issue

VECTORS = Path(__file__).parents[1] / "vectors"
NOW = 1_790_000_000
ISSUER = "https://login.example.com"
AUD = "a" * 64
OTHER_AUD = "b" * 64
ACCOUNT = "0123456789abcdef0123456789abcdef"


@cache
def private_key(name: str) -> RSAPrivateKey:
    key = load_pem_private_key((VECTORS / f"signing-key-{name}.pem").read_bytes(), None)
    assert isinstance(key, RSAPrivateKey)
    return key


@cache
def signing_key(name: str = "current", active_from: int = NOW - 1000) -> SigningKey:
    return issue(private_key(name), "login.example.com", active_from)


def ring() -> KeyRing:
    """The current key, and one more of the ring that comes later."""
    return KeyRing((signing_key("current"), signing_key("other", NOW + 86_400)))


def app_claims(**changes: Any) -> AppClaims:
    values: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUD,
        "sub": "6f1c2a34-0b1d-4e5f-8a9b-0c1d2e3f4a5b",
        "iat": NOW,
        "exp": NOW + 3600,
        "nonce": "c" * 64,
        "email": "ada@example.com",
        "identity_nonce": "Abc123Def456Ghi7",
        "country": "NL",
        "policy_id": "0a1b2c3d-0000-4000-8000-000000000001",
        "custom": {"groups": ["eng", "møte"], "level": 3},
    }
    return AppClaims(**(values | changes))


def service_claims(**changes: Any) -> AppClaims:
    values: dict[str, Any] = {
        "iss": ISSUER, "aud": AUD, "sub": "", "iat": NOW, "exp": NOW + 3600, "nonce": "d" * 64,
        "common_name": "e367826f93b8d71185e03fe518aff3b4.access",
    }  # fmt: skip
    return AppClaims(**(values | changes))


def org_claims(**changes: Any) -> OrgClaims:
    values: dict[str, Any] = {
        "iss": ISSUER, "sub": "6f1c2a34-0b1d-4e5f-8a9b-0c1d2e3f4a5b", "email": "ada@example.com", "account_id": ACCOUNT,
        "iat": NOW, "exp": NOW + 86_400, "identity_nonce": "Abc123Def456Ghi7", "identity": {"name": "Ada"},
    }  # fmt: skip
    return OrgClaims(**(values | changes))


def meta_claims(**changes: Any) -> MetaClaims:
    values: dict[str, Any] = {
        "aud": AUD, "hostname": "wiki.example.com", "redirect_url": "/page?x=1", "app_session_hash": "e" * 64,
        "iat": NOW, "exp": NOW + 300, "real_country": "NL",
    }  # fmt: skip
    return MetaClaims(**(values | changes))


def forge(
    payload: Mapping[str, Any] | bytes,
    header: Mapping[str, Any] | bytes | None = None,
    key: RSAPrivateKey | None = None,
) -> str:
    """A token with a right signature of our own key over whatever the test wants to be in it."""
    chosen = {"alg": "RS256", "kid": signing_key().kid, "typ": "JWT"} if header is None else header
    first = chosen if isinstance(chosen, bytes) else json.dumps(chosen).encode()
    second = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    signing_input = f"{encode(first)}.{encode(second)}"
    signature = (key or private_key("current")).sign(signing_input.encode(), PKCS1v15(), SHA256())
    return f"{signing_input}.{encode(signature)}"


def app_payload(**changes: Any) -> dict[str, Any]:
    """The payload of a good app token with members changed; ``...`` takes one out."""
    payload: dict[str, Any] = {
        "type": "app", "aud": [AUD], "exp": NOW + 3600, "iat": NOW, "iss": ISSUER, "nbf": NOW, "sub": "user-1",
        "email": "ada@example.com", "identity_nonce": "Abc123Def456Ghi7", "country": "NL", "custom": {},
        "nonce": "c" * 64,
    }  # fmt: skip
    return {name: value for name, value in (payload | changes).items() if value is not ...}
