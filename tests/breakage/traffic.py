"""Steady requests while something breaks, and what became of each."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

ANSWER_SECONDS = 15


@dataclass(frozen=True)
class Outcome:
    """One request. Times are those of ``time.monotonic()``."""

    began: float
    ended: float
    status: int
    """0: there was no answer."""
    from_origin: bool = False
    """The answer was the application's own."""
    why: str = ""
    """What happened in place of an answer, or what the answer said."""


@dataclass
class Traffic:
    """Clients that ask one after the other, each on a connection of its own, for as long as the block runs."""

    port: int
    host: str
    headers: Mapping[str, str] = field(default_factory=dict)
    path: str = "/steady"
    clients: int = 4
    pause: float = 0.005
    outcomes: list[Outcome] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        self._over = False
        self._tasks = [asyncio.create_task(self._keep_asking()) for _ in range(self.clients)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over = True
        await asyncio.gather(*self._tasks)

    async def flowing(self, count: int = 20) -> None:
        """Wait until so many more requests were answered."""
        wanted = len(self.answered) + count
        async with asyncio.timeout(60):
            while len(self.answered) < wanted:  # noqa: ASYNC110 - a test may look again
                await asyncio.sleep(0.01)

    @property
    def answered(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.status]

    def since(self, moment: float) -> list[Outcome]:
        """Requests that began after ``moment``."""
        return [outcome for outcome in self.outcomes if outcome.began >= moment]

    def other_than(self, *statuses: int) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.status not in statuses]

    def summary(self) -> str:
        counted = Counter(outcome.status for outcome in self.outcomes)
        return ", ".join(f"{count} × {status or 'no answer'}" for status, count in sorted(counted.items()))

    async def _keep_asking(self) -> None:
        connection = Connection(self.port)
        while not self._over:
            outcome = await connection.get(self.host, self.path, self.headers)
            self.outcomes.append(outcome)
            await asyncio.sleep(self.pause if outcome.status else max(self.pause, 0.02))
        connection.close()


class Connection:
    """A keep-alive HTTP/1.1 client that never retries: a request that was lost is seen as lost."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, host: str, path: str, headers: Mapping[str, str]) -> Outcome:
        began = time.monotonic()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                status, head, body = await self._exchange(host, path, headers)
        except (OSError, EOFError, TimeoutError) as error:
            self.close()
            return Outcome(began, time.monotonic(), 0, why=repr(error))
        return Outcome(began, time.monotonic(), status, b"x-origin:" in head.lower(), body[:200].decode("latin-1"))

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _exchange(self, host: str, path: str, headers: Mapping[str, str]) -> tuple[int, bytes, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        lines = [f"GET {path} HTTP/1.1", f"host: {host}:{self._port}", *(f"{n}: {v}" for n, v in headers.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(_length(head))
        if b"connection: close" in head.lower():
            self.close()
        return int(head.split(b" ", 2)[1]), head, body


def _length(head: bytes) -> int:
    """Every answer here, the origin's, Envoy's own and the control plane's, says how long it is."""
    for line in head.lower().split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return int(value)
    raise AssertionError(f"an answer without a length: {head!r}")


async def first(traffic: Traffic, moment: float, *, status: int, seconds: float) -> float:
    """Seconds from ``moment`` to the end of the first request begun after it that was answered with ``status``.

    Raises:
        AssertionError: there was none within ``seconds``.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                found = [o.ended for o in traffic.since(moment) if o.status == status]
                if found:
                    return min(found) - moment
                await asyncio.sleep(0.01)
    raise AssertionError(f"no {status} within {seconds} s: {traffic.summary()}; last: {traffic.outcomes[-3:]}")
