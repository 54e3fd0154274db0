"""What every contestant is for the rounds, and the proof that it answers as it should."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.machine import cpu_seconds, tree
from benchmarks.processes import Stage

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class World:
    """What is there for every contestant."""

    stage: Stage
    origin: int
    """Port of the application behind the proxies."""
    provider: int
    """Port of the OpenID provider."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """One program with one kind of request."""

    key: str
    label: str
    work: str
    """What is done for each request, in a sentence."""
    port: int
    parts: Mapping[str, int]
    """Processes whose CPU time counts, by name; their children count as well."""
    host: str = ""
    """The Host header; empty: the address."""
    headers: Headers = field(default=(), repr=False)
    own_origin: bool = False
    """It is the application itself, no proxy in front of it."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def sent(self) -> Headers:
        """All headers of the request."""
        return ((("Host", self.host),) if self.host else ()) + self.headers

    def meters(self) -> Mapping[str, Callable[[], float]]:
        """For each part a function that tells its CPU seconds so far. Processes are looked up now."""
        roots = set(self.parts.values())
        return {
            name: _meter([pid for pid in tree(root) if pid == root or pid not in roots])
            for name, root in self.parts.items()
        }


def ask(port: int, path: str = "/", headers: Sequence[tuple[str, str]] = ()) -> tuple[int, str]:
    """Status and body of one request to a loopback port."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path, headers=dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    finally:
        connection.close()


def prove(contestant: Contestant, status: int, *, without: int | None = None, body: str = "") -> Contestant:
    """The contestant, after it was asked once as in the rounds, and once without credentials.

    Args:
        contestant: is running.
        status: with credentials.
        without: the status without them; None: nobody asks for any.
        body: what must stand in the answer.

    Raises:
        RuntimeError: it answers otherwise, so measuring it would mean nothing.
    """
    got, text = ask(contestant.port, "/", contestant.sent)
    if got != status or body not in text:
        raise RuntimeError(f"{contestant.label} answered {got} instead of {status}: {text[:300]}")
    if without is not None:
        bare = tuple(pair for pair in contestant.sent if pair[0] != "Cookie")
        got, text = ask(contestant.port, "/", (*bare, ("Accept", "text/html")))
        if got != without:
            raise RuntimeError(f"{contestant.label} answered {got} without credentials, not {without}: {text[:300]}")
    return contestant


def _meter(pids: Sequence[int]) -> Callable[[], float]:
    return lambda: cpu_seconds(pids)
