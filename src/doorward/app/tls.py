"""The certificate of the TLS listener: read at start, followed while the door is open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog

from doorward.app.state import State
from doorward.edge import certificates
from doorward.edge.certificates import TlsMaterial
from doorward.edge.local_authority import advice, local_certificate
from doorward.edge.xds import TlsPair
from doorward.settings import LocalTls, Settings, TlsFiles

log = structlog.get_logger(__name__)

_LOOK_AGAIN: Final = 3600.0
"""Seconds between looks at a local certificate's remaining life and at the names it has to cover."""


async def follow_certificate(
    settings: Settings, state: State, now: Callable[[], int]
) -> Coroutine[Any, Any, None] | None:
    """Give ``state`` the certificate to serve; returns what must keep running to follow its changes.

    Raises:
        CertificateError: there is nothing that could be served.
    """
    tls = settings.listen.tls
    match tls:
        case None:
            return None
        case TlsFiles():
            material = certificates.load(tls.certificate, tls.key, now())
            await state.use_tls(_pair(material))
            return certificates.watch(
                tls.certificate, tls.key, material, lambda found: state.use_tls(_pair(found)), now=now
            )
        case LocalTls():
            await _use_local(state, now())
            return _renew_local(state, now)


async def _renew_local(state: State, now: Callable[[], int]) -> None:
    while True:
        await asyncio.sleep(_LOOK_AGAIN)
        await _use_local(state, now())


async def _use_local(state: State, now: int) -> None:
    snapshot = state.snapshot()
    patterns = (pattern for application in snapshot.applications for pattern in application.patterns)
    hosts = (snapshot.organization.auth_domain, *(pattern.host for pattern in patterns))
    made = await asyncio.to_thread(local_certificate, state.settings.state_dir / "tls", hosts, now)
    if made.new_authority:
        log.warning("local_authority_made", advice=advice(made.authority))
    await state.use_tls(_pair(made.material))


def _pair(material: TlsMaterial) -> TlsPair:
    return TlsPair(material.chain, material.key)
