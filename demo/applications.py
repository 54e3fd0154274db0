"""The protected applications: one small program that shows what reached it, and checks the token as any origin would."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from demo.pages import HEADERS, page
from demo.ports import Ports

NAMES: Final = {"wiki.localhost": "Wiki", "metrics.localhost": "Metrics", "payroll.localhost": "Payroll"}
_MEANINGS: Final = {
    "email": "who you are, as the identity provider knows it",
    "sub": "your lasting number at this door",
    "aud": "this application, and no other",
    "iss": "the door that signed it",
    "iat": "signed",
    "nbf": "not valid before",
    "exp": "not valid from then on",
    "policy_id": "the policy that let you in",
    "identity_nonce": "your session, shared by all applications",
    "custom": "what the identity provider said besides",
    "nonce": "this very token: it can be revoked alone",
    "country": "where you came from, when the door has a GeoIP database",
}
_TIMES: Final = frozenset({"iat", "nbf", "exp"})
_FIRST: Final = ("email", "custom", "aud", "iss", "iat", "exp")
_ADDED: Final = ("cf-access-", "x-request-id")


def audience(host: str) -> str:
    """The audience tag of an application; the configuration gives it the same."""
    return hashlib.sha256(f"doorward demo {host}".encode()).hexdigest()


class UnverifiedError(Exception):
    """The token proves nothing. The sentence is for the page."""


@dataclass(frozen=True, slots=True)
class Named:
    """A row of a table."""

    name: str
    value: str
    meaning: str = ""


class Verifier:
    """Checks tokens with the keys that the door publishes. Asks for them again only when a key is unknown."""

    def __init__(self, door: int) -> None:
        self._door = door
        self._keys = KeySet([])

    async def verify(self, token: str, host: str) -> jwt.Token:
        """The token of this application.

        Raises:
            UnverifiedError: it is missing, made by somebody else, for another application, or too old.
        """
        if not token:
            raise UnverifiedError("The request brought no token.")
        issuer = f"http://login.localhost:{self._door}"
        rules = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience(host)},
            exp={"essential": True},
        )
        try:
            try:
                decoded = jwt.decode(token, self._keys, algorithms=["RS256"])
            except (JoseError, ValueError):
                self._keys = await self._published()
                decoded = jwt.decode(token, self._keys, algorithms=["RS256"])
            rules.validate(decoded.claims)
        except (JoseError, ValueError, httpx.HTTPError) as error:
            raise UnverifiedError(f"The token was not accepted: {error}.") from error
        return decoded

    async def _published(self) -> KeySet:
        # *.localhost need not resolve outside browsers: ask the address and name the host.
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(
                f"http://127.0.0.1:{self._door}/cdn-cgi/access/certs",
                headers={"Host": f"login.localhost:{self._door}"},
            )
            answer.raise_for_status()
            return KeySet.import_key_set({"keys": answer.json()["keys"]})


def application(ports: Ports) -> Starlette:
    """Serve all three by their host names."""
    verifier = Verifier(ports.door)

    async def show(request: Request) -> HTMLResponse:
        host = request.url.hostname or ""
        name = NAMES.get(host, host)
        token = request.headers.get("cf-access-jwt-assertion", "")
        try:
            verified = await verifier.verify(token, host)
        except UnverifiedError as error:
            refused = page("refused.html", kind=name.lower(), name=name, why=str(error))
            return HTMLResponse(refused, 403, headers=HEADERS)
        return HTMLResponse(_shown(request, name, token, verified, ports), headers=HEADERS)

    return Starlette(routes=[Route("/{path:path}", show)])


def _shown(request: Request, name: str, token: str, verified: jwt.Token, ports: Ports) -> str:
    headers = [Named(key, value) for key, value in sorted(request.headers.items())]
    return page(
        "application.html",
        kind=name.lower(),
        name=name,
        email=str(verified.claims.get("email", "")),
        others=[{"name": other, "url": f"http://{host}:{ports.door}/"} for host, other in NAMES.items()],
        claims=[_explained(claim, verified.claims[claim]) for claim in _FIRST if claim in verified.claims],
        more=[_explained(claim, value) for claim, value in verified.claims.items() if claim not in _FIRST],
        header=verified.header,
        token=token.split("."),
        added=[header for header in headers if header.name.startswith(_ADDED)],
        sent=[header for header in headers if not header.name.startswith(_ADDED)],
    )


def _explained(name: str, value: Any) -> Named:
    return Named(name, value if isinstance(value, str) else json.dumps(value), _meaning(name, value))


def _meaning(name: str, value: Any) -> str:
    meaning = _MEANINGS.get(name, "")
    if name in _TIMES and isinstance(value, int):
        return f"{meaning}: {datetime.fromtimestamp(value, UTC):%d %B %Y, %H:%M:%S} UTC"
    return meaning
