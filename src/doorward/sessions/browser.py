"""Cookies that tie a login to the browser that began it: CF_AppSession and CF_Session, and their twins.

A sibling host can plant a cookie of any plain name for the whole parent domain, and so sign somebody in as the
attacker (docs/attacks.md, 84). It cannot plant a name with the ``__Host-`` prefix. So on https each of these cookies has a
twin of the same value under that prefix, and a browser must present the twin. cloudflared knows only the documented
name; it asks by HEAD and, unlike browsers, sends no Sec-Fetch headers.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from doorward.organization import PublicAddress
from doorward.sessions.lifetime import APP_SESSION, ATTEMPT_SESSION, LOGIN_SESSION
from doorward.sessions.set_cookie import clear_cookie, set_cookie

CF_APP_SESSION: Final = "CF_AppSession"
CF_SESSION: Final = "CF_Session"
TWIN: Final = "__Host-"
ATTEMPT_PATH: Final = "/cdn-cgi/access/"
MOST_VALUES: Final = 4
"""Of one cookie name that is looked at; more are an attack."""

_APP_SESSION: Final = re.compile(r"[0-9a-f]{16}")

Cookies = Sequence[tuple[str, str]]


def browser_value(
    cookies: Cookies, name: str, public: PublicAddress, method: str, has_fetch_metadata: bool
) -> tuple[str, ...]:
    """The values of ``name`` that prove something about this browser, in order, each once.

    Args:
        cookies: of the request.
        name: the documented one, without prefix.
        public: on plain http, for development only, there are no twins.
        method: of the request.
        has_fetch_metadata: whether any Sec-Fetch header was sent, as every browser does on https.

    Returns:
        Nothing when one name has more than four values, or a twin more than one: no browser holds two.
    """
    plain = _values(cookies, name)
    if public.scheme == "http":
        return plain if len(plain) <= MOST_VALUES else ()
    twin = _values(cookies, TWIN + name)
    if len(twin) > 1 or len(plain) > MOST_VALUES:
        return ()
    return tuple(dict.fromkeys(twin + plain)) if method == "HEAD" and not has_fetch_metadata else twin


def new_app_session(random_bytes: bytes) -> str:
    """A value for CF_AppSession: 16 hex characters, as observed. Takes exactly 8 random bytes."""
    value = random_bytes.hex()
    if not _APP_SESSION.fullmatch(value):
        raise ValueError("a CF_AppSession value is made of exactly 8 random bytes")
    return value


def attempt_name(app_session_hash: str) -> str:
    """The cookie of one login attempt: tabs opened at once each bring their own value (docs/attacks.md, 99)."""
    return f"{CF_APP_SESSION}_{app_session_hash[:8]}"


def app_session_values(
    cookies: Cookies, public: PublicAddress, method: str, *, fetch_metadata: bool
) -> tuple[str, ...]:
    """Values of CF_AppSession of this browser that a new login may use again."""
    values = browser_value(cookies, CF_APP_SESSION, public, method, fetch_metadata)
    return tuple(value for value in values if _APP_SESSION.fullmatch(value))


def app_session_proven(
    cookies: Cookies, app_session_hash: str, public: PublicAddress, method: str, *, fetch_metadata: bool
) -> bool:
    """Whether this browser holds the CF_AppSession value, or that of the attempt, whose hex SHA-256 a login carries."""
    values = (
        value
        for name in (CF_APP_SESSION, attempt_name(app_session_hash))
        for value in browser_value(cookies, name, public, method, fetch_metadata)
    )
    return any(_hashes_to(value, app_session_hash) for value in values)


def app_session_cookies(value: str, public: PublicAddress, now: int) -> tuple[str, ...]:
    """Set-Cookie values for a browser that has no CF_AppSession yet: the cookie, its twin, and the attempt's own."""
    attempt = attempt_name(hashlib.sha256(value.encode()).hexdigest())
    common = _both(CF_APP_SESSION, value, APP_SESSION, public, now)
    if public.scheme == "http":
        return (*common, _cookie(attempt, value, ATTEMPT_SESSION, public, now, path=ATTEMPT_PATH))
    return (*common, _cookie(TWIN + attempt, value, ATTEMPT_SESSION, public, now))


def login_session_values(
    cookies: Cookies, public: PublicAddress, method: str, *, fetch_metadata: bool
) -> tuple[str, ...]:
    """Values of CF_Session that bind login attempts to this browser."""
    return browser_value(cookies, CF_SESSION, public, method, fetch_metadata)


def login_session_cookies(value: str, public: PublicAddress, now: int) -> tuple[str, ...]:
    """Set-Cookie values of CF_Session on the team domain."""
    return _both(CF_SESSION, value, LOGIN_SESSION, public, now)


def clear_browser_cookies(name: str, public: PublicAddress) -> tuple[str, ...]:
    """Set-Cookie values that remove CF_AppSession or CF_Session, with the twin."""
    secure = public.scheme == "https"
    return tuple(clear_cookie(each, secure=secure) for each in _names(name, public))


def _both(name: str, value: str, life: timedelta, public: PublicAddress, now: int) -> tuple[str, ...]:
    return tuple(_cookie(each, value, life, public, now) for each in _names(name, public))


def _names(name: str, public: PublicAddress) -> tuple[str, ...]:
    return (name, TWIN + name) if public.scheme == "https" else (name,)


def _cookie(name: str, value: str, life: timedelta, public: PublicAddress, now: int, *, path: str = "/") -> str:
    expires_at = now + int(life.total_seconds())
    return set_cookie(name, value, expires_at=expires_at, now=now, secure=public.scheme == "https", path=path)


def _values(cookies: Cookies, name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for key, value in cookies if key == name))


def _hashes_to(value: str, digest: str) -> bool:
    return hmac.compare_digest(hashlib.sha256(value.encode()).hexdigest().encode(), digest.encode())
