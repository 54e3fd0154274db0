"""The control plane's process: what listens, what repeats, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import time
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Final

import structlog
import uvloop

from doorward import journal, login
from doorward.access.record import DecisionRecord
from doorward.app.readiness import checks
from doorward.app.serving import serving
from doorward.app.settling import Settling
from doorward.app.state import State
from doorward.app.tls import follow_certificate
from doorward.audit import Audit
from doorward.edge.check import Check
from doorward.edge.envoy import ADMIN_SOCKET, CHECK_SOCKET, LEASH_SOCKET, WEB_SOCKET, XDS_SOCKET
from doorward.edge.leash import Leash
from doorward.edge.metrics import Metrics
from doorward.edge.status import envoy_stats, status_app
from doorward.edge.xds import AdsServer
from doorward.geo import Countries
from doorward.login.approvers_mail import MAILS as APPROVAL_MAILS
from doorward.login.outbox import MAILS
from doorward.pages import Pages
from doorward.providers import Providers, outbound_client
from doorward.services import Services
from doorward.settings import Settings, load
from doorward.store import Cipher, Store

log = structlog.get_logger(__name__)

POLL_SECONDS: Final = 0.25
"""How often the store is asked whether another process changed something. Part of how quickly a revocation holds."""
AUTHORITIES_SECONDS: Final = 1.0
"""How often the files with client authorities and revocation lists are looked at."""
UPKEEP_SECONDS: Final = 30.0
"""How often keys are looked after and old rows are dropped."""


def run(config: Path, runtime: Path) -> int:
    """Run until SIGTERM or until the supervisor is gone. Exit code.

    Raises:
        InvalidConfiguration: with every mistake in the file.
        StoreError: the database cannot be used.
    """
    settings = load(config, os.environ)
    journal.configure(settings.log.format, settings.log.level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(settings, runtime))


async def _run(settings: Settings, runtime: Path) -> int:
    stopping, reloading = asyncio.Event(), asyncio.Event()
    async with contextlib.AsyncExitStack() as stack:
        store = await Store.open(settings.store_url, Cipher.load(settings.secret_key_file, os.environ))
        stack.push_async_callback(store.close)
        metrics = Metrics()
        metrics.registry.register(MAILS)
        metrics.registry.register(APPROVAL_MAILS)
        ads = AdsServer(lambda rejection: metrics.refused_by_envoy(rejection.type_url.rpartition(".")[2]))
        leash = Leash(time.time)
        state = State(settings, store, ads, leash, runtime, _now)
        metrics.watch_snapshot(lambda: _now() - state.loaded_at)
        metrics.watch_streams(lambda: leash.held)
        countries = Countries(settings.geoip) if settings.geoip is not None else None
        services = await _services(settings, store, state, metrics, countries, stack)
        _watch_signals(stopping, reloading)

        await state.refresh()
        following = await follow_certificate(settings, state, _now)
        await leash.start(runtime / LEASH_SOCKET)
        stack.push_async_callback(leash.stop)
        await ads.start(runtime / XDS_SOCKET)
        stack.push_async_callback(ads.stop)
        web = login.application(services)
        stack.push_async_callback(web.close)
        await stack.enter_async_context(serving(Check(services, metrics), socket=runtime / CHECK_SOCKET))
        await stack.enter_async_context(serving(web, socket=runtime / WEB_SOCKET))
        admin, (host, port) = runtime / ADMIN_SOCKET, (settings.status.address, settings.status.port)
        status = status_app(checks(state, store, ads, admin, _now), metrics, envoy_stats(admin), address=host)
        await stack.enter_async_context(serving(status, address=(host, port)))

        settling = Settling(store, state.snapshot, state.refresh, _now)
        repeated = [
            asyncio.create_task(_repeat(POLL_SECONDS, state.refresh_if_changed, "poll")),
            asyncio.create_task(_repeat(UPKEEP_SECONDS, lambda: _upkeep(state, store, countries), "upkeep")),
            asyncio.create_task(_repeat(POLL_SECONDS, settling.settle, "reports")),
            asyncio.create_task(_repeat(AUTHORITIES_SECONDS, state.refresh_if_authorities_changed, "authorities")),
            asyncio.create_task(_reload(state, reloading)),
            *([asyncio.create_task(following)] if following is not None else []),
        ]
        log.info("control_plane_ready", version=state.version, applications=len(state.snapshot().applications))
        await stopping.wait()
        for task in repeated:
            task.cancel()
        await asyncio.gather(*repeated, return_exceptions=True)
    return 0


async def _services(
    settings: Settings,
    store: Store,
    state: State,
    metrics: Metrics,
    countries: Countries | None,
    stack: contextlib.AsyncExitStack,
) -> Services:
    def count(record: DecisionRecord) -> None:
        if record.kind == "login":
            provider = state.snapshot().identity_providers.get(record.idp_id)
            metrics.logged_in(provider.type if provider is not None else "none", record.outcome)

    audit = Audit(store.decisions.append, log, observe=count)
    audit.start()
    stack.push_async_callback(audit.close)
    providers = Providers(outbound_client(), store.saml)
    stack.push_async_callback(providers.close)
    return Services(
        settings=settings,
        store=store,
        audit=audit,
        pages=Pages(),
        providers=providers,
        snapshot=state.snapshot,
        refresh=state.refresh_if_changed,
        now=_now,
        token=lambda: secrets.token_urlsafe(32),
        country=countries.country if countries is not None else _unknown_country,
    )


async def _upkeep(state: State, store: Store, countries: Countries | None) -> None:
    """Keys come into force and revocations run out by time alone, so the snapshot is renewed as well."""
    await state.refresh()
    await store.prune(_now())
    if countries is not None:
        await asyncio.to_thread(countries.refresh)


async def _repeat(seconds: float, what: Callable[[], Awaitable[None]], name: str) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await what()
        except Exception:
            # The last good state goes on; a door that forgets everything because of one bad moment locks a company out.
            log.exception("upkeep_failed", task=name)


def _watch_signals(stopping: asyncio.Event, reloading: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    loop.add_signal_handler(signal.SIGHUP, reloading.set)


async def _reload(state: State, wanted: asyncio.Event) -> None:
    """However often it is asked for while one reload is under way, there is one more."""
    while True:
        await wanted.wait()
        wanted.clear()
        try:
            await state.reload()
        except Exception:
            log.exception("reload_failed")


def _unknown_country(_ip: IPv4Address | IPv6Address | None) -> str | None:
    return None


def _now() -> int:
    return int(time.time())
