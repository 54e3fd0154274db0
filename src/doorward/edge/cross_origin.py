"""Answers that pages of other origins may read (access.md 1.11): ours, and what an origin answers through the door. Pure."""

from __future__ import annotations

from doorward.access.cors import GRANTS, response_headers
from doorward.access.request import Request
from doorward.applications import Application

Headers = tuple[tuple[str, str], ...]


def readable(status: int, headers: Headers, application: Application | None, request: Request) -> Headers:
    """The headers of an answer of the check, with what ``cors_headers`` adds for the page that asks.

    With status 200 Envoy writes them on the origin's answer (and ``edge.xds.cross_origin`` has taken the origin's own off);
    any other answer is ours, and a page that may read the application may read why it got nothing. What else the answer
    grants gives way: where there are ``cors_headers``, they alone say who reads.
    """
    if application is None or application.cors_headers is None or request.preflight:
        return headers
    granted = response_headers(application.cors_headers, request.origin)
    kept = tuple(pair for pair in headers if pair[0] not in GRANTS)
    return (*kept, *granted) if status == 200 else (*kept, *granted, ("vary", "Origin"))
