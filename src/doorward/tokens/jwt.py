"""Minting and verifying our tokens: RS256 in the compact form, keys only from our own ring (access.md 2).

One key set signs every kind of token, so ``type`` and the audience are checked every time. joserfc computes and checks
the signatures; what a header may say is decided here, before any key is touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, NoReturn

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from doorward.errors import DoorwardError
from doorward.tokens.claims import AppClaims, MetaClaims, OrgClaims, SignedToken
from doorward.tokens.encoding import decode, read_object, write_json
from doorward.tokens.keys import KeyRing, SigningKey
from doorward.tokens.wire import (
    only_audience,
    read_app,
    read_meta,
    read_org,
    seconds,
    text,
    write_app,
    write_meta,
    write_org,
)

MAX_TOKEN: Final = 8192
"""Characters; longer input is refused before any work."""
_MAX_HEADER: Final = 256
"""Characters of the encoded header; ours has 134."""
_LEEWAY: Final = 60
"""Seconds that ``iat`` and ``nbf`` may lie ahead: nodes' clocks differ. ``exp`` has no leeway."""
_ALGORITHM: Final = "RS256"
_REGISTRY: Final = jws.JWSRegistry(algorithms=[_ALGORITHM])
QUESTION: Final = "external_evaluation"
MAX_QUESTION: Final = 1024 * 1024
"""Bytes of JSON: somebody may be in thousands of groups, and this travels in no cookie."""


class _Questions(jws.JWSRegistry):
    max_payload_length = MAX_QUESTION


_QUESTIONS: Final = _Questions(algorithms=[_ALGORITHM])


class Reason(StrEnum):
    """Why a token is refused."""

    MALFORMED = "malformed"
    ALGORITHM = "algorithm"
    KEY = "key"
    SIGNATURE = "signature"
    TYPE = "type"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    CLAIMS = "claims"


class TokenRefused(DoorwardError):  # noqa: N818 — being refused is an answer, and the errors module names it so
    """A token that does not count. The sentence never quotes the token."""

    code = "token_refused"

    def __init__(self, reason: Reason, what: str) -> None:
        super().__init__(f"The token was refused: {what}. Sign in again to get a new one.")
        self.reason = reason


def mint_app(claims: AppClaims, key: SigningKey) -> SignedToken:
    """Sign an application token. Raises ``ValueError`` for claims that :func:`verify_app` would not read back."""
    token = _sign(write_app(claims), key)
    read_app(_payload(token))
    return token


def mint_org(claims: OrgClaims, key: SigningKey) -> SignedToken:
    """Sign a token of the team domain. Raises ``ValueError`` for claims that cannot be read back or are too large."""
    token = _sign(write_org(claims), key)
    read_org(_payload(token))
    return token


def mint_meta(claims: MetaClaims, key: SigningKey) -> SignedToken:
    """Sign the ``meta`` of a login redirect. Raises ``ValueError`` like the others."""
    token = _sign(write_meta(claims), key)
    read_meta(_payload(token))
    return token


def mint_question(claims: Mapping[str, Any], key: SigningKey) -> SignedToken:
    """Sign what another service is asked about somebody (access.md 4.8). Its ``type`` makes it good for nothing else.

    Raises:
        ValueError: the claims have no ``type`` of their own, or are larger than ``MAX_QUESTION``.
    """
    if claims.get("type") != QUESTION:
        raise ValueError(f"a question has the type {QUESTION}")
    payload = write_json(claims)
    if len(payload) > MAX_QUESTION:
        raise ValueError(f"a question of {len(payload)} bytes is too large; at most {MAX_QUESTION} are allowed")
    header = {"alg": _ALGORITHM, "kid": key.kid, "typ": "JWT"}
    return SignedToken(jws.serialize_compact(header, payload, _signing(key), registry=_QUESTIONS))


def verify_app(token: str, ring: KeyRing, *, issuer: str, aud: str, now: int) -> AppClaims:
    """The claims of a token for exactly this application.

    Raises:
        TokenRefused: anything is not as we would have minted it for ``aud``, or ``now >= exp``.
    """
    claims = verify_app_any(token, ring, issuer=issuer, now=now)
    if claims.aud != aud:
        _refuse(Reason.AUDIENCE, "it is for another application")
    return claims


def verify_app_any(token: str, ring: KeyRing, *, issuer: str, now: int) -> AppClaims:
    """The claims of a token for any application of ours; the caller looks ``aud`` up. Raises ``TokenRefused``."""
    return _app_claims(_verified(token, ring, "app", now), issuer)


def read_expired_app(token: str, ring: KeyRing, *, issuer: str, aud: str, now: int) -> AppClaims:
    """The claims of a token that was for exactly this application and has expired. It proves who somebody was, and is
    good for nothing else. Raises ``TokenRefused``, also when it has not expired.
    """
    payload = _genuine(token, ring, "app", now)
    try:
        _check_times(payload, now)
    except TokenRefused as error:
        if error.reason is not Reason.EXPIRED:
            raise
    else:
        _refuse(Reason.CLAIMS, "it has not expired")
    claims = _app_claims(payload, issuer)
    if claims.aud != aud:
        _refuse(Reason.AUDIENCE, "it was for another application")
    return claims


