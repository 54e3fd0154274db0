"""A form that met an ended session: kept while its visitor signs in, then sent again by a page of the application's host.

The door answers such a form with 307 to ``/cdn-cgi/access/resume`` on the same host (``edge.answer``). The browser sends it
there once more, so that nothing but this endpoint ever reads a body, and goes on to the ordinary login. That leads to
``/resume/<id>``: a page with the form and a button. Nothing is sent before somebody presses it.
"""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from doorward.access.resume import from_own_page
from doorward.applications import Application
from doorward.login.address import ApplicationHost, address_bucket, safe_path
from doorward.login.answers import application_url, continued, empty_answer, entrance_url, redirect, temporarily
from doorward.login.beginning import login_url
from doorward.login.link import Proven, Stale, read_link
from doorward.login.problems import (
    RefusedVisitError,
    application_gone,
    entered_by_another,
    foreign_form,
    lost_browser,
    not_kept,
    nothing_kept,
    too_many_kept,
)
from doorward.login.resume_page import resume_page
from doorward.login.visit import Visit
from doorward.resumption import KEPT_FOR, Form, KeptRequest, UnreadableFormError, kept_id, kept_path, read_form
from doorward.services import Services
from doorward.sessions import Session, app_session_proven
from doorward.signin import Destination, secret_hash
from doorward.store.kept_requests import Space

SPACE: Final = Space(of_client=4 * 2**20, in_all=64 * 2**20, reserved=32 * 2**20)
"""Bytes, encrypted, of forms that wait at one time."""
FORMS: Final = 200
"""Forms that one client address (IPv6: one /64) may send in ``KEPT_FOR`` seconds, kept or not."""


async def keep(visit: Visit, services: Services, asked: ApplicationHost, request: Request) -> Response:
    """``POST /resume?kid&meta&redirect_url``: keep the form and go on to the login. ``GET``: back to where it was sent."""
    target = visit.query.get("redirect_url")
    back = application_url(visit.organization, asked.host, safe_path(target))
    if visit.method != "POST":
        return redirect(services.pages, visit.organization, back)
    link = read_link(visit, asked.host)
    if not _own_page(visit, asked):
        raise foreign_form(back)
    if isinstance(link, Stale) or link.destination.redirect_url != target:
        raise not_kept("The way here took too long.", 400, back)
    if not _proven(visit, link.destination.app_session_hash):
        raise lost_browser(back)
    if not (visit.organization.resume_posts and link.application.resume_posts):
        return continued(services.pages, visit.organization, back)
    client = secret_hash(address_bucket(visit.ip))
    if not await services.store.limits.hit(f"kept:{client}", FORMS, KEPT_FOR, visit.now):
        raise too_many_kept(KEPT_FOR, back)
    form = await _read(request, visit.organization.resume_posts_max_size, back)
    kept = _kept(visit, services, link, client, form)
    if not await services.store.kept_requests.keep(kept, SPACE):
        raise too_many_kept(KEPT_FOR, back)
    location = login_url(
        visit,
        link.application,
        asked.host,
        kept_path(kept.id),
        kept.browser_hash,
        certificate=link.destination.certificate,
    )
    # By a page: browsers hold the ``form-action`` of the page that sent the form against redirects to another host.
    return continued(services.pages, visit.organization, location)


async def waiting(visit: Visit, services: Services, asked: ApplicationHost, request_id: str) -> Response:
    """``GET /resume/<id>``: the page with the form, or the login that has to come first. Uses nothing up."""
    if visit.head:
        return empty_answer()
    kept, application = await _find(visit, services, asked, request_id)
    session = await _session(visit, services, kept)
    if session is None:
        location = login_url(visit, application, asked.host, kept_path(kept.id), kept.browser_hash)
        return redirect(services.pages, visit.organization, location)
    await _refuse_another(visit, services, kept, session, asked)
    return resume_page(visit, services, kept, application, session)


