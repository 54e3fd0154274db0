"""The app tokens that a visit brings in its cookies: for ``get-identity``, logout and the back button, never for entry."""

from __future__ import annotations

from typing import Final

from doorward.login.address import ApplicationHost
from doorward.login.visit import Visit
from doorward.sessions import CF_AUTHORIZATION
from doorward.tokens.claims import AppClaims
from doorward.tokens.jwt import TokenRefused, verify_app_any

MOST: Final = 4
"""Cookies of one name that are looked at; more are an attack, and each costs a signature check."""


def presented(visit: Visit) -> tuple[str, ...]:
    """The values of CF_Authorization, each once; none when there are too many."""
    values = tuple(dict.fromkeys(value for name, value in visit.cookies if name == CF_AUTHORIZATION))
    return values if len(values) <= MOST else ()


def valid_tokens(visit: Visit, asked: ApplicationHost | None) -> tuple[AppClaims, ...]:
    """Verified, unrevoked claims for an application of this host; for any application when ``asked`` is None."""
    verified = (_verified(token, visit) for token in presented(visit))
    pairs = ((claims, visit.snapshot.application(claims.aud)) for claims in verified if claims is not None)
    return tuple(
        claims
        for claims, application in pairs
        if application is not None
        and (asked is None or any(claims.aud == one.aud for one in asked.applications))
        and not visit.snapshot.revokes(application.id, claims)
    )


def _verified(token: str, visit: Visit) -> AppClaims | None:
    try:
        return verify_app_any(token, visit.snapshot.keys, issuer=visit.organization.issuer, now=visit.now)
    except TokenRefused:
        return None
