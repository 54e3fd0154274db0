"""The leash: holds a call open for every WebSocket, event stream and gRPC call, and ends those whose access ended.

Envoy opens a call when a stream begins (``edge.xds.leash``) and says which token the origin got. The answer that ends
the client's stream is sent at once when that token is revoked, when its application's rules change, and when it expires.

This can only take away: whoever gets here was let in before. So an Envoy that gets no answer lets the stream go on, and
a restart of this process cuts nobody. Streams from before a restart are not known here any more; they go on until one
side ends them, or until nothing was sent for a quarter of an hour.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import grpc
import structlog
from envoy.service.ext_proc.v3.external_processor_pb2 import (
    GrpcStatus,
    HeadersResponse,
    ImmediateResponse,
    ProcessingRequest,
    ProcessingResponse,
    TrailersResponse,
)
from envoy.service.ext_proc.v3.external_processor_pb2_grpc import (
    ExternalProcessorServicer,
    add_ExternalProcessorServicer_to_server,
)
from envoy.type.v3.http_status_pb2 import HttpStatus

from doorward.access.revocation import Revocation
from doorward.access.snapshot import Snapshot
from doorward.edge import headers
from doorward.edge.xds.filters import TOKEN_KEY, TOKEN_NAMESPACE
from doorward.edge.xds.leash import BY_COOKIE, WAY
from doorward.tokens.claims import AppClaims
from doorward.tokens.jwt import TokenRefused, verify_app_any

log = structlog.get_logger(__name__)

_GRACE: Final = 0.2
"""Seconds for open calls when this process ends; Envoy lets their streams go on."""
_UNAUTHENTICATED: Final = 16
_UNCLAIMED: Final = 2.0
"""Seconds in which a revocation may still claim a stream that has ended: what it ended may be seen before it is itself."""


@dataclass(frozen=True, slots=True)
class Held:
    """What is known of one open stream."""

    application_id: str
    claims: AppClaims

    def over(self, snapshot: Snapshot, now: float) -> bool:
        """True when this access, which was granted, is no longer."""
        application = snapshot.applications.by_id(self.application_id)
        return (
            application is None
            or now >= self.claims.exp
            or self.claims.iat < application.not_before
            or snapshot.revokes(self.application_id, self.claims)
        )


class Leash:
    """Start it, then tell it of every new snapshot."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock``: Unix seconds, with fractions."""
        self._snapshot: Snapshot | None = None
        self._clock = clock
        self._open: dict[asyncio.Future[bool], Held] = {}
        self._unclaimed: list[tuple[float, Held]] = []
        self._server: grpc.aio.Server | None = None

    async def start(self, socket: Path) -> None:
        """Listen on a unix socket; a stale one of an earlier process is replaced."""
        _clear(socket)
        self._server = grpc.aio.server()
        add_ExternalProcessorServicer_to_server(_Servicer(self), self._server)
        self._server.add_insecure_port(f"unix:{socket}")
        await self._server.start()

    async def stop(self) -> None:
        """Let go of every stream; none of them ends by that."""
        if self._server is not None:
            await self._server.stop(_GRACE)

    @property
    def held(self) -> int:
        """How many streams are on the leash."""
        return len(self._open)

    def enforce(self, snapshot: Snapshot, revocations: Sequence[Revocation] = ()) -> Mapping[str, int]:
        """End every stream that this snapshot no longer allows; those that begin from now on are judged by it.

        Returns:
            How many streams ended by each of ``revocations``, by its id; a stream counts for the first that covers it.
        """
        self._snapshot = snapshot
        now = self._clock()
        over = [(end, held) for end, held in self._open.items() if not end.done() and held.over(snapshot, now)]
        for end, _ in over:
            end.set_result(True)
        if over:
            log.info("streams_ended", streams=len(over))
        recent = [(at, held) for at, held in self._unclaimed if now - at < _UNCLAIMED]
        return self._claimed([*recent, *((now, held) for _, held in over)], revocations)

    def _claimed(self, ended: Sequence[tuple[float, Held]], revocations: Sequence[Revocation]) -> Mapping[str, int]:
        counts: Counter[str] = Counter({revocation.id: 0 for revocation in revocations})
        self._unclaimed = []
        for at, held in ended:
            cause = next((one for one in revocations if one.covers(held.application_id, held.claims)), None)
            if cause is None:
                self._unclaimed.append((at, held))
            else:
                counts[cause.id] += 1
        return counts

    async def hold(self, requests: AsyncIterator[ProcessingRequest], context: Any) -> None:
        """One call, for as long as the client's stream lasts."""
        first = await anext(aiter(requests), None)
        if first is None:
            return
        snapshot, now = self._snapshot, self._clock()
        held = _held(first, context.invocation_metadata() or (), snapshot, now) if snapshot is not None else None
        if snapshot is not None and held is not None and held.over(snapshot, now):
            await context.write(_ended())
            return
        await context.write(_answer(first))
        if held is not None:
            await self._until_over(held, requests, context)

    async def _until_over(self, held: Held, requests: AsyncIterator[ProcessingRequest], context: Any) -> None:
        loop = asyncio.get_running_loop()
        end: asyncio.Future[bool] = loop.create_future()
        self._open[end] = held
        expiry = loop.call_later(max(0.0, held.claims.exp - self._clock()), _end, end)
        reading = asyncio.create_task(_read(requests, context, end))
        try:
            if await end:
                await context.write(_ended())
        finally:
            del self._open[end]
            expiry.cancel()
            reading.cancel()


