"""Answers to CORS preflights where the application has ``cors_headers`` (access.md 1.11; Fetch standard section 3.2)."""

from __future__ import annotations

import re
from typing import Final

from doorward.access.request import Request
from doorward.applications import CorsHeaders

Headers = tuple[tuple[str, str], ...]

GRANTS: Final = ("access-control-allow-origin", "access-control-allow-credentials")
"""What lets a page of another origin read an answer."""
_VARY: Final = ("vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
_ORIGIN: Final = re.compile(r"null|[a-z][a-z0-9+.-]*://[A-Za-z0-9.\-_:\[\]]+")
_TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105 — RFC 9110 calls it a token
_METHOD: Final = re.compile(_TOKEN)
_NAMES: Final = re.compile(rf"{_TOKEN}(?:[ \t]*,[ \t]*{_TOKEN})*")


def preflight_headers(cors: CorsHeaders, request: Request) -> Headers:
    """What the door answers a preflight with. For an origin that is not allowed nothing but ``Vary``."""
    allowed = response_headers(cors, request.origin)
    if not allowed:
        return (_VARY,)
    headers = [*allowed]
    methods = request.preflight_method if cors.allow_all_methods else ", ".join(cors.allowed_methods)
    if _NAMES.fullmatch(methods) and (not cors.allow_all_methods or _METHOD.fullmatch(methods)):
        headers.append(("access-control-allow-methods", methods))
    names = request.preflight_headers if cors.allow_all_headers else ", ".join(cors.allowed_headers)
    if _NAMES.fullmatch(names):
        headers.append(("access-control-allow-headers", names))
    if cors.max_age is not None:
        headers.append(("access-control-max-age", str(cors.max_age)))
    return (*headers, _VARY)


def response_headers(cors: CorsHeaders, origin: str) -> Headers:
    """What lets a page of ``origin`` read a response: its name reflected, and credentials; empty when not allowed.

    Credentials never go with every origin, whatever the settings say: that would let any page read as the visitor.
    """
    if not _ORIGIN.fullmatch(origin):
        return ()
    if not cors.allow_all_origins and origin.lower() not in {allowed.lower() for allowed in cors.allowed_origins}:
        return ()
    reflected = ("access-control-allow-origin", origin)
    if cors.allow_credentials and not cors.allow_all_origins:
        return reflected, ("access-control-allow-credentials", "true")
    return (reflected,)
