"""Raw requests: what a client library would tidy is sent as it is."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable

from tests.connection import ended
from tests.edge.envoy_harness import Answer

WEBSOCKET = (
    "connection: upgrade",
    "upgrade: websocket",
    "sec-websocket-version: 13",
    "sec-websocket-key: MDEyMzQ1Njc4OTAxMjM0NQ==",
)


async def send(port: int, data: bytes, *, within: float = 5.0) -> Answer:
    """One request on a connection of its own, and all that comes back until the door closes or is silent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received = b""
    try:
        writer.write(data)
        await writer.drain()
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(within):
                while chunk := await reader.read(1 << 16):
                    received += chunk
    finally:
        await ended(writer)
    return Answer(received)


async def ask(
    port: int,
    host: str,
    target: str,
    *lines: str,
    method: str = "GET",
    cookie: str | bytes = "",
    body: bytes = b"",
    within: float = 5.0,
) -> Answer:
    """A request of these header lines; the connection closes after the answer."""
    written = [f"{method} {target} HTTP/1.1", f"host: {host}", "connection: close", *lines]
    head = "\r\n".join(written).encode("latin-1")
    if cookie:
        head += b"\r\ncookie: " + (cookie if isinstance(cookie, bytes) else cookie.encode("latin-1"))
    return await send(port, head + b"\r\n\r\n" + body, within=within)


def upgrade(host: str, target: str, *lines: str, cookie: str = "") -> bytes:
    """The head of a WebSocket handshake."""
    more: Iterable[str] = (f"cookie: {cookie}",) if cookie else ()
    return "\r\n".join([f"GET {target} HTTP/1.1", f"host: {host}", *WEBSOCKET, *lines, *more, "", ""]).encode("latin-1")
