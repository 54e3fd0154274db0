"""The protected applications: one small program that shows what reached it, and checks the token as any origin would."""

from __future__ import annotations

import html
import json
from typing import Any

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from demo.ports import Ports
from demo.style import page

NAMES = {"wiki.localhost": "Wiki", "metrics.localhost": "Metrics", "payroll.localhost": "Payroll"}


def application(ports: Ports) -> Starlette:
    """Serve all three by their host names."""
    issuer = f"http://login.localhost:{ports.door}"

    async def key_set() -> KeySet:
        # *.localhost need not resolve outside browsers: ask the address and name the host.
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(
                f"http://127.0.0.1:{ports.door}/cdn-cgi/access/certs",
                headers={"Host": f"login.localhost:{ports.door}"},
            )
            answer.raise_for_status()
            return KeySet.import_key_set({"keys": answer.json()["keys"]})

    async def show(request: Request) -> HTMLResponse:
        host = request.url.hostname or ""
        token = request.headers.get("cf-access-jwt-assertion", "")
        try:
            decoded = jwt.decode(token, await key_set(), algorithms=["RS256"])
            jwt.JWTClaimsRegistry(iss={"essential": True, "value": issuer}).validate(decoded.claims)
        except (JoseError, ValueError, httpx.HTTPError) as error:
            return HTMLResponse(page("Refused", f"<h1>No valid token</h1><p>{html.escape(str(error))}</p>"), 403)
        return HTMLResponse(page(NAMES.get(host, host), _body(request, host, decoded.header, decoded.claims, ports)))

    return Starlette(routes=[Route("/{path:path}", show)])


def _body(request: Request, host: str, header: dict[str, Any], claims: dict[str, Any], ports: Ports) -> str:
    email = str(claims.get("email", ""))
    links = "".join(f'<a href="http://{name}:{ports.door}/">{label}</a>' for name, label in NAMES.items())
    headers = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>"
        for name, value in sorted(request.headers.items())
    )
    return f"""
<nav>{links}<a href="http://{html.escape(host)}:{ports.door}/cdn-cgi/access/logout">Log out</a></nav>
<h1>{html.escape(NAMES.get(host, host))}</h1>
<section class=who><i>{html.escape(email[:1].upper())}</i><div><b>{html.escape(email)}</b><br>
<span class=muted>is who the door says you are. This application has no login of its own.</span></div></section>
<h2>The token, decoded <span class=ok>✓ signature checked against the door's published keys</span></h2>
<section><pre>{html.escape(json.dumps(header, indent=2))}
{html.escape(json.dumps(claims, indent=2))}</pre></section>
<h2>The headers this application got</h2>
<section><table>{headers}</table></section>
"""
