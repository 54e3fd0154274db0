"""Which requests without a session may be kept for the time of a login, so that what somebody typed is not lost.

Only what a page of the very same origin sent by a form, in a browser that says so. A form that another site sends with a
visitor's browser would otherwise be carried out by the login (docs/attacks.md, 97); it is never kept.
"""

from __future__ import annotations

import re
from typing import Final

from doorward.access.request import Request
from doorward.access.snapshot import Snapshot
from doorward.applications import Application
from doorward.organization import Organization
from doorward.resumption import FORM_TYPES, media_type
from doorward.sessions import CF_AUTHORIZATION
from doorward.tokens.jwt import TokenRefused, read_expired_app

MOST_TOKENS: Final = 4
"""Expired tokens that are looked at; each costs a signature check."""
LONGEST_TARGET: Final = 2048
"""Characters of path and query; a longer way back would be shortened, and a form must arrive where it was sent."""
_TARGET: Final = re.compile(r"/[A-Za-z0-9/%:@!$&'()*+,;=~._-]*(?:\?[A-Za-z0-9/%:@!$&'()*+,;=~._?\[\]{}|^`-]+)?")
"""What travels through a login unchanged."""


def resumable(request: Request, application: Application, organization: Organization) -> bool:
    """Whether this request, which needs a login, may be kept and sent again after it."""
    return (
        organization.resume_posts
        and application.resume_posts
        and request.method == "POST"
        and media_type(request.content_type) in FORM_TYPES
        and from_own_page(request.origin, request.fetch_site, organization.public.origin(request.host))
        and request.fetch_mode in {"", "navigate"}
        and not _of_a_program(request)
        and _returns_unchanged(request)
    )


def from_own_page(origin: str, fetch_site: str, own_origin: str) -> bool:
    """Whether a page of ``own_origin`` sent this, as browsers say it: by both headers where there are both."""
    return origin == own_origin and fetch_site in {"", "same-origin"}


def former_user(request: Request, application: Application, snapshot: Snapshot, now: int) -> str:
    """Id of the one user whose expired tokens for this application came along; empty for none, and for several."""
    if request.malformed_cookies:
        return ""
    tokens = dict.fromkeys(request.cookie_values(CF_AUTHORIZATION))
    users = {_user(token, application, snapshot, now) for token in list(tokens)[:MOST_TOKENS]} - {""}
    return users.pop() if len(users) == 1 and len(tokens) <= MOST_TOKENS else ""


def _user(token: str, application: Application, snapshot: Snapshot, now: int) -> str:
    issuer = snapshot.organization.issuer
    try:
        return read_expired_app(token, snapshot.keys, issuer=issuer, aud=application.aud, now=now).sub
    except TokenRefused:
        return ""


def _of_a_program(request: Request) -> bool:
    """It carries credentials that no page's form can carry."""
    return bool(
        request.client_id is not None
        or request.client_secret is not None
        or request.service_header
        or request.access_token
        or request.assertion
        or request.requested_with
    )


def _returns_unchanged(request: Request) -> bool:
    target = f"{request.path}?{request.query}" if request.query else request.path
    return len(target) <= LONGEST_TARGET and _TARGET.fullmatch(target) is not None
