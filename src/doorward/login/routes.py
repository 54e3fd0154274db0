"""Which address is answered by what, on either kind of host. Whatever is not in these tables is not found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.access.address import host_name
from doorward.login import (
    approve,
    approver_sign_in,
    assets,
    certs,
    identity,
    logout,
    pin,
    reason,
    resume,
    saml,
    start,
    walk,
)
from doorward.login.address import ApplicationHost
from doorward.login.answers import PREFIX, redirect, team_url
from doorward.login.arrival import KEY
from doorward.login.authorized import authorized
from doorward.login.callback import callback
from doorward.login.factor import factor
from doorward.login.home import home_page
from doorward.login.outbox import Outbox
from doorward.login.protected_resource import WELL_KNOWN, protected_resource
from doorward.login.provisioning import populations
from doorward.login.reporting import report
from doorward.login.roads import Roads
from doorward.login.visit import Visit, read_visit
from doorward.services import Services

GET: Final = ["GET"]  # HEAD comes along with it
POST: Final = ["POST"]
BOTH: Final = ["GET", "POST"]


def team_routes(services: Services, outbox: Outbox, roads: Roads | None = None) -> list[Route]:
    """The team domain (access.md 1.4)."""
    route, walked = _Routes(services), roads or Roads()
    route.add("/", GET, lambda visit: home_page(visit, services))
    route.add("/login/{host}", GET, lambda visit, host: start.login(visit, services, host))
    route.add("/start/{idp_id}/{host}", GET, lambda visit, idp_id, host: start.start(visit, services, idp_id, host))
    route.add("/walk/{host}", GET, lambda visit, host: walk.hand_over(visit, services, host, walked))
    route.add("/callback", BOTH, lambda visit: callback(visit, services))
    route.add("/verify-code/{host}", BOTH, lambda visit, host: pin.verify_code(visit, services, outbox, host))
    route.add("/resend-code", GET, lambda visit: pin.resend_code(visit, services, outbox))
    route.add("/purpose/{host}", BOTH, lambda visit, host: reason.purpose(visit, services, outbox, host))
    route.add("/factor/{host}", BOTH, lambda visit, host: factor(visit, services, host))
    route.add("/approve/{grant_id}", BOTH, lambda visit, grant_id: approve.approve(visit, services, grant_id))
    route.add(
        "/approve/{grant_id}/sign-in/{idp_id}", GET, lambda visit, **ids: approver_sign_in.begin(visit, services, **ids)
    )
    route.add(
        "/approve/{grant_id}/code",
        POST,
        lambda visit, grant_id: approver_sign_in.mail_code(visit, services, outbox, grant_id),
    )
    route.add_streamed("/reports", ["POST"], lambda visit, request: report(visit, services, request))
    route.add("/saml-request", GET, lambda visit: saml.request_form(visit, services))
    route.add("/saml-metadata", GET, lambda visit: saml.metadata(visit, services))
    route.add("/{idp_id}/saml-metadata", GET, lambda visit, idp_id: saml.metadata(visit, services, idp_id))
    route.add("/refresh-identity", GET, lambda visit: identity.refresh_identity(visit, services, outbox))
    _on_both(route, services)
    return [*route.routes, populations(services)]


def application_routes(services: Services, roads: Roads | None = None) -> list[Route]:
    """An application's host (access.md 1.10). The login itself is on the team domain only."""
    route, walked = _Routes(services), roads or Roads()
    route.add("/login", GET, lambda visit: _to_team(visit, services, visit.asked.host))
    route.add("/login/{host}", GET, lambda visit, host: _to_team(visit, services, host))
    route.add("/authorized", GET, lambda visit: authorized(visit, services, _host(visit), walked))
    route.add("/walk", GET, lambda visit: walk.stop(visit, services, _host(visit), walked))
    route.add_streamed("/resume", BOTH, lambda visit, request: resume.keep(visit, services, _host(visit), request))
    route.add("/resume/{kept}", GET, lambda visit, kept: resume.waiting(visit, services, _host(visit), kept))
    route.add_streamed(
        "/resume/{kept}",
        POST,
        lambda visit, request, kept: resume.send(visit, services, _host(visit), request, kept),
    )
    _on_both(route, services)
    return route.routes


class _Routes:
    """Routes whose endpoints take a :class:`Visit` and the parts of the path."""

    def __init__(self, services: Services) -> None:
        self.routes: list[Route] = []
        self._services = services

    def add(self, path: str, methods: list[str], answer: Callable[..., Awaitable[Response] | Response]) -> None:
        """``path`` is below ``/cdn-cgi/access``, unless it is the root or well known."""
        whole = path if path == "/" or path.startswith(WELL_KNOWN) else PREFIX + path
        self.routes.append(Route(whole, self._endpoint(answer), methods=methods))

    def add_streamed(self, path: str, methods: list[str], answer: Callable[..., Awaitable[Response]]) -> None:
        """For endpoints that read the body themselves: they also take the request."""

        async def endpoint(request: Request) -> Response:
            visit = await read_visit(request, request.scope[KEY], self._services, form=False)
            return await answer(visit, request, **request.path_params)

        self.routes.append(Route(PREFIX + path, endpoint, methods=methods))

    def _endpoint(
        self, answer: Callable[..., Awaitable[Response] | Response]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            visit = await read_visit(request, request.scope[KEY], self._services)
            found = answer(visit, **request.path_params)
            return found if isinstance(found, Response) else await found

        return endpoint


def _on_both(route: _Routes, services: Services) -> None:
    route.add("/logout", BOTH, lambda visit: logout.logout(visit, services))
    route.add("/get-identity", GET, lambda visit: identity.get_identity(visit, services))
    route.add("/certs", GET, certs.certs)
    route.add("/public-cert", GET, certs.public_cert)
    route.add("/assets/{name}", GET, lambda visit, name: assets.asset(visit, services, name))
    route.add(WELL_KNOWN, GET, lambda visit: protected_resource(visit, ""))
    route.add(WELL_KNOWN + "/{path:path}", GET, protected_resource)


def _to_team(visit: Visit, services: Services, host: str) -> Response:
    path = f"/login/{host_name(host) or visit.asked.host}"
    location = team_url(visit.organization, path, visit.query.values)
    return redirect(services.pages, visit.organization, location)


def _host(visit: Visit) -> ApplicationHost:
    if not isinstance(visit.asked, ApplicationHost):
        raise TypeError("this route stands in the table of applications' hosts only")
    return visit.asked
