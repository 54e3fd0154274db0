"""An HTTP/1.1 server that remembers the exact bytes it was sent and answers as told. It tidies nothing.

The same server stands in for an origin, for the control plane's check socket and for its web socket.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from websockets.frames import Opcode
from websockets.http11 import Request as WebSocketRequest
from websockets.server import ServerProtocol


@dataclass(frozen=True)
class Recorded:
    """One request, as it came."""

    head: bytes
    """Request line and headers, with the empty line."""
    body: bytes = b""

    @property
    def method(self) -> str:
        return self.head.split(b" ", 1)[0].decode("latin-1")

    @property
    def target(self) -> str:
        """The request target, undecoded."""
        return self.head.split(b" ", 2)[1].decode("latin-1")

    @property
    def headers(self) -> list[tuple[str, str]]:
        """In order, names in lower case, duplicates kept."""
        lines = self.head.split(b"\r\n")[1:-2]
        pairs = (line.decode("latin-1").partition(":") for line in lines)
        return [(name.lower(), value.strip()) for name, _, value in pairs]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    def get(self, name: str) -> str | None:
        """The one value; two fail the test."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} came {len(values)} times: {values}"
        return values[0] if values else None


@dataclass
class Reply:
    status: int = 200
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b"origin"
    raw: bytes | None = None
    """Sent as it is, in place of everything else; the connection closes then."""
    delay: float = 0.0

    def to_bytes(self, *, head_only: bool = False) -> bytes:
        if self.raw is not None:
            return self.raw
        lines = [f"HTTP/1.1 {self.status} X", *(f"{name}: {value}" for name, value in self.headers)]
        if self.status >= 200 and self.status not in {204, 304}:
            lines.append(f"content-length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + (b"" if head_only else self.body)


class RecordingServer:
    """``requests`` is what came; ``reply`` decides the answers and may be replaced at any time."""

    def __init__(self, reply: Callable[[Recorded], Reply] | None = None) -> None:
        self.requests: list[Recorded] = []
        self.reply = reply or (lambda _: Reply())
        self.port = 0
        self.tunnelled = bytearray()
        """Bytes that came after an upgrade was answered with 101."""
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def listen(self, socket: Path | None = None) -> None:
        if socket is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=1 << 20)
            self.port = self._server.sockets[0].getsockname()[1]
        else:
            _clear(socket)
            self._server = await asyncio.start_unix_server(self._serve, socket, limit=1 << 20)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in list(self._writers):
                writer.close()
            await self._server.wait_closed()
            self._server = None

    def clear(self) -> None:
        self.requests.clear()
        self.tunnelled.clear()
        self.reply = lambda _: Reply()

    @property
    def last(self) -> Recorded:
        return self.requests[-1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while await self._exchange(reader, writer):
                    pass
        except asyncio.CancelledError:
            pass  # the loop is closing
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        bare = Recorded(head)
        request = Recorded(head, await _body(bare, reader))
        self.requests.append(request)
        if bare.target.startswith("/websocket") and bare.get("upgrade"):
            await _websocket_echo(head, reader, writer)
            return False
        if bare.target.startswith("/events"):
            await _events(writer)
            return False
        reply = self.reply(request)
        await asyncio.sleep(reply.delay)
        writer.write(reply.to_bytes(head_only=request.method == "HEAD"))
        await writer.drain()
        if reply.status == 101:
            self.tunnelled += await reader.read(1 << 16)
            return False
        return reply.raw is None


def _clear(socket: Path) -> None:
    socket.unlink(missing_ok=True)


async def _body(head: Recorded, reader: asyncio.StreamReader) -> bytes:
    if "chunked" in (head.get("transfer-encoding") or ""):
        body = b""
        while True:
            line = await reader.readuntil(b"\r\n")
            body += line
            size = int(line.split(b";")[0], 16)
            if size == 0:
                while (trailer := await reader.readuntil(b"\r\n")) != b"\r\n":
                    body += trailer
                return body + b"\r\n"
            body += await reader.readexactly(size + 2)
    return await reader.readexactly(int(head.get("content-length") or 0))


async def _websocket_echo(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    protocol = ServerProtocol()
    protocol.receive_data(head)
    request = protocol.events_received()[0]
    assert isinstance(request, WebSocketRequest)
    protocol.send_response(protocol.accept(request))
    writer.writelines(protocol.data_to_send())
    while data := await reader.read(1 << 16):
        protocol.receive_data(data)
        for frame in protocol.events_received():
            if frame.opcode is Opcode.TEXT:
                protocol.send_text(frame.data)
            elif frame.opcode is Opcode.BINARY:
                protocol.send_binary(frame.data)
        for outgoing in protocol.data_to_send():
            if not outgoing:
                return  # the closing handshake is done
            writer.write(outgoing)
        await writer.drain()


async def _events(writer: asyncio.StreamWriter) -> None:
    """Three server-sent events a tenth of a second apart."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
    for number in range(3):
        event = f"data: {number}\n\n".encode()
        writer.write(f"{len(event):x}\r\n".encode() + event + b"\r\n")
        await writer.drain()
        await asyncio.sleep(0.1)
    writer.write(b"0\r\n\r\n")
    await writer.drain()


@contextlib.asynccontextmanager
async def recording(
    socket: Path | None = None, reply: Callable[[Recorded], Reply] | None = None
) -> AsyncIterator[RecordingServer]:
    """A listening server on a unix socket or an ephemeral loopback port."""
    server = RecordingServer(reply)
    await server.listen(socket)
    try:
        yield server
    finally:
        await server.close()


Sender = Callable[[bytes], Awaitable[bytes]]
