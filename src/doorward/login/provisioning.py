"""Which identity provider's SCIM endpoint a request is for.

The protocol's library takes a second to import, longer than everything else together, and most doors have no directory
that speaks it: it is loaded for the first request, beside the event loop.
"""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING, Final

from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from doorward.login.arrival import KEY, Arrival
from doorward.services import Services

if TYPE_CHECKING:  # see above
    from doorward.provisioning import Provisioning

_ERROR: Final = "urn:ietf:params:scim:api:messages:2.0:Error"


class Populations:
    """An ASGI endpoint: no cookie is looked at here, and no page is shown."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._loading = asyncio.Lock()
        self._provisioning: Provisioning | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        arrival: Arrival = scope[KEY]
        idp = arrival.snapshot.identity_providers.get(scope["path_params"]["idp_id"])
        if idp is None or idp.scim_config is None or not idp.scim_config.enabled:
            body = {"schemas": [_ERROR], "status": "404", "detail": "There is no such provider, or SCIM is off for it."}
            await JSONResponse(body, 404, media_type="application/scim+json")(scope, receive, send)
            return
        provisioning = await self._loaded()
        await provisioning.answer(idp, arrival.snapshot.organization.issuer, scope, receive, send)

    async def _loaded(self) -> Provisioning:
        async with self._loading:
            if self._provisioning is None:
                module = await asyncio.to_thread(import_module, "doorward.provisioning")
                self._provisioning = module.Provisioning(self._services)
            return self._provisioning


def populations(services: Services) -> Route:
    """All methods, all paths below a provider's endpoint."""
    return Route("/populations/{idp_id}/scim/{rest:path}", Populations(services))
