"""How each kind of claims looks as JSON, both ways (access.md 1.1, 2.2 to 2.4).

Reading is strict: a claim of the wrong type or range raises ``ValueError``; claims we do not know are ignored, so that
a newer version's tokens stay readable. Who issued the token, for whom and until when is checked in ``tokens.jwt``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from doorward.tokens.claims import AppClaims, MetaClaims, OrgClaims
from doorward.tokens.mtls import read_mtls, write_mtls

_TAG: Final = re.compile(r"[0-9a-f]{64}")
_NONCE: Final = re.compile(r"[0-9a-f]{64}")
_SESSION: Final = re.compile(r"[A-Za-z0-9]{16}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LAST_SECOND: Final = 100_000_000_000
"""Times at or beyond the year 5138 are nonsense, not dates."""


def write_app(claims: AppClaims) -> dict[str, Any]:
    """An application token; without a user (``sub`` empty) the shorter form of access.md 2.3."""
    payload: dict[str, Any] = {
        "type": "app",
        "aud": [claims.aud],
        "exp": claims.exp,
        "iat": claims.iat,
        "iss": claims.iss,
    }
    if claims.sub:
        payload |= {
            "nbf": claims.iat, "sub": claims.sub, "email": claims.email, "identity_nonce": claims.identity_nonce,
            "country": claims.country, "custom": dict(claims.custom),
        }  # fmt: skip
    else:
        payload |= {"sub": "", "common_name": claims.common_name}
    if claims.policy_id:
        payload["policy_id"] = claims.policy_id
    return payload | {"nonce": claims.nonce}


def read_app(payload: Mapping[str, Any]) -> AppClaims:
    """Raises ``ValueError`` when a claim is missing, of the wrong type, or of the other form (2.2 against 2.3)."""
    sub = text(payload, "sub")
    personal = bool(sub)
    if not personal and ("email" in payload or "identity_nonce" in payload):
        raise ValueError("a token without a user carries facts of a user")
    return AppClaims(
        iss=text(payload, "iss"),
        aud=only_audience(payload),
        sub=sub,
        iat=seconds(payload, "iat"),
        exp=seconds(payload, "exp"),
        nonce=_matching(payload, "nonce", _NONCE),
        email=_something(payload, "email") if personal else "",
        identity_nonce=_matching(payload, "identity_nonce", _SESSION) if personal else "",
        country=text(payload, "country", "") if personal else "",
        policy_id=text(payload, "policy_id", ""),
        common_name=text(payload, "common_name", ""),
        custom=_members(payload, "custom") if personal else {},
    )


def write_org(claims: OrgClaims) -> dict[str, Any]:
    """``aud`` is the account id: 32 hex characters, so it never equals the tag of an application (64)."""
    return {
        "type": "org", "aud": [claims.account_id], "email": claims.email, "account_id": claims.account_id,
        "exp": claims.exp, "iat": claims.iat, "nbf": claims.iat, "iss": claims.iss, "sub": claims.sub,
        "identity_nonce": claims.identity_nonce, "identity": dict(claims.identity),
    }  # fmt: skip


def read_org(payload: Mapping[str, Any]) -> OrgClaims:
    """Raises ``ValueError`` when a claim is missing or of the wrong type."""
    account_id = _something(payload, "account_id")
    if payload.get("aud") != [account_id]:
        raise ValueError("aud is not the account")
    return OrgClaims(
        iss=text(payload, "iss"),
        sub=_something(payload, "sub"),
        email=_something(payload, "email"),
        account_id=account_id,
        iat=seconds(payload, "iat"),
        exp=seconds(payload, "exp"),
        identity_nonce=_matching(payload, "identity_nonce", _SESSION),
        identity=_members(payload, "identity"),
    )


def write_meta(claims: MetaClaims) -> dict[str, Any]:
    """Here ``aud`` is a plain string, as observed."""
    return {
        "type": "meta", "aud": claims.aud, "hostname": claims.hostname, "redirect_url": claims.redirect_url,
        "service_token_status": claims.service_token_status, "is_warp": False, "is_gateway": False,
        "iat": claims.iat, "nbf": claims.iat, "exp": claims.exp, "auth_status": claims.auth_status,
        "real_country": claims.real_country, "app_session_hash": claims.app_session_hash,
        "mtls_auth": write_mtls(claims.certificate),
    } | ({"former_user": claims.former_user} if claims.former_user else {})  # fmt: skip


def read_meta(payload: Mapping[str, Any]) -> MetaClaims:
    """Raises ``ValueError`` when a claim is missing or of the wrong type."""
    return MetaClaims(
        aud=_matching(payload, "aud", _TAG),
        hostname=_something(payload, "hostname"),
        redirect_url=_something(payload, "redirect_url"),
        app_session_hash=_matching(payload, "app_session_hash", _NONCE),
        iat=seconds(payload, "iat"),
        exp=seconds(payload, "exp"),
        auth_status=text(payload, "auth_status"),
        service_token_status=_boolean(payload, "service_token_status"),
        real_country=text(payload, "real_country"),
        certificate=read_mtls(payload),
        former_user=text(payload, "former_user", ""),
    )


def only_audience(payload: Mapping[str, Any]) -> str:
    """The tag in ``aud``: an array with exactly one tag, as we mint it. Anything else raises ``ValueError``."""
    audience = payload.get("aud")
    if (
        isinstance(audience, list)
        and len(audience) == 1
        and isinstance(audience[0], str)
        and _TAG.fullmatch(audience[0])
    ):
        return audience[0]
    raise ValueError("aud is not an array with one audience tag")


def seconds(payload: Mapping[str, Any], name: str) -> int:
    """A time in whole Unix seconds: no boolean, no float, no string, nothing out of range."""
    value = payload.get(name)
    if type(value) is int and 0 < value < _LAST_SECOND:
        return value
    raise ValueError(f"{name} is not a time in seconds")


def text(payload: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """A string fit for a header: no control characters. ``default`` stands for a missing claim; None: required."""
    value = payload.get(name, default)
    if isinstance(value, str) and not _CONTROL.search(value):
        return value
    raise ValueError(f"{name} is not a text without control characters")


def _something(payload: Mapping[str, Any], name: str) -> str:
    value = text(payload, name)
    if not value:
        raise ValueError(f"{name} is empty")
    return value


def _matching(payload: Mapping[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    value = text(payload, name)
    if not pattern.fullmatch(value):
        raise ValueError(f"{name} is not of the form {pattern.pattern}")
    return value


def _members(payload: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = payload.get(name, {})
    if isinstance(value, dict):
        return value
    raise ValueError(f"{name} is not an object")


def _boolean(payload: Mapping[str, Any], name: str) -> bool:
    value = payload.get(name)
    if isinstance(value, bool):
        return value
    raise ValueError(f"{name} is not a boolean")
