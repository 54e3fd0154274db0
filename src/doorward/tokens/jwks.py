"""The published key set (access.md 1.5)."""

from __future__ import annotations

from typing import Any

from joserfc.jwk import RSAKey

from doorward.tokens.encoding import write_json
from doorward.tokens.keys import KeyRing, SigningKey


def key_set(ring: KeyRing, now: int) -> dict[str, Any]:
    """The JSON of ``/cdn-cgi/access/certs``: ``keys``, ``public_cert`` (the current one) and ``public_certs``.

    Current key first everywhere. Raises ``LookupError`` when no key is in use.
    """
    published = ring.published(now)
    certificates = [{"kid": key.kid, "cert": key.certificate} for key in published]
    return {
        "keys": [_jwk(key) for key in published],
        "public_cert": certificates[0],
        "public_certs": certificates,
    }


def envoy_jwks(ring: KeyRing, now: int) -> str:
    """The same keys as a plain JWK set (RFC 7517 section 5), inline for Envoy's ``jwt_authn``."""
    return write_json({"keys": [_jwk(key) for key in ring.published(now)]}).decode("ascii")


def _jwk(key: SigningKey) -> dict[str, Any]:
    public = RSAKey.import_key(key.private_key.public_key()).as_dict(private=False)
    return {"kid": key.kid, "kty": "RSA", "alg": "RS256", "use": "sig", "e": public["e"], "n": public["n"]}
