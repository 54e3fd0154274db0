"""Signing out, on either domain, of everything (access.md 5.3)."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.responses import Response

from doorward.access import rounds
from doorward.access.address import host_name
from doorward.login import browser
from doorward.login.address import ApplicationHost, TeamDomain, applications_on, safe_path
from doorward.login.answers import application_url, empty_answer, page_answer, redirect, team_url
from doorward.login.app_tokens import presented, valid_tokens
from doorward.login.recording import record_logout
from doorward.login.visit import Visit
from doorward.pages import SignedOut
from doorward.services import Services
from doorward.sessions import (
    CF_APP_SESSION,
    CF_SESSION,
    Session,
    clear_app_cookies,
    clear_browser_cookies,
    clear_org_cookies,
)


async def logout(visit: Visit, services: Services) -> Response:
    """``GET|POST /logout``: end the session and every app token of it, clear the cookies, say so.

    On an application's host without a token (it has expired, or its cookie is for a path) nobody can tell here which
    session to end; the team domain can.
    """
    if visit.head:
        return empty_answer()
    sessions = await _sessions(visit, services)
    for session in sessions:
        await services.store.sessions.revoke(session.nonce, visit.now)
        record_logout(visit, services, session)
    if sessions:
        await services.refresh()
    cookies = cleared(visit)
    back = return_url(visit, visit.query.get("returnTo") or visit.form.get("returnTo"))
    if isinstance(visit.asked, ApplicationHost) and not sessions:
        there = team_url(visit.organization, "/logout", {"returnTo": back} if back else {})
        return redirect(services.pages, visit.organization, there, cookies=cookies)
    page = SignedOut(return_url=back, return_name=urlsplit(back).hostname or "")
    return page_answer(services.pages, visit.organization, page, cookies=cookies)


def cleared(visit: Visit) -> tuple[str, ...]:
    """Set-Cookie values that remove all of ours on this host, with the attributes that set them (docs/attacks.md, 89)."""
    public = visit.organization.public
    if isinstance(visit.asked, TeamDomain):
        return (*clear_org_cookies(public), *clear_browser_cookies(CF_SESSION, public))
    of_applications = [
        cookie
        for application in visit.asked.applications
        for cookie in (
            *clear_app_cookies(application, public, visit.asked.host),
            rounds.forgotten(application, public),
        )
    ]
    return (*dict.fromkeys(of_applications), *clear_browser_cookies(CF_APP_SESSION, public))


def return_url(visit: Visit, wanted: str) -> str:
    """A place on one of the organization's own hosts, rebuilt from its parts; empty for everything else."""
    organization = visit.organization
    if wanted.startswith("/"):
        return application_url(organization, visit.asked.host, safe_path(wanted))
    try:
        parts = urlsplit(wanted)
        port = parts.port
    except ValueError:
        return ""
    standard = {"http": 80, "https": 443}.get(parts.scheme)
    public = organization.public
    host = host_name(parts.netloc)  # whatever has user information in it is not a host name
    if parts.scheme != public.scheme or (port or standard) != public.port or host is None:
        return ""
    if host != organization.auth_domain and not applications_on(host, visit.snapshot):
        return ""
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return application_url(organization, host, safe_path(path))


async def _sessions(visit: Visit, services: Services) -> tuple[Session, ...]:
    """The sessions behind the tokens in this visit's cookies. One that is over may still have app tokens that are not."""
    if isinstance(visit.asked, ApplicationHost):
        nonces = {claims.identity_nonce for claims in valid_tokens(visit, visit.asked)}
    else:
        of_applications = {claims.identity_nonce for claims in valid_tokens(visit, None)}
        nonces = of_applications | browser.org_nonces(visit, presented(visit))
    found = [await services.store.sessions.find(nonce) for nonce in sorted(nonces) if nonce]
    return tuple(session for session in found if session is not None and session.revoked_at is None)