def _held(
    request: ProcessingRequest, metadata: Iterable[tuple[str, str | bytes]], snapshot: Snapshot, now: float
) -> Held | None:
    """Which access a stream lives by; None: nobody's (a bypass), or a token that cannot be read any more."""
    if dict(metadata).get(WAY) == BY_COOKIE:
        struct = request.metadata_context.filter_metadata.get(TOKEN_NAMESPACE)
        token = struct.fields[TOKEN_KEY].string_value if struct is not None else ""
    else:
        sent = request.request_headers.headers.headers
        token = next((one.raw_value.decode("latin-1") for one in sent if one.key == headers.JWT_ASSERTION), "")
    if not token:
        return None
    try:
        claims = verify_app_any(token, snapshot.keys, issuer=snapshot.organization.issuer, now=int(now))
    except TokenRefused as error:
        log.warning("leash_token_unreadable", reason=error.reason.value)
        return None
    application = snapshot.application(claims.aud)
    return Held(application.id if application is not None else "", claims)


async def _read(requests: AsyncIterator[ProcessingRequest], context: Any, end: asyncio.Future[bool]) -> None:
    """Answer what else Envoy asks (trailers), until the client's stream is over."""
    try:
        async for request in requests:
            await context.write(_answer(request))
    finally:
        if not end.done():
            end.set_result(False)


def _end(end: asyncio.Future[bool]) -> None:
    if not end.done():
        end.set_result(True)


def _answer(request: ProcessingRequest) -> ProcessingResponse:
    """Go on, nothing is changed."""
    match request.WhichOneof("request"):
        case "request_headers":
            return ProcessingResponse(request_headers=HeadersResponse())
        case "response_headers":
            return ProcessingResponse(response_headers=HeadersResponse())
        case "request_trailers":
            return ProcessingResponse(request_trailers=TrailersResponse())
        case _:
            return ProcessingResponse(response_trailers=TrailersResponse())


def _ended() -> ProcessingResponse:
    """Before the origin answered the client gets this as a whole; afterwards its stream is reset."""
    return ProcessingResponse(
        immediate_response=ImmediateResponse(
            status=HttpStatus(code=401),
            body=b"The session has ended. Sign in again.\n",
            grpc_status=GrpcStatus(status=_UNAUTHENTICATED),
            details="session_ended",
        )
    )


def _clear(socket: Path) -> None:
    socket.unlink(missing_ok=True)


class _Servicer(ExternalProcessorServicer):  # type: ignore[misc]  # generated code without types
    def __init__(self, leash: Leash) -> None:
        self._leash = leash

    async def Process(self, request_iterator: AsyncIterator[ProcessingRequest], context: Any) -> None:  # noqa: N802 - the service's own spelling
        await self._leash.hold(request_iterator, context)
