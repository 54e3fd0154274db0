"""A server on this machine that answers in a vendor's shape: its paths, field names, pages and errors."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tests.providers.scripted import NONCE, NOW, public, rsa_key, sign

Reply = Callable[[Request], Response]
ACCESS_TOKEN = "access-token-of-the-visitor"


@dataclass
class Vendor:
    """``replies``: path to what is answered there."""

    url: str = ""
    replies: dict[str, Reply] = field(default_factory=dict)
    asked: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    """Path, query and headers of each request."""
    forms: list[dict[str, str]] = field(default_factory=list)

    def on(self, path: str, value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self.replies[path] = lambda _: JSONResponse(value, status, headers)

    def pages(self, path: str, pages: Mapping[str, Reply], parameter: str) -> None:
        """Another page for each value of the query's ``parameter``; ``""`` when it is absent."""
        self.replies[path] = lambda request: pages[request.query_params.get(parameter, "")](request)

    def speaks_openid(self, issuer_path: str, **claims: Any) -> None:
        """Discovery, keys and an id_token with ``claims`` below ``issuer_path``; a claim of value None is left out."""
        issuer = self.url + issuer_path
        self.on(
            issuer_path.rstrip("/") + "/.well-known/openid-configuration",
            {
                "issuer": issuer,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
            },
        )
        self.on("/keys", {"keys": [public(rsa_key())]})
        given = {"iss": issuer, "aud": "client", "sub": "00u-1", "iat": NOW, "exp": NOW + 300, "nonce": NONCE, **claims}
        token = sign({name: value for name, value in given.items() if value is not None})
        self.on("/token", {"access_token": ACCESS_TOKEN, "token_type": "Bearer", "id_token": token})

    def authorizations(self, path: str) -> set[str]:
        """The Authorization headers seen at ``path``."""
        return {headers.get("authorization", "") for where, _, headers in self.asked if where == path}

    async def answer(self, request: Request) -> Response:
        path = request.url.path
        self.asked.append((path, request.url.query, dict(request.headers)))
        if request.method == "POST":
            self.forms.append({name: values[0] for name, values in parse_qs((await request.body()).decode()).items()})
        reply = self.replies.get(path)
        return reply(request) if reply else JSONResponse({"error": "not_found"}, 404)


@contextlib.asynccontextmanager
async def vendor() -> AsyncIterator[Vendor]:
    """A vendor at ``http://127.0.0.1:<port>``."""
    here = Vendor()
    app = Starlette(routes=[Route("/{path:path}", here.answer, methods=["GET", "POST"])])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", lifespan="off"))
    running = asyncio.create_task(server.serve())
    async with asyncio.timeout(10):
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
    here.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield here
    finally:
        server.should_exit = True
        await running


def page(value: Any, following: str = "") -> Reply:
    """A page of a list, with a Link header to the next."""
    headers = {"link": f'<{following}>; rel="next", <https://elsewhere.test/last>; rel="last"'} if following else {}
    return lambda _: JSONResponse(value, 200, headers)
