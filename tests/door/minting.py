"""Tokens with any claims at all, signed by the door's real key: what refuses them is not the signature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import serialization
from joserfc import jwt
from joserfc.jwk import RSAKey

from doorward.tokens.keys import SigningKey


def signed(claims: Mapping[str, Any], key: SigningKey) -> str:
    pem = key.private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return jwt.encode({"alg": "RS256", "kid": key.kid, "typ": "JWT"}, dict(claims), RSAKey.import_key(pem))
