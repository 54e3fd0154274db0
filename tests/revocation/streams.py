"""Open streams through the door, and when they ended."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import grpc
from tests.connection import ended
from tests.door.grpc_echo import METHOD
from tests.door.house import House
from tests.door.visitor import Visitor
from tests.revocation.house import CALLS, FEED
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

SOON = 2.0
"""Seconds within which an open stream ends (docs/attacks.md, 156)."""


@dataclass
class Stream:
    """``ended_at``: of the monotonic clock; 0 while it is open."""

    name: str
    task: asyncio.Task[None] | None = None
    ended_at: float = 0.0
    close: Any = None
    sent: list[str] = field(default_factory=list)
    say: Any = None

    @property
    def open(self) -> bool:
        return not self.ended_at

    async def end(self, within: float = SOON) -> float:
        """Wait until it ended; when."""
        deadline = time.monotonic() + within
        while self.open:
            assert time.monotonic() < deadline, f"{self.name} is still open after {within} s"
            await asyncio.sleep(0.005)
        return self.ended_at


class Streams:
    """Opens streams; closes what is left at the end."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._stack.aclose()

    async def websocket(self, visitor: Visitor, host: str, path: str = "/websocket/chat") -> Stream:
        """A WebSocket that has talked to the origin; ``say`` sends a text and returns the echo."""
        return await self.websocket_with({"cookie": f"CF_Authorization={visitor.cookie(host)}"}, host, path)

    async def websocket_with(self, credentials: Mapping[str, str], host: str, path: str = "/websocket/chat") -> Stream:
        address = self.house.url(host, path).replace("http", "ws", 1)
        socket = await connect(
            address, host="127.0.0.1", port=self.house.door.port, proxy=None, ping_interval=None, close_timeout=0.2,
            additional_headers=dict(credentials),
        )  # fmt: skip
        heard: asyncio.Queue[str | bytes] = asyncio.Queue()

        async def say(text: str) -> str | bytes:
            await socket.send(text)
            return await asyncio.wait_for(heard.get(), 5)

        async def read() -> None:
            with contextlib.suppress(ConnectionClosed):
                async for message in socket:
                    heard.put_nowait(message)

        stream = self._watch(f"websocket at {host}", read())
        stream.say = say
        self._stack.push_async_callback(socket.close)
        assert await say("hello") == "hello"
        return stream

    async def events(self, visitor: Visitor, host: str = FEED) -> Stream:
        """Server-sent events that have begun to arrive."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.house.door.port)
        cookie = f"cookie: CF_Authorization={visitor.cookie(host)}\r\n"
        head = (
            f"GET /events HTTP/1.1\r\nhost: {host}:{self.house.door.port}\r\naccept: text/event-stream\r\n{cookie}\r\n"
        )
        writer.write(head.encode())
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        await reader.readuntil(b"data: 1")

        async def read() -> None:
            with contextlib.suppress(ConnectionError):
                while await reader.read(1 << 16):
                    pass

        self._stack.push_async_callback(ended, writer)
        return self._watch(f"events at {host}", read())

    async def calls(self, visitor: Visitor, host: str = CALLS) -> Stream:
        """A gRPC call in both directions that has had its first answer."""
        port = self.house.door.port
        channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.default_authority", f"{host}:{port}")])
        call = channel.stream_stream(METHOD)(metadata=(("cookie", f"CF_Authorization={visitor.cookie(host)}"),))
        await call.write(b"first")
        await call.read()
        assert await call.read() == b"first"

        async def read() -> None:
            with contextlib.suppress(grpc.aio.AioRpcError):
                while await call.read() is not grpc.aio.EOF:
                    pass

        stream = self._watch(f"gRPC at {host}", read())
        self._stack.push_async_callback(channel.close)
        return stream

    def _watch(self, name: str, reading: Any) -> Stream:
        stream = Stream(name)

        async def watch() -> None:
            try:
                await reading
            finally:
                stream.ended_at = time.monotonic()

        stream.task = asyncio.create_task(watch())
        self._stack.push_async_callback(_stopped, stream.task)
        return stream


async def _stopped(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@contextlib.asynccontextmanager
async def signed_in(house: House, who: str, *hosts: str) -> AsyncIterator[Visitor]:
    """Somebody's browser with a token for each host; one session."""
    async with Visitor(house) as visitor:
        first, *rest = hosts
        await _enter(visitor, await visitor.sign_in(first, who=who, until="/cdn-cgi/access/authorized"))
        for host in rest:
            await _enter(visitor, await visitor.open(host, until="/cdn-cgi/access/authorized"))
        assert all(visitor.cookie(host) for host in hosts)
        yield visitor


async def _enter(visitor: Visitor, response: Any) -> None:
    """Take the hand-off and stop there: an event stream or a gRPC origin has no page to show."""
    await visitor.ask("GET", response.headers["location"])
