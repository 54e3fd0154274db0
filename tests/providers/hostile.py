"""A provider that misbehaves on a real socket: each path is one way to go wrong. Raw, so that no library tidies it."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

JSON = b'{"fine": true}'


def answer(status: str = "200 OK", headers: str = "content-type: application/json\r\n", body: bytes = JSON) -> bytes:
    return f"HTTP/1.1 {status}\r\n{headers}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body


WHOLE = {
    "/fine": answer(),
    "/no-type": answer(headers=""),
    "/text-type": answer(headers="content-type: text/plain; charset=utf-8\r\n"),
    "/jwk-type": answer(headers="content-type: application/jwk-set+json\r\n"),
    "/cookie": answer(headers="content-type: application/json\r\nset-cookie: tracking=1; Path=/\r\n"),
    "/bad-request": answer("400 Bad Request", body=b'{"error": "invalid_grant"}'),
    "/redirect": answer("302 Found", "location: /fine\r\n", b""),
    "/redirect-permanent": answer("308 Permanent Redirect", "location: http://169.254.169.254/\r\n", JSON),
    "/not-modified": answer("304 Not Modified", "", b""),
    "/error": answer("500 Internal Server Error", "content-type: text/html\r\n", b"<h1>Oops</h1>"),
    "/busy": answer("503 Service Unavailable"),
    "/limited": answer("429 Too Many Requests"),
    "/html": answer(headers="content-type: text/html\r\n", body=JSON),
    "/image": answer(headers="content-type: image/png\r\n", body=JSON),
    "/signed": answer(headers="content-type: application/jwt\r\n", body=b"a.b.c"),
    "/not-json": answer(body=b"fine: true"),
    "/list": answer(body=b"[1]"),
    "/empty": answer(body=b""),
    "/twice": answer(body=b'{"a": 1, "a": 2}'),
    "/zipped": answer(
        headers="content-type: application/json\r\ncontent-encoding: gzip\r\n", body=gzip.compress(b" " * 10_000_000)
    ),
    "/garbage": b"\x00\x01\x02 this is not HTTP\r\n\r\n",
    "/short": b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n{",
    "/bad-length": b"HTTP/1.1 200 OK\r\ncontent-length: nonsense\r\n\r\n{}",
    "/nothing": b"",
}
ENDLESS = {
    "/huge": b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000000000\r\n\r\n",
    "/huge-chunks": b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
    "/huge-head": b"HTTP/1.1 200 OK\r\nx-pad: ",
}


@dataclass
class Hostile:
    """Where it listens and what it was sent."""

    port: int
    requests: list[bytes] = field(default_factory=list)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@asynccontextmanager
async def hostile_server(tls: ssl.SSLContext | None = None) -> AsyncIterator[Hostile]:
    here = Hostile(0)
    conversations: set[asyncio.Task[None]] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
            head = await reader.readuntil(b"\r\n\r\n")
            here.requests.append(head)
            await play(head.split()[1].decode(), writer)
        writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversations.add(asyncio.create_task(converse(reader, writer)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    here.port = server.sockets[0].getsockname()[1]
    try:
        yield here
    finally:
        server.close()
        for conversation in conversations:
            conversation.cancel()
        await asyncio.gather(*conversations)


async def play(path: str, writer: asyncio.StreamWriter) -> None:
    if path in WHOLE:
        writer.write(WHOLE[path])
        await writer.drain()
    elif path in ENDLESS:
        writer.write(ENDLESS[path])
        filling = b"x" * 65536
        piece = b"10000\r\n" + filling + b"\r\n" if "chunks" in path else filling
        while True:
            writer.write(piece)
            await writer.drain()
    elif path == "/silent":
        await asyncio.sleep(60)
    elif path == "/drip":
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)
