"""Which of the tokens in a request counts (access.md 3.3). One at most; when two disagree, none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from doorward.access.request import Request
from doorward.access.snapshot import Snapshot
from doorward.applications import Application
from doorward.sessions import CF_AUTHORIZATION, CF_BINDING, bound
from doorward.tokens.claims import AppClaims, SignedToken
from doorward.tokens.jwt import TokenRefused, verify_app

MOST_COOKIES: Final = 4
"""CF_Authorization cookies that are looked at; more are an attack, and each costs a signature check."""

Refused = tuple[tuple[str, str], ...]
"""Pairs of source (``cookie``, ``cf-access-token``, ``cf-access-jwt-assertion``) and reason, for the log."""


@dataclass(frozen=True, slots=True)
class Credential:
    """The verified claims and the very token they were read from; both None when nothing counts."""

    claims: AppClaims | None = None
    token: SignedToken | None = field(default=None, repr=False)
    refused: Refused = ()


@dataclass(frozen=True, slots=True)
class _Valid:
    source: str
    claims: AppClaims
    token: SignedToken


def find_credential(request: Request, application: Application, snapshot: Snapshot, now: int) -> Credential:
    """Verify what the request brings for this application.

    Of the cookies exactly one may be valid; stale duplicates (expired, revoked, of another application) do not count
    against it. A token in a header must be valid, and of the same session as a valid cookie; the cookie's token is then
    the one that goes on, so that the origin sees one token everywhere. Whether the session still lives is not known here.
    """
    valid: list[_Valid] = []
    refused: list[tuple[str, str]] = []
    for source, token in _presented(request, refused):
        try:
            claims = verify_app(token, snapshot.keys, issuer=snapshot.organization.issuer, aud=application.aud, now=now)
        except TokenRefused as error:
            refused.append((source, error.reason.value))
            continue
        reason = _stale(request, application, snapshot, claims)
        if reason:
            refused.append((source, reason))
        else:
            valid.append(_Valid(source, claims, SignedToken(token)))
    if not valid or _contradictory(valid, refused):
        return Credential(refused=tuple(refused))
    return Credential(valid[0].claims, valid[0].token, tuple(refused))


def _presented(request: Request, refused: list[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    """Source and text of every token, cookies first. What is not even looked at goes to ``refused``."""
    cookies = tuple(dict.fromkeys(request.cookie_values(CF_AUTHORIZATION)))
    if request.malformed_cookies:
        refused.append((_COOKIE, "malformed_cookies"))
        cookies = ()
    elif len(cookies) > MOST_COOKIES:
        refused.append((_COOKIE, "too_many"))
        cookies = ()
    headers = (("cf-access-token", request.access_token), ("cf-access-jwt-assertion", request.assertion))
    return [*((_COOKIE, token) for token in cookies), *((source, token) for source, token in headers if token)]


_COOKIE: Final = "cookie"


def _stale(request: Request, application: Application, snapshot: Snapshot, claims: AppClaims) -> str:
    """Why a token with a right signature does not count; empty when it does."""
    if snapshot.revokes(application.id, claims):
        return "revoked"
    if application.enable_binding_cookie:
        values = () if request.malformed_cookies else request.cookie_values(CF_BINDING)
        if not bound(claims, values):
            return "binding"
    return ""


def _contradictory(valid: list[_Valid], refused: list[tuple[str, str]]) -> bool:
    """Whether what the client sent cannot all be meant: then none of it counts, and ``refused`` says why."""
    if any(source != _COOKIE for source, _ in refused):
        return True  # a header is sent on purpose; a bad one beside a good cookie is no accident
    if sum(one.source == _COOKIE for one in valid) > 1:
        refused.append((_COOKIE, "ambiguous"))
        return True
    if len({_session(one.claims) for one in valid}) > 1:
        refused.extend((one.source, "different_sessions") for one in valid)
        return True
    return False


def _session(claims: AppClaims) -> tuple[str, str]:
    """What must be equal for two tokens to be of one login; tokens without a user have only themselves."""
    return (claims.sub, claims.identity_nonce) if claims.sub else ("", claims.nonce)
