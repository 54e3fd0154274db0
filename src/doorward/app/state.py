"""The one mutable thing of the control plane: which snapshot is the current one, and how it is replaced."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import structlog

from doorward.access.snapshot import Snapshot
from doorward.app.client_authorities import AuthorityFiles
from doorward.applications import Applications
from doorward.edge.envoy import CHECK_SOCKET, LEASH_SOCKET, WEB_SOCKET
from doorward.edge.leash import Leash
from doorward.edge.xds import AdsServer, EdgeSettings, TlsPair, build
from doorward.settings import InvalidConfiguration, Settings, fingerprint, load, names, resolve
from doorward.store import Store
from doorward.store.high_water import HighWater, end_what_was_restored

log = structlog.get_logger(__name__)

_RESTART = ("store_url", "secret_key_file", "status", "mail", "log", "geoip")
"""Settings that take part in a running process only once."""


class State:
    """Loads snapshots, publishes Envoy's configuration for them, and swaps them whole."""

    def __init__(
        self, settings: Settings, store: Store, ads: AdsServer, leash: Leash, runtime: Path, now: Callable[[], int]
    ) -> None:
        self._settings = settings
        self._store = store
        self._ads = ads
        self._leash = leash
        self._mark = HighWater(settings.state_dir, settings.store_url)
        self._runtime = runtime
        self._now = now
        self._turn = asyncio.Lock()
        self._snapshot: Snapshot | None = None
        self._tls: TlsPair | None = None
        self._authorities = AuthorityFiles()
        self._revision = -1
        self.version = ""
        """Of Envoy's configuration that was published last."""
        self.loaded_at = 0
        """Unix seconds."""

    @property
    def settings(self) -> Settings:
        """As last read."""
        return self._settings

    def snapshot(self) -> Snapshot:
        """The current one.

        Raises:
            RuntimeError: none was loaded yet. Whoever asks refuses then.
        """
        if self._snapshot is None:
            raise RuntimeError("no snapshot has been loaded yet")
        return self._snapshot

    @property
    def loaded(self) -> bool:
        """A snapshot is there."""
        return self._snapshot is not None

    async def refresh(self) -> None:
        """Load what the store holds now, tell Envoy, and make it the current snapshot. One at a time, in order."""
        async with self._turn:
            await self._load()

    async def refresh_if_changed(self) -> None:
        """:meth:`refresh`, unless the store says that nothing has changed since.

        Many who ask at once wait for one or two loads, not for one each: what the first has read, the next find done.
        """
        if await self._store.revision() == self._revision:
            return
        async with self._turn:
            if await self._store.revision() != self._revision:
                await self._load()

    async def refresh_if_authorities_changed(self) -> None:
        """:meth:`refresh`, when a file of those who vouch for client certificates holds something else."""
        settings = self._settings
        if not settings.mtls_certificates:
            return
        if await asyncio.to_thread(self._authorities.changed, settings):
            await self.refresh()

    async def use_tls(self, tls: TlsPair) -> None:
        """Serve this certificate from now on."""
        async with self._turn:
            self._tls = tls
            if self._snapshot is not None:
                await self._publish(self._snapshot)

    async def reload(self) -> None:
        """Read the configuration file again. A file with mistakes changes nothing."""
        async with self._turn:
            try:
                # Off the loop: a large file takes a second to check, and visitors wait for answers meanwhile.
                fresh = await asyncio.to_thread(load, self._settings.path, os.environ)
            except InvalidConfiguration as error:
                log.error("configuration_refused", problems=[str(problem) for problem in error.problems])  # noqa: TRY400
                return
            before, self._settings = self._settings, self._applicable(fresh)
            try:
                await self._load()
            except BaseException:
                self._settings = before
                raise
        log.info("configuration_reloaded", applications=len(self.snapshot().applications))

    def _applicable(self, fresh: Settings) -> Settings:
        """What of it can be taken over without a restart; the rest is as before."""
        late = [name for name in _RESTART if getattr(fresh, name) != getattr(self._settings, name)]
        if late:
            log.warning("configuration_needs_restart", settings=late)
        return replace(fresh, **{name: getattr(self._settings, name) for name in late})

    async def _load(self) -> None:
        """Gather, build, publish; the snapshot changes hands only after Envoy's configuration was found safe."""
        now, store, settings = self._now(), self._store, self._settings
        if await end_what_was_restored(store, self._mark, now):
            log.warning("older_database", consequence="every session in it has ended; everybody signs in again")
        revision = await store.revision()
        revocations = await store.revocations.pending()  # all of them are in what is read from here on
        keys = await store.signing_keys.ensure(now, settings.organization.auth_domain)
        ids = {kind: await store.objects.identify(kind, wanted) for kind, wanted in names(settings).items()}
        account = await store.organization.account_id()
        resolved = resolve(settings, ids, account, {})
        await store.service_tokens.declare(resolved.service_tokens, now)
        authorities = await asyncio.to_thread(self._authorities.read, settings, now)
        marks = {
            # A token of this very second may have been granted by the old rules: the mark is the next one.
            application.id: await store.objects.not_before(
                application.id,
                fingerprint(
                    application,
                    resolved.directory,
                    resolved.identity_providers,
                    authorities,
                    resolved.organization,
                ),
                now + 1,
            )
            for application in resolved.applications
        }
        revoked_before = await store.revocations.marks(tuple(marks))
        marks = {application: max(mark, revoked_before[application]) for application, mark in marks.items()}
        resolved = resolve(settings, ids, account, marks)
        snapshot = Snapshot(
            organization=resolved.organization,
            applications=Applications.of(resolved.applications),
            identity_providers=resolved.identity_providers,
            directory=resolved.directory,
            ingress=resolved.ingress,
            keys=keys,
            revoked=await store.app_tokens.revoked(now),
            revoked_before=revoked_before,
            report_sources=resolved.report_sources,
            client_authorities=authorities,
        )
        # Open streams first: building takes a while, and who connects anew meanwhile is judged by the leash already.
        ended = self._leash.enforce(snapshot, revocations)
        await self._publish(snapshot)
        self._snapshot, self._revision, self.loaded_at = snapshot, revision, now
        await store.revocations.settle(ended)  # whoever waits for this is told when all of it is in force
        await self._remember(revision)

    async def _remember(self, revision: int) -> None:
        try:
            await asyncio.to_thread(self._mark.rise, revision)
        except OSError as error:
            log.error("revision_not_kept", reason=str(error))  # noqa: TRY400 - a full disk is no bug

    async def _publish(self, snapshot: Snapshot) -> None:
        edge = self._edge()
        if edge is None:
            return  # TLS is configured and no certificate was read yet: there is nothing that could be listened with
        # Off the loop: with a thousand applications this takes a second, and visitors wait for answers meanwhile.
        resources = await asyncio.to_thread(build, snapshot, edge, self._now())
        if resources.version != self.version:
            self._ads.publish(resources)
            self.version = resources.version

    def _edge(self) -> EdgeSettings | None:
        listen, client = self._settings.listen, self._settings.client_address
        if listen.https is not None and self._tls is None:
            return None
        return EdgeSettings(
            public=self._settings.public,
            check_socket=str(self._runtime / CHECK_SOCKET),
            web_socket=str(self._runtime / WEB_SOCKET),
            leash_socket=str(self._runtime / LEASH_SOCKET),
            address=listen.address,
            http=listen.http,
            https=listen.https,
            tls=self._tls,
            http3=listen.http3,
            client_address_header=client.header if client.header != "x-forwarded-for" else None,
            trusted_hops=client.trusted_hops if client.header == "x-forwarded-for" else 0,
        )
