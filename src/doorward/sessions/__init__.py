"""How long a login holds, what its tokens say, and its cookies (access.md 1.7, section 5). Pure; ``store`` keeps rows.

``lifetime`` what a session is and how long things hold; ``claims`` what its tokens say; ``set_cookie`` and
``cookie_header`` write and read cookies; ``browser`` ties a login to a browser; ``granted`` carries what it earned.
"""

from __future__ import annotations

from doorward.sessions.browser import (
    CF_APP_SESSION,
    CF_SESSION,
    app_session_cookies,
    app_session_proven,
    app_session_values,
    attempt_name,
    browser_value,
    clear_browser_cookies,
    login_session_cookies,
    login_session_values,
    new_app_session,
)
from doorward.sessions.claims import app_claims, org_claims, service_claims
from doorward.sessions.cookie_header import any_spelling, parse_cookies
from doorward.sessions.facts import identity_facts
from doorward.sessions.granted import (
    CF_AUTHORIZATION,
    CF_BINDING,
    CF_DEVICE,
    app_cookies,
    bound,
    clear_app_cookies,
    clear_org_cookies,
    cookie_path,
    org_cookies,
)
from doorward.sessions.lifetime import (
    APP_SESSION,
    ATTEMPT_SESSION,
    DEFAULT_SESSION,
    IMMEDIATE_LIFETIME,
    LOGIN_SESSION,
    META_LIFETIME,
    Session,
    app_session_lifetime,
)
from doorward.sessions.set_cookie import SameSite, clear_cookie, set_cookie

__all__ = [
    "APP_SESSION",
    "ATTEMPT_SESSION",
    "CF_APP_SESSION",
    "CF_AUTHORIZATION",
    "CF_BINDING",
    "CF_DEVICE",
    "CF_SESSION",
    "DEFAULT_SESSION",
    "IMMEDIATE_LIFETIME",
    "LOGIN_SESSION",
    "META_LIFETIME",
    "SameSite",
    "Session",
    "any_spelling",
    "app_claims",
    "app_cookies",
    "app_session_cookies",
    "app_session_lifetime",
    "app_session_proven",
    "app_session_values",
    "attempt_name",
    "bound",
    "browser_value",
    "clear_app_cookies",
    "clear_browser_cookies",
    "clear_cookie",
    "clear_org_cookies",
    "cookie_path",
    "identity_facts",
    "login_session_cookies",
    "login_session_values",
    "new_app_session",
    "org_claims",
    "org_cookies",
    "parse_cookies",
    "service_claims",
    "set_cookie",
]
