"""The status listener: ``/livez``, ``/readyz`` and ``/metrics`` over plain HTTP, for this machine only.

It tells about the inside of the door, so it answers on loopback, and there only to requests that name a loopback host: a
page in a browser that points its own name at 127.0.0.1 (DNS rebinding) learns nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import httpx
import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from doorward.edge.metrics import Metrics

log = structlog.get_logger(__name__)

_CHECK_SECONDS: Final = 1.0
_STATS_SECONDS: Final = 2.0
_LOOPBACK_NAMES: Final = ("127.0.0.1", "localhost", "[::1]", "::1")
_TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a readiness check found. ``detail`` is a few words for the operator; no secrets."""

    ok: bool
    detail: str = ""


Check = Callable[[], Awaitable[Finding]]
EnvoyStats = Callable[[], Awaitable[bytes]]


def status_app(
    checks: Mapping[str, Check], metrics: Metrics, envoy_stats: EnvoyStats, *, address: str = "127.0.0.1"
) -> Starlette:
    """The application for the status listener.

    ``checks`` by name, run at each question, all at once and each for a second at most; ready is when all are ok.
    ``address`` is what the listener is bound to: another one than loopback also answers to other names.
    """

    async def livez(_request: Request) -> Response:
        return PlainTextResponse("alive\n", headers=_UNCACHED)

    async def readyz(_request: Request) -> Response:
        findings = await readiness(checks)
        ready = all(finding.ok for finding in findings.values())
        told = {name: {"ok": finding.ok, "detail": finding.detail} for name, finding in findings.items()}
        return JSONResponse({"ready": ready, "checks": told}, status_code=200 if ready else 503, headers=_UNCACHED)

    async def numbers(_request: Request) -> Response:
        return Response(metrics.exposition() + await _lenient(envoy_stats), media_type=_TEXT, headers=_UNCACHED)

    names = _LOOPBACK_NAMES if is_loopback(address) else ("*",)
    return Starlette(
        routes=[Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", numbers)],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=names, www_redirect=False)],
    )


_UNCACHED: Final = {"cache-control": "no-store"}


def is_loopback(address: str) -> bool:
    """Can only this machine reach it?"""
    return ip_address(address).is_loopback


async def readiness(checks: Mapping[str, Check]) -> dict[str, Finding]:
    """Every check's finding. One that fails or takes too long is not ok; it does not take the others with it."""
    findings = await asyncio.gather(*(_bounded(name, check) for name, check in checks.items()))
    return dict(zip(checks, findings, strict=True))


def envoy_check(admin: Path) -> Check:
    """Is Envoy up and taking requests? Not while it starts, and not while it drains.

    ``admin`` is its admin socket; asks ``/ready`` (LIVE, PRE_INITIALIZING, INITIALIZING or DRAINING).
    """

    async def check() -> Finding:
        try:
            answer = await _ask(admin, "/ready", _CHECK_SECONDS)
        except httpx.HTTPError:
            return Finding(ok=False, detail="Envoy does not answer")
        return Finding(ok=answer.status_code == 200, detail=answer.text.strip().lower()[:40])

    return check


def envoy_stats(admin: Path) -> EnvoyStats:
    """Envoy's own numbers in Prometheus' text format; raises httpx.HTTPError."""

    async def fetch() -> bytes:
        answer = await _ask(admin, "/stats/prometheus?usedonly", _STATS_SECONDS)
        return answer.raise_for_status().content

    return fetch


async def _bounded(name: str, check: Check) -> Finding:
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            return await check()
    except TimeoutError:
        return Finding(ok=False, detail="took too long")
    except Exception as error:  # a broken check is an answer, and not the right one
        log.warning("A readiness check failed.", check=name, exc_info=error)
        return Finding(ok=False, detail=f"failed: {type(error).__name__}")


async def _lenient(stats: EnvoyStats) -> bytes:
    try:
        return await stats()
    except (httpx.HTTPError, OSError) as error:
        log.debug("Envoy's numbers are missing from the metrics.", why=type(error).__name__)
        return b""


async def _ask(admin: Path, target: str, seconds: float) -> httpx.Response:
    transport = httpx.AsyncHTTPTransport(uds=str(admin), verify=False)  # no TLS here: spares loading all authorities
    async with httpx.AsyncClient(transport=transport, timeout=seconds, trust_env=False) as client:
        return await client.get(f"http://envoy{target}")