async def send(visit: Visit, services: Services, asked: ApplicationHost, request: Request, request_id: str) -> Response:
    """``POST /resume/<id>``: the page's form, on its way. Once, by 307, to where it was sent in the first place."""
    home = entrance_url(visit.organization, asked.host, asked.applications)
    if not _own_page(visit, asked):
        raise foreign_form(home)
    kept, _ = await _find(visit, services, asked, request_id)
    session = await _session(visit, services, kept)
    if session is None:
        raise nothing_kept(application_url(visit.organization, asked.host, kept_path(kept.id)))
    await _refuse_another(visit, services, kept, session, asked)
    await _swallow(request)
    if not await services.store.kept_requests.take(kept.id, visit.now):
        raise nothing_kept(home)
    location = application_url(visit.organization, asked.host, kept.target)
    return temporarily(services.pages, visit.organization, location)


async def admit(visit: Visit, services: Services, destination: Destination, session: Session) -> None:
    """A login has ended at the host; if it was for a kept request, in the browser that sent it, it may be sent now."""
    if request_id := kept_id(destination.redirect_url):
        hashed = destination.app_session_hash
        await services.store.kept_requests.admit(request_id, hashed, session.nonce, visit.now)


def _own_page(visit: Visit, asked: ApplicationHost) -> bool:
    """Whether a page of this host sent the form: nobody else may have anything kept, or sent (docs/attacks.md, 97)."""
    return from_own_page(visit.origin, visit.fetch_site, visit.organization.public.origin(asked.host))


def _proven(visit: Visit, browser_hash: str) -> bool:
    public = visit.organization.public
    return app_session_proven(visit.cookies, browser_hash, public, visit.method, fetch_metadata=visit.fetch_metadata)


async def _read(request: Request, most: int, back: str) -> Form:
    """The form; not a byte more is read than may be kept."""
    announced = request.headers.get("content-length", "")
    too_large = not_kept(f"What you sent is larger than the {most // 1024} KiB that can be kept.", 413, back)
    if announced.isdecimal() and int(announced) > most:
        raise too_large
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > most:
                raise too_large
    except ClientDisconnect as error:
        raise not_kept("What you sent did not arrive whole.", 400, back) from error
    try:
        # In a thread: the largest bodies take tens of milliseconds, which nobody else shall wait for.
        return await asyncio.to_thread(read_form, request.headers.get("content-type", ""), bytes(body))
    except UnreadableFormError as error:
        raise not_kept(str(error), 400, back) from error


async def _swallow(request: Request) -> None:
    """Read what the browser sends and forget it: it sends the same to the application in a moment."""
    try:
        async for _ in request.stream():
            pass
    except ClientDisconnect as error:
        raise not_kept("What you sent did not arrive whole.", 400, "") from error


def _kept(visit: Visit, services: Services, link: Proven, client: str, form: Form) -> KeptRequest:
    return KeptRequest(
        id=services.token(),
        aud=link.application.aud,
        hostname=link.destination.hostname,
        target=link.destination.redirect_url,
        form=form,
        browser_hash=link.destination.app_session_hash,
        former_user=link.former_user,
        client=client,
        created_at=visit.now,
        expires_at=visit.now + KEPT_FOR,
    )


async def _find(
    visit: Visit, services: Services, asked: ApplicationHost, request_id: str
) -> tuple[KeptRequest, Application]:
    """The request of this browser at this host, and the application it is for.

    Raises:
        RefusedVisitError: there is none.
    """
    home = entrance_url(visit.organization, asked.host, asked.applications)
    kept = await services.store.kept_requests.find(request_id, visit.now)
    if kept is None or kept.hostname != asked.host:
        raise nothing_kept(home)
    if not _proven(visit, kept.browser_hash):
        raise lost_browser(home)
    application = next((one for one in asked.applications if one.aud == kept.aud), None)
    if application is None:
        raise application_gone()
    return kept, application


async def _session(visit: Visit, services: Services, kept: KeptRequest) -> Session | None:
    """The session that a login for this request led to, as long as it lives."""
    session = await services.store.sessions.find(kept.session_nonce) if kept.session_nonce else None
    return session if session is not None and session.live(visit.now) else None


async def _refuse_another(
    visit: Visit, services: Services, kept: KeptRequest, session: Session, asked: ApplicationHost
) -> None:
    """What one person entered is never sent as another."""
    if kept.former_user in {"", session.user_id}:
        return
    await services.store.kept_requests.take(kept.id, visit.now)
    home = entrance_url(visit.organization, asked.host, asked.applications)
    error: RefusedVisitError = entered_by_another(home)
    raise error
