"""Bytes to the door and bytes back. A client library would tidy what is sent here."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from tests.connection import ended


@dataclass(frozen=True)
class RawAnswer:
    """``status`` 0: the connection was closed without an answer."""

    status: int
    head: bytes = b""
    body: bytes = b""

    @property
    def from_origin(self) -> bool:
        return b"x-origin:" in self.head.lower()


async def send(port: int, data: bytes, seconds: float = 15) -> RawAnswer:
    """Send it all, read one answer until the connection closes or the body is complete."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(seconds):
            try:
                writer.write(data)
                await writer.drain()
                head = await reader.readuntil(b"\r\n\r\n")
                return RawAnswer(int(head.split(b" ", 2)[1]), head, await _body(head, reader))
            except (ConnectionError, asyncio.IncompleteReadError):
                return RawAnswer(0)
    finally:
        await ended(writer)


async def _body(head: bytes, reader: asyncio.StreamReader) -> bytes:
    for line in head.lower().split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return await reader.readexactly(int(value))
    return b""


def request(host: bytes, target: bytes = b"/", *lines: bytes, method: bytes = b"GET") -> bytes:
    """An HTTP/1.1 request of exactly these bytes."""
    return b"\r\n".join(
        [method + b" " + target + b" HTTP/1.1", b"host: " + host, *lines, b"connection: close", b"", b""]
    )
