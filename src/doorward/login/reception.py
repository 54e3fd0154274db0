"""Takes every request in: which host is it for, who answers it, and which page stands for whatever goes wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import structlog
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from doorward.access.record import reference_of
from doorward.errors import StoreError
from doorward.journal import request_bound
from doorward.login.address import TeamDomain, asked_host
from doorward.login.answers import refused_answer
from doorward.login.arrival import KEY, Arrival
from doorward.login.outbox import Outbox
from doorward.login.parameters import ParameterError
from doorward.login.problems import (
    RefusedVisitError,
    broken,
    method_not_allowed,
    not_found,
    not_remembered,
    unknown_host,
    unreadable,
)
from doorward.login.recording import record_refusal
from doorward.resumption import recorded_path
from doorward.services import Services

REQUEST_ID: Final = "x-request-id"
"""Made by our Envoy for every request."""

log = structlog.get_logger(__name__)


class Reception:
    """The ASGI application of the login endpoints, on a unix socket that only our Envoy reaches."""

    def __init__(
        self, services: Services, team: Sequence[Route], applications: Sequence[Route], outbox: Outbox
    ) -> None:
        self._services = services
        self._team = self._hosted(team)
        self._applications = self._hosted(applications)
        self._outbox = outbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError(f"only HTTP is spoken here, not {scope['type']}")
        headers = Headers(scope=scope)
        request_id = headers.get(REQUEST_ID) or self._services.token()
        with request_bound(request_id):
            await self._answer(scope, receive, _Watched(send), headers.get("host", ""), request_id)

    async def close(self) -> None:
        """Let mails under way go out."""
        await self._outbox.close()

    async def _answer(self, scope: Scope, receive: Receive, send: _Watched, authority: str, request_id: str) -> None:
        reference = reference_of(request_id)
        try:
            snapshot = self._services.snapshot()
            asked = asked_host(authority, snapshot)
            if asked is None:
                await refused_answer(self._services.pages, snapshot.organization, unknown_host(), reference)(
                    scope, receive, send
                )
                return
            hosted = self._team if isinstance(asked, TeamDomain) else self._applications
            await hosted({**scope, KEY: Arrival(asked, snapshot, request_id)}, receive, send)
        except Exception:
            log.exception("login_failed", reference=reference, path=recorded_path(scope["path"]))
            if send.finished:
                return  # with the page of ``_broken``; Starlette passes the error on all the same
            if send.started:
                raise
            # Even the page could not be made.
            text = f"Something went wrong. Nothing was let through. Reference: {reference}\n"
            await PlainTextResponse(text, 500)(scope, receive, send)

    def _hosted(self, routes: Sequence[Route]) -> ASGIApp:
        hosted = Starlette(
            routes=routes,
            exception_handlers={
                HTTPException: self._http_error,
                RefusedVisitError: self._refused,
                ParameterError: self._unreadable,
                StoreError: self._not_remembered,
                Exception: self._broken,
            },
        )
        hosted.router.redirect_slashes = False  # it would build the address from the Host header
        return hosted

    async def _http_error(self, request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.status_code == 405:
            return self._page(request, method_not_allowed(request.method, (error.headers or {}).get("Allow", "")))
        return self._page(request, not_found())

    async def _refused(self, request: Request, error: Exception) -> Response:
        return self._page(request, error if isinstance(error, RefusedVisitError) else broken())

    async def _unreadable(self, request: Request, error: Exception) -> Response:
        return self._page(request, unreadable(str(error)))

    async def _not_remembered(self, request: Request, error: Exception) -> Response:
        log.error("login_not_remembered", reason=str(error), path=recorded_path(request.scope["path"]))
        return self._page(request, not_remembered())

    async def _broken(self, request: Request, _error: Exception) -> Response:
        return self._page(request, broken())

    def _page(self, request: Request, error: RefusedVisitError) -> Response:
        arrival: Arrival = request.scope[KEY]
        record_refusal(arrival, self._services, request, error)
        return refused_answer(self._services.pages, arrival.snapshot.organization, error, arrival.reference)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return


class _Watched:
    """A ``send`` that knows how far the answer got."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False
        self.finished = False

    async def __call__(self, message: Message) -> None:
        self.started = True
        await self._send(message)
        self.finished = message["type"] == "http.response.body" and not message.get("more_body", False)