def _app_claims(payload: Mapping[str, Any], issuer: str) -> AppClaims:
    _check_issuer(payload, issuer)
    try:
        only_audience(payload)
    except ValueError as error:
        _refuse(Reason.AUDIENCE, str(error), error)
    try:
        return read_app(payload)
    except ValueError as error:
        _refuse(Reason.CLAIMS, str(error), error)


def verify_org(token: str, ring: KeyRing, *, issuer: str, now: int) -> OrgClaims:
    """The claims of a token of the team domain. Raises ``TokenRefused``."""
    payload = _verified(token, ring, "org", now)
    _check_issuer(payload, issuer)
    try:
        return read_org(payload)
    except ValueError as error:
        _refuse(Reason.CLAIMS, str(error), error)


def verify_meta(token: str, ring: KeyRing, *, now: int) -> MetaClaims:
    """The claims of a ``meta`` parameter. Raises ``TokenRefused``; ``EXPIRED`` only if everything before was right."""
    payload = _verified(token, ring, "meta", now)
    try:
        return read_meta(payload)
    except ValueError as error:
        _refuse(Reason.CLAIMS, str(error), error)


def _sign(payload: Mapping[str, Any], key: SigningKey) -> SignedToken:
    header = {"alg": _ALGORITHM, "kid": key.kid, "typ": "JWT"}
    token = jws.serialize_compact(header, write_json(payload), _signing(key), registry=_REGISTRY)
    if len(token) > MAX_TOKEN:
        raise ValueError(
            f"a token of {len(token)} characters would be refused everywhere; at most {MAX_TOKEN} are allowed"
        )
    return SignedToken(token)


@lru_cache(maxsize=64)
def _signing(key: SigningKey) -> RSAKey:
    """The key as joserfc wants it. Importing one costs as much as a tenth of a login; a ring holds three at most."""
    return RSAKey.import_key(key.private_key)


@lru_cache(maxsize=64)
def _verifying(key: SigningKey) -> RSAKey:
    return RSAKey.import_key(key.private_key.public_key())


def _payload(token: SignedToken) -> dict[str, Any]:
    return read_object(decode(token.split(".")[1]))


def _verified(token: str, ring: KeyRing, kind: str, now: int) -> dict[str, Any]:
    """The payload of a token of this ``type`` with a right signature and a life that includes ``now``."""
    payload = _genuine(token, ring, kind, now)
    _check_times(payload, now)
    return payload


def _genuine(token: str, ring: KeyRing, kind: str, now: int) -> dict[str, Any]:
    """The payload of a token of this ``type`` with a right signature, whenever it is or was valid."""
    body = _signed_body(token, ring, now)
    try:
        payload = read_object(body)
    except ValueError as error:
        _refuse(Reason.MALFORMED, f"its payload is unreadable ({error})", error)
    if payload.get("type") != kind:
        _refuse(Reason.TYPE, f"it is not of the type {kind}")
    return payload


def _signed_body(token: str, ring: KeyRing, now: int) -> bytes:
    if len(token) > MAX_TOKEN:
        _refuse(Reason.MALFORMED, f"it is longer than {MAX_TOKEN} characters")
    segments = token.split(".")
    if len(segments) != 3 or len(segments[0]) > _MAX_HEADER:
        _refuse(Reason.MALFORMED, "it has not the three parts of a signed token")
    try:
        header = read_object(decode(segments[0]))
        body = decode(segments[1])
        decode(segments[2])
    except ValueError as error:
        _refuse(Reason.MALFORMED, f"a part is unreadable ({error})", error)
    key = _key(header, ring, now)
    try:
        jws.deserialize_compact(token, _verifying(key), registry=_REGISTRY)
    except JoseError as error:
        _refuse(Reason.SIGNATURE, "its signature is wrong", error)
    return body


def _key(header: Mapping[str, Any], ring: KeyRing, now: int) -> SigningKey:
    """The key of our ring that the header names. Nothing in a header brings a key along or changes how it is used."""
    if header.get("alg") != _ALGORITHM:
        _refuse(Reason.ALGORITHM, f"its algorithm is not {_ALGORITHM}")
    if header.keys() != {"alg", "kid", "typ"} or header["typ"] != "JWT":
        _refuse(Reason.MALFORMED, "its header is not one of ours")
    kid = header["kid"]
    key = ring.verifying(now).get(kid) if isinstance(kid, str) else None
    if key is None:
        _refuse(Reason.KEY, "none of the keys in use signed it")
    return key


def _check_times(payload: Mapping[str, Any], now: int) -> None:
    try:
        issued, expires = seconds(payload, "iat"), seconds(payload, "exp")
        not_before = seconds(payload, "nbf") if "nbf" in payload else issued
    except ValueError as error:
        _refuse(Reason.CLAIMS, str(error), error)
    if max(issued, not_before) > now + _LEEWAY:
        _refuse(Reason.NOT_YET_VALID, "it begins in the future")
    if expires <= issued:
        _refuse(Reason.CLAIMS, "it ends before it begins")
    if now >= expires:
        _refuse(Reason.EXPIRED, "it has expired")


def _check_issuer(payload: Mapping[str, Any], issuer: str) -> None:
    try:
        right = text(payload, "iss") == issuer
    except ValueError:
        right = False
    if not right:
        _refuse(Reason.ISSUER, "another team issued it")


def _refuse(reason: Reason, what: str, cause: Exception | None = None) -> NoReturn:
    raise TokenRefused(reason, what) from cause
