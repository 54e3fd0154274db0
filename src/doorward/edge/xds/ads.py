"""The delta ADS server: hands every connected Envoy the newest configuration over a unix socket."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import grpc
from envoy.service.discovery.v3.ads_pb2_grpc import (
    AggregatedDiscoveryServiceServicer,
    add_AggregatedDiscoveryServiceServicer_to_server,
)
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest

from doorward.edge.xds.proof import UnsafeConfiguration, check_routes
from doorward.edge.xds.resources import Resources
from doorward.edge.xds.stream import Rejection, Stream

_LOG = logging.getLogger(__name__)
_GRACE = 0.2
_LONGEST_MESSAGE = 64 * 1024 * 1024


class AdsServer:
    """Start it, publish to it, ask it whether a version is in force."""

    def __init__(self, rejected: Callable[[Rejection], None] = lambda _: None) -> None:
        """``rejected`` is called for each NACK, besides the log line."""
        self._rejected = rejected
        self._resources: Resources | None = None
        self._streams: dict[Stream, asyncio.Event] = {}
        self._changed = asyncio.Condition()
        self._server: grpc.aio.Server | None = None

    async def start(self, socket: Path) -> None:
        """Listen on a unix socket; a stale one of an earlier process is replaced."""
        _clear(socket)
        limits = [("grpc.max_receive_message_length", _LONGEST_MESSAGE), ("grpc.max_send_message_length", -1)]
        self._server = grpc.aio.server(options=limits)
        add_AggregatedDiscoveryServiceServicer_to_server(_Servicer(self), self._server)
        self._server.add_insecure_port(f"unix:{socket}")
        await self._server.start()

    async def stop(self) -> None:
        """Close every stream. Envoy goes on with what it has."""
        if self._server is not None:
            await self._server.stop(_GRACE)

    def publish(self, resources: Resources) -> None:
        """Offer this configuration to every Envoy from now on.

        Raises:
            UnsafeConfiguration: a route could open the door; what was published before stays.
        """
        problems = check_routes(resources)
        if problems:
            raise UnsafeConfiguration(problems)
        self._resources = resources
        for news in self._streams.values():
            news.set()

    @property
    def connected(self) -> int:
        """How many Envoys are listening to us."""
        return len(self._streams)

    def live(self, version: str) -> bool:
        """True when ``version`` is the published one and every connected Envoy (at least one) has acknowledged all of it."""
        resources = self._resources
        if resources is None or resources.version != version or not self._streams:
            return False
        return all(stream.holds(resources) for stream in self._streams)

    async def until_live(self, version: str) -> None:
        """Wait for :meth:`live`; the caller sets the time limit."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.live(version))

    async def serve(self, requests: AsyncIterator[DeltaDiscoveryRequest], context: Any) -> None:
        """One stream, until either side ends it."""
        stream, news = Stream(), asyncio.Event()
        self._streams[stream] = news
        reading = asyncio.create_task(self._read(requests, stream, news))
        try:
            await self._write(stream, news, context, reading)
        finally:
            del self._streams[stream]
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError, grpc.aio.AioRpcError):
                await reading
            await self._tell_waiting()

    async def _read(self, requests: AsyncIterator[DeltaDiscoveryRequest], stream: Stream, news: asyncio.Event) -> None:
        async for request in requests:
            rejection = stream.receive(request)
            if rejection is not None:
                _LOG.error(
                    "Envoy %s refused the new %s %s: %s; it goes on with the last good one",
                    rejection.node, rejection.type_url.rpartition(".")[2], ", ".join(rejection.names), rejection.message,
                )  # fmt: skip
                self._rejected(rejection)
            news.set()
            await self._tell_waiting()

    async def _write(self, stream: Stream, news: asyncio.Event, context: Any, reading: asyncio.Task[None]) -> None:
        reading.add_done_callback(lambda _: news.set())
        while not reading.done():
            await news.wait()
            news.clear()
            if self._resources is not None:
                for response in stream.due(self._resources):
                    await context.write(response)

    async def _tell_waiting(self) -> None:
        async with self._changed:
            self._changed.notify_all()


def _clear(socket: Path) -> None:
    socket.unlink(missing_ok=True)


class _Servicer(AggregatedDiscoveryServiceServicer):  # type: ignore[misc]  # generated code without types
    def __init__(self, ads: AdsServer) -> None:
        self._ads = ads

    async def DeltaAggregatedResources(  # noqa: N802 - the service's own spelling
        self, request_iterator: AsyncIterator[DeltaDiscoveryRequest], context: Any
    ) -> None:
        await self._ads.serve(request_iterator, context)
