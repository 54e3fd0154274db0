"""What every answer carries, and redirects: their targets are put together here, from parsed parts, and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final
from urllib.parse import quote, urlencode

from starlette.responses import JSONResponse, Response

from doorward.applications import Application
from doorward.login.problems import RefusedVisitError, referenced
from doorward.organization import Organization, PublicAddress
from doorward.pages import NOT_CACHED, Found, Page, Pages, security_headers
from doorward.signin import Destination

Header = tuple[str, str]

PREFIX: Final = "/cdn-cgi/access"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_FIXED: Final[tuple[Header, ...]] = (*NOT_CACHED, ("x-content-type-options", "nosniff"))


def application_url(organization: Organization, host: str, path: str = "/") -> str:
    """A place on an application's host. ``path`` comes from ``safe_path`` or is our own."""
    return organization.public.origin(host) + path


def destination_url(organization: Organization, destination: Destination) -> str:
    """Where a login leads in the end, and where it can be begun once more."""
    return application_url(organization, destination.hostname, destination.redirect_url)


def entrance_url(organization: Organization, host: str, applications: Sequence[Application]) -> str:
    """The place on this host that an application covers first: ``/``, or the path that it is for.

    ``applications`` are those of the host, the most specific first.
    """
    for application in reversed(applications):
        for pattern in application.patterns:
            if pattern.matches_host(host) and "*" not in pattern.path:
                return application_url(organization, host, quote(pattern.path, safe="/%") or "/")
    return application_url(organization, host)


def team_url(organization: Organization, path: str, query: Mapping[str, str] | None = None) -> str:
    """An endpoint of the team domain: ``path`` below ``/cdn-cgi/access``."""
    return f"{organization.issuer}{PREFIX}{path}{query_string(query or {})}"


def query_string(values: Mapping[str, str]) -> str:
    """``?a=b&c=d`` with every value escaped; empty for no values."""
    return "?" + urlencode(values, quote_via=quote, safe="") if values else ""


def page_answer(
    pages: Pages,
    organization: Organization,
    page: Page,
    status: int = 200,
    *,
    cookies: Iterable[str] = (),
    headers: Iterable[Header] = (),
    form_targets: tuple[str, ...] = (),
) -> Response:
    """An HTML page. ``form_targets``: origins, besides our own, that its forms may end at."""
    response = Response(pages.render(page, organization), status, media_type="text/html")
    return _completed(response, (*page_headers(form_targets), *headers), cookies)


def page_headers(form_targets: tuple[str, ...] = ()) -> tuple[Header, ...]:
    """What protects a page, fitted to logins.

    Referrers stay on our own origin, but they exist: without them browsers send ``Origin: null`` along with our own
    forms, which then look like anybody's. And an application that opens its login in a window keeps hold of the window.
    """
    kept = (header for header in security_headers(form_targets) if header[0] != "cross-origin-opener-policy")
    return (*kept, ("referrer-policy", "same-origin"))


def refused_answer(pages: Pages, organization: Organization, error: RefusedVisitError, reference: str) -> Response:
    """A page that says what went wrong, with the reference of this request."""
    page = referenced(error.problem, reference)
    return page_answer(pages, organization, page, page.status, headers=error.headers)


def redirect(
    pages: Pages,
    organization: Organization,
    location: str,
    *,
    cookies: Iterable[str] = (),
    headers: Iterable[Header] = (),
    status: int = 302,
) -> Response:
    """On to ``location``, which is made by the functions above, or is a provider's or the operator's own URL.

    ``status``: 303 after a form that was not taken, so that reloading sends nothing again.

    Raises:
        ValueError: there is a control character in ``location``, which would begin another header. A mistake of ours.
    """
    if _CONTROL.search(location):
        raise ValueError(f"a redirect to {location!a:.200}")
    response = Response(pages.render(Found(location), organization), status, media_type="text/html")
    leading = ("refresh", f"0;url={location}") if status == 200 else ("location", location)
    return _completed(response, (leading, *page_headers(), *headers), cookies)


continued: Final = partial(redirect, status=200)
"""Like :func:`redirect`, by a page that goes on at once.

A cookie with ``SameSite=Strict`` is not sent after a redirect that another site began: the visitor would be sent to the
login again and again (access.md 1.7). A page of the application's own host begins afresh.
"""
temporarily: Final = partial(redirect, status=307)
"""Like :func:`redirect`; the browser sends the same form once more, there."""


def widened(response: Response, public: PublicAddress) -> Response:
    """For a page whose form goes to the application: what that answers may lead anywhere, as after the original form."""
    anywhere = "form-action 'self' https:" if public.scheme == "https" else "form-action 'self' https: http:"
    policy = response.headers["content-security-policy"].replace("form-action 'self'", anywhere)
    response.headers["content-security-policy"] = policy
    return response


def empty_answer() -> Response:
    """For those who only look."""
    return _completed(Response(status_code=200), (), ())


def text_answer(text: str, media_type: str, *, cached: str) -> Response:
    """Text that caches may keep: ``cached`` is the Cache-Control value."""
    return _cacheable(Response(text, media_type=media_type), cached)


def json_answer(body: Mapping[str, Any], status: int = 200, *, cached: str = "") -> Response:
    """JSON; not cached unless ``cached``, a Cache-Control value, says so."""
    response = JSONResponse(body, status)
    return _cacheable(response, cached) if cached else _completed(response, (), ())


def _cacheable(response: Response, cached: str) -> Response:
    response.headers["cache-control"] = cached
    response.headers["x-content-type-options"] = "nosniff"
    return response


def _completed(response: Response, headers: Iterable[Header], cookies: Iterable[str]) -> Response:
    for name, value in (*_FIXED, *headers):
        response.headers[name] = value
    for cookie in cookies:
        response.headers.append("set-cookie", cookie)
    return response
