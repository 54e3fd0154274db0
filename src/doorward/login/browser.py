"""Which browser this is, and who is signed in in it: CF_Session and CF_Authorization of the team domain (access.md 1.7).

The rules of the ``__Host-`` twins stand in ``sessions.browser``. Here a login attempt gets a cookie of its own beside
CF_Session, as its other half has beside CF_AppSession: ten tabs opened at once bring ten values of which the browser
keeps the last, and a login that ends in one tab replaces the value that the other nine began with.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from typing import Final

from doorward.login.visit import Visit
from doorward.services import Services
from doorward.sessions import (
    ATTEMPT_SESSION,
    CF_AUTHORIZATION,
    CF_DEVICE,
    CF_SESSION,
    Session,
    browser_value,
    login_session_cookies,
    login_session_values,
    set_cookie,
)
from doorward.signin import secret_hash
from doorward.tokens.jwt import TokenRefused, verify_org

DEVICE_LIFETIME: Final = 30 * 86_400
"""Seconds of CF_Device."""
MOST_TOKENS: Final = 4
_PLAUSIBLE: Final = range(16, 129)
"""Lengths of a CF_Session value that is taken up again; ours have 43."""
_HOST_PREFIX: Final = "__Host-"
_ATTEMPT: Final = re.compile(CF_SESSION + "_[0-9a-f]{8}")
_MOST_ATTEMPTS: Final = 16
"""Cookies of attempts that are looked at."""


def binding(visit: Visit, fresh: str) -> str:
    """The CF_Session value that a new login is tied to: the one this browser proves it has, else ``fresh``."""
    known = login_session_values(
        visit.cookies, visit.organization.public, visit.method, fetch_metadata=visit.fetch_metadata
    )
    return known[0] if len(known) == 1 and len(known[0]) in _PLAUSIBLE else fresh


def session_cookies(visit: Visit, value: str) -> tuple[str, ...]:
    """Set-Cookie values of CF_Session."""
    return login_session_cookies(value, visit.organization.public, visit.now)


def attempt_cookies(visit: Visit, value: str) -> tuple[str, ...]:
    """Set-Cookie values for a login that begins: CF_Session, and the attempt's own cookie of the same value."""
    secure = visit.organization.public.scheme == "https"
    own = set_cookie(
        (_HOST_PREFIX if secure else "") + _attempt_name(secret_hash(value)),
        value,
        expires_at=visit.now + int(ATTEMPT_SESSION.total_seconds()),
        now=visit.now,
        secure=secure,
    )
    return (*session_cookies(visit, value), own)


def proven(visit: Visit, browser_hash: str) -> bool:
    """Whether this is the browser that began the login with this ``browser_hash``."""
    return bool(proven_value(visit, browser_hash))


def proven_value(visit: Visit, browser_hash: str) -> str:
    """The value of CF_Session, or of the attempt's own cookie, with this ``browser_hash``; empty: another browser."""
    public = visit.organization.public
    values = (
        value
        for name in (CF_SESSION, _attempt_name(browser_hash))
        for value in browser_value(visit.cookies, name, public, visit.method, visit.fetch_metadata)
    )
    found = [value for value in values if hmac.compare_digest(secret_hash(value), browser_hash)]
    return found[0] if found else ""


def begun_here(visit: Visit) -> tuple[str, ...]:
    """What the logins that were begun in this browser carry as ``browser_hash``, as far as its cookies tell."""
    public = visit.organization.public
    names = {name.removeprefix(_HOST_PREFIX) for name, _ in visit.cookies}
    ours = sorted(name for name in names if name == CF_SESSION or _ATTEMPT.fullmatch(name))[:_MOST_ATTEMPTS]
    values = (
        value
        for name in ours
        for value in browser_value(visit.cookies, name, public, visit.method, visit.fetch_metadata)
    )
    return tuple(dict.fromkeys(map(secret_hash, values)))


def device_cookies(visit: Visit, fresh: str) -> tuple[str, ...]:
    """CF_Device, kept when the browser has one already; it lives from the last use on."""
    known = [value for name, value in visit.cookies if name == CF_DEVICE and len(value) in _PLAUSIBLE]
    secure = visit.organization.public.scheme == "https"
    value = known[0] if known and known[0].isascii() and known[0].replace("-", "").replace("_", "").isalnum() else fresh
    expires_at = visit.now + DEVICE_LIFETIME
    return (set_cookie(CF_DEVICE, value, expires_at=expires_at, now=visit.now, secure=secure, same_site="strict"),)


async def signed_in(visit: Visit, services: Services) -> Session | None:
    """The live session whose org token this browser presents. None as well when it presents several different ones."""
    nonces = org_nonces(visit, _org_tokens(visit))
    session = await services.store.sessions.find(next(iter(nonces))) if len(nonces) == 1 else None
    if session is None or not session.live(visit.now):
        return None
    return session if session.identity.idp_id in visit.snapshot.identity_providers else None


def org_nonces(visit: Visit, tokens: Iterable[str]) -> frozenset[str]:
    """The sessions that these org tokens name: verified, though not looked up and not proven to be this browser's."""
    return frozenset(nonce for token in tokens if (nonce := _session_nonce(token, visit)) is not None)


def _org_tokens(visit: Visit) -> tuple[str, ...]:
    public = visit.organization.public
    return browser_value(visit.cookies, CF_AUTHORIZATION, public, visit.method, visit.fetch_metadata)[:MOST_TOKENS]


def _session_nonce(token: str, visit: Visit) -> str | None:
    try:
        claims = verify_org(token, visit.snapshot.keys, issuer=visit.organization.issuer, now=visit.now)
    except TokenRefused:
        return None
    return claims.identity_nonce


def _attempt_name(browser_hash: str) -> str:
    return f"{CF_SESSION}_{browser_hash[:8]}"
