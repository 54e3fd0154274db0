"""Proof that an id_token is the provider's, for us, about this login, and fresh (Core 1.0, 3.1.3.7; RFC 8725)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NewType

from joserfc import jws
from joserfc.errors import JoseError

from doorward.providers.failure import Failure, Reason
from doorward.providers.json_document import read_object
from doorward.providers.oidc.endpoints import Endpoints
from doorward.providers.oidc.key_set import KeySet

SKEW: Final = 60
"""Seconds by which the provider's clock and ours may differ."""
MAX_AGE: Final = 600
"""Seconds after which an id_token is too old to have been issued for this login."""
MAX_TOKEN: Final = 100_000
"""Characters."""
_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_KEY_IN_TOKEN: Final = frozenset({"jwk", "jku", "x5u", "x5c", "crit", "b64"})
_LONGEST_KID: Final = 1024

VerifiedClaims = NewType("VerifiedClaims", Mapping[str, Any])
"""Claims of an id_token that passed everything here."""


class KeyUnknown(Failure):
    """No key of the set verifies the token. The provider may have new ones."""


class _Registry(jws.JWSRegistry):
    max_header_length = 4096
    max_payload_length = MAX_TOKEN
    max_signature_length = 2048  # RSA of 8192 bits


@dataclass(frozen=True, slots=True)
class Header:
    """The two members of the JOSE header that are listened to."""

    algorithm: str
    kid: str | None


@dataclass(frozen=True, slots=True)
class Expected:
    """What this login's id_token must say."""

    endpoints: Endpoints
    client_id: str
    nonce: str = field(repr=False)
    code: str = field(default="", repr=False)
    access_token: str = field(default="", repr=False)


def read_header(token: str, allowed: Collection[str], what: str = "id_token") -> Header:
    """The header of a compact JWS, refused unless its algorithm is one of ``allowed`` and it carries no key.

    ``what`` names the token in the failure's detail.

    Raises:
        Failure: INVALID_ANSWER.
    """
    if len(token) > MAX_TOKEN or not _COMPACT.fullmatch(token):
        raise Failure(Reason.INVALID_ANSWER, f"{what}: not a compact JWS, or too long")
    header = read_object(_decode(token.partition(".")[0], what), f"{what} header")
    algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
    if not isinstance(algorithm, str) or algorithm not in allowed:
        raise Failure(Reason.INVALID_ANSWER, f"{what}: alg {str(algorithm)[:40]!r} is not allowed")
    if _KEY_IN_TOKEN & header.keys():
        raise Failure(Reason.INVALID_ANSWER, f"{what}: the header brings a key or demands an extension")
    if not isinstance(kind, str) or kind.upper() != "JWT":
        raise Failure(Reason.INVALID_ANSWER, f"{what}: another kind of token, by its typ")
    if kid is not None and (not isinstance(kid, str) or len(kid) > _LONGEST_KID):
        raise Failure(Reason.INVALID_ANSWER, f"{what}: kid is not a name")
    return Header(algorithm, kid)


def verify_signature(token: str, header: Header, keys: KeySet, what: str = "id_token") -> Mapping[str, Any]:
    """The claims, once a key that may have signed them verifies them.

    Raises:
        KeyUnknown: none does.
        Failure: INVALID_ANSWER; signed, but not a JSON object.
    """
    registry = _Registry(algorithms=[header.algorithm], strict_check_header=False)
    for candidate in keys.candidates(header.kid, header.algorithm):
        try:
            proven = jws.deserialize_compact(token, candidate.key, registry=registry)
        except (JoseError, ValueError, TypeError):
            continue
        return read_object(proven.payload or b"", f"{what} claims")
    raise KeyUnknown(Reason.INVALID_ANSWER, f"{what}: no key of the provider's key set verifies it")


def check_claims(claims: Mapping[str, Any], algorithm: str, expected: Expected, now: int) -> VerifiedClaims:
    """``claims`` of a token whose signature was verified with ``algorithm``, unless they are not for this login.

    Raises:
        Failure: INVALID_ANSWER.
    """
    if not expected.endpoints.is_issuer(claims.get("iss")):
        raise Failure(Reason.INVALID_ANSWER, f"id_token: iss {str(claims.get('iss'))[:200]!r} is not the provider's")
    _check_audience(claims, expected.client_id)
    _check_times(claims, now)
    sub, nonce = claims.get("sub"), claims.get("nonce")
    if not isinstance(sub, str) or not 1 <= len(sub) <= 255 or not sub.isprintable():
        raise Failure(Reason.INVALID_ANSWER, "id_token: no usable sub")
    if not isinstance(nonce, str) or not expected.nonce or not _equal(nonce, expected.nonce):
        raise Failure(Reason.INVALID_ANSWER, "id_token: nonce is not this attempt's")
    _check_hash(claims, "at_hash", expected.access_token, algorithm)
    _check_hash(claims, "c_hash", expected.code, algorithm)
    return VerifiedClaims(claims)


def _check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    aud, azp = claims.get("aud"), claims.get("azp")
    audiences = [aud] if isinstance(aud, str) else aud
    if not isinstance(audiences, list) or client_id not in audiences:
        raise Failure(Reason.INVALID_ANSWER, "id_token: aud does not name us")
    if "azp" in claims and azp != client_id:
        raise Failure(Reason.INVALID_ANSWER, "id_token: azp names another client")
    if len(audiences) > 1 and "azp" not in claims:
        raise Failure(Reason.INVALID_ANSWER, "id_token: several audiences and no azp")


def _check_times(claims: Mapping[str, Any], now: int) -> None:
    expires_at, issued_at, not_before = (_time(claims, name) for name in ("exp", "iat", "nbf"))
    if expires_at is None or issued_at is None:
        raise Failure(Reason.INVALID_ANSWER, "id_token: exp or iat is missing")
    if now >= expires_at + SKEW:
        raise Failure(Reason.INVALID_ANSWER, f"id_token: expired {now - expires_at:.0f} s ago")
    if not issued_at - SKEW <= now < issued_at + MAX_AGE + SKEW:
        raise Failure(Reason.INVALID_ANSWER, f"id_token: issued {now - issued_at:.0f} s ago; check both clocks")
    if not_before is not None and now < not_before - SKEW:
        raise Failure(Reason.INVALID_ANSWER, f"id_token: not valid for another {not_before - now:.0f} s")


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not math.isfinite(value)
        or not 0 < value < 2**53
    ):
        raise Failure(Reason.INVALID_ANSWER, f"id_token: {name} is not a time")
    return value


def _check_hash(claims: Mapping[str, Any], name: str, value: str, algorithm: str) -> None:
    if name not in claims or not value:
        return
    digest = hashlib.new(f"sha{algorithm[2:]}", value.encode()).digest()
    wanted = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    if not isinstance(claims[name], str) or not _equal(claims[name], wanted):
        raise Failure(Reason.INVALID_ANSWER, f"id_token: {name} does not fit what came with it")


def _equal(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())


def _decode(segment: str, what: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except binascii.Error as error:
        raise Failure(Reason.INVALID_ANSWER, f"{what}: header is not base64url") from error
