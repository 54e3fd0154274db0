"""What a page's script is told when nobody is signed in: 401, and where a login would begin (access.md 1.2). Pure."""

from __future__ import annotations

import json
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from doorward.access.request import Request
from doorward.access.snapshot import Snapshot
from doorward.applications import Application

LONGEST_PAGE: Final = 2048
"""Characters of the path of the page that asked; a longer one is not come back to."""


def wants_json(request: Request) -> bool:
    """JSON for who asks for it, and for every script that a browser says is one and that does not ask for HTML; the short
    documented page for the others.
    """
    accept = request.accept.lower()
    return "application/json" in accept or (request.fetch_dest == "empty" and "text/html" not in accept)


def script_body(
    request: Request, application: Application, snapshot: Snapshot, asked_for: str, reference: str
) -> bytes:
    """``login_url`` is for the browser's address bar, in this window or a new one; a script cannot follow it.

    It holds no proof and is bound to no cookie: it leads to the application, where the door makes a fresh link for the
    browser that really comes. So it stays good for as long as the page is open, and telling it gives nothing away.

    Args:
        request: of the script.
        application: that it is for.
        snapshot: the state it was decided by.
        asked_for: path and query to come back to where the page that asked is not known.
        reference: of the decision; empty when none was kept.
    """
    query = {"kid": application.aud, "redirect_url": _page_of(request, application, snapshot) or asked_for}
    login = f"{snapshot.organization.issuer}/cdn-cgi/access/login/{request.host}"
    body = {
        "code": 401,
        "error": "login_required",
        "message": "Nobody is signed in to this application, or the login has expired.",
        "login_url": f"{login}?{urlencode(query, quote_via=quote, safe='')}",
    }
    return json.dumps(body | ({"reference": reference} if reference else {})).encode()


def _page_of(request: Request, application: Application, snapshot: Snapshot) -> str:
    """Path and query of the page whose script asks, when it is a page of this very application; else empty."""
    try:
        parts = urlsplit(request.referer)
    except ValueError:
        return ""
    if f"{parts.scheme}://{parts.netloc}" != snapshot.organization.public.origin(request.host):
        return ""
    path = parts.path or "/"
    page = f"{path}?{parts.query}" if parts.query else path
    covered = snapshot.applications.match(request.host, path)
    return page if covered is not None and covered.id == application.id and len(page) <= LONGEST_PAGE else ""
