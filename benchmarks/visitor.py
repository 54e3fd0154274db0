"""A browser, reduced to what a login needs: connections that stay open, cookies by host, redirects by hand.

A full HTTP client would cost more than the door itself and limit what can be measured; httptools does the parsing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self, cast
from urllib.parse import urlsplit

import httptools

_NAVIGATION: Final = (
    "Accept: text/html,application/xhtml+xml\r\n"
    "User-Agent: Mozilla/5.0 (benchmark)\r\n"
    "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Site: none\r\n"
)


@dataclass(slots=True)
class Answer:
    """One response."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def header(self, name: str) -> str:
        """Value of the first header of that name (lower case); empty when there is none."""
        return next((value for found, value in self.headers if found == name), "")


class Wire(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer = Answer()
        self._waiting: asyncio.Future[Answer] | None = None

    @classmethod
    async def open(cls, port: int) -> Self:
        """Connect to a loopback port."""
        _, wire = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return wire

    async def get(self, host: str, target: str, cookies: Mapping[str, str]) -> Answer:
        """Ask for ``target`` (path and query).

        Raises:
            ConnectionError: the other side hung up.
        """
        if self._transport is None or self._transport.is_closing():
            raise ConnectionError(f"the connection for {host} is closed")
        jar = "; ".join(f"{name}={value}" for name, value in cookies.items())
        cookie = f"Cookie: {jar}\r\n" if jar else ""
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n{_NAVIGATION}{cookie}\r\n".encode("ascii"))
        return await self._waiting

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one by behaviour, not by class

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionError("the server hung up"))

    def on_message_begin(self) -> None:
        self._answer = Answer()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._answer.headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_body(self, body: bytes) -> None:
        self._answer.body += body

    def on_message_complete(self) -> None:
        self._answer.status = self._parser.get_status_code()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(self._answer)


class Visitor:
    """Connections that are used again, cookies that are not: :meth:`forget` makes somebody new of the same visitor."""

    def __init__(self) -> None:
        self._wires: dict[int, Wire] = {}
        self._jars: dict[str, dict[str, str]] = {}

    async def get(self, url: str) -> Answer:
        """One request to a ``*.localhost`` name or loopback address, with this visitor's cookies for it."""
        parts = urlsplit(url)
        port, jar = parts.port or 80, self._jars.setdefault(parts.netloc, {})
        if port not in self._wires:
            self._wires[port] = await Wire.open(port)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        answer = await self._wires[port].get(parts.netloc, target, jar)
        for name, value in answer.headers:
            if name == "set-cookie":
                _keep(jar, value)
        return answer

    def cookie(self, authority: str, name: str) -> str:
        """A cookie's value; empty when there is none."""
        return self._jars.get(authority, {}).get(name, "")

    def forget(self) -> None:
        """Throw all cookies away."""
        self._jars.clear()

    def close(self) -> None:
        for wire in self._wires.values():
            wire.close()


def _keep(jar: dict[str, str], set_cookie: str) -> None:
    pair, *attributes = set_cookie.split(";")
    name, _, value = pair.strip().partition("=")
    if not value or any(attribute.strip().lower() == "max-age=0" for attribute in attributes):
        jar.pop(name, None)
    else:
        jar[name] = value
