"""``python -m benchmarks.revocations``: how long until a revocation is felt, with many streams open and a long list.

Two doors stand side by side, one with a long list of revoked tokens and one without, and take turns under load, so that
what the list costs a request is measured in one run. Then people with open WebSockets are revoked, one after the other.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import secrets
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from tests.door.house import House
from tests.door.minting import signed
from tests.door.running import browser, claims_of
from tests.revocation.house import WIKI, revocable
from tests.revocation.streams import signed_in
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from benchmarks import machine, wrk
from benchmarks.packages import need
from doorward.access.revocation import Revocation, Scope
from doorward.sessions import Session

_RESULTS: Final = Path(__file__).parent / "results"
_HOUR: Final = 3600
_SETTLE: Final = 3.0
console: Final = Console(stderr=True)


@dataclass(frozen=True)
class Effort:
    people: int
    streams: int
    """Of each."""
    listed: int
    rounds: int


@dataclass
class Person:
    """Somebody with a session, a token and open WebSockets."""

    session: Session
    token: str
    sockets: list[ClientConnection] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.revocations", description=__doc__)
    parser.add_argument("--people", type=int, default=200, help="revoked one after the other (%(default)s)")
    parser.add_argument("--streams", type=int, default=5, help="WebSockets of each (%(default)s)")
    parser.add_argument("--listed", type=int, default=10_000, help="revoked tokens on the list (%(default)s)")
    parser.add_argument("--rounds", type=int, default=9, help="of load on the two doors (%(default)s)")
    parser.add_argument("--out", type=Path, default=_RESULTS, help="folder for the results")
    asked = parser.parse_args()
    effort = Effort(asked.people, asked.streams, asked.listed, asked.rounds)
    before = machine.load()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="doorbench-")))
        short = stack.enter_context(revocable(folder / "short"))
        long = stack.enter_context(revocable(folder / "long"))
        found = asyncio.run(_measure(short, long, effort))
    found |= {"command": " ".join(("python -m benchmarks.revocations", *sys.argv[1:])), "load_before": before[0]}
    found |= {
        "load_after": machine.load()[0],
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": dict(machine.facts()),
    }
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / "revocations.json").write_text(json.dumps(found, indent=1) + "\n")
    (asked.out / "revocations.md").write_text(report(found))
    console.print(report(found), highlight=False)
    return 0


async def _measure(short: House, long: House, effort: Effort) -> dict[str, Any]:
    async with signed_in(short, "bob", WIKI) as there, signed_in(long, "bob", WIKI) as here:
        tokens = {"none": (short, there.cookie(WIKI)), "long": (long, here.cookie(WIKI))}
        listed, people = await _furnish(long, tokens["long"][1], effort)
        await asyncio.sleep(_SETTLE)
        cost = await asyncio.to_thread(_cost, tokens, effort.rounds)
        console.print(f"{listed} revoked tokens on the list; opening {effort.people * effort.streams} WebSockets …")
        for person in people:
            await asyncio.gather(*(_open(long, person) for _ in range(effort.streams)))
        refused, cut = await _revoke(long, people)
    return {
        "people": effort.people, "streams": effort.people * effort.streams, "listed": listed,
        "refused_ms": _spread(refused), "cut_ms": _spread(cut), "cpu_us_a_request": cost,
    }  # fmt: skip


async def _furnish(house: House, token: str, effort: Effort) -> tuple[int, list[Person]]:
    """A long list, and people who were let in: copies of a real login, with tokens of the door's own key."""
    claims, now = claims_of(token), int(time.time())
    async with house.store() as store:
        base = await store.sessions.find(claims["identity_nonce"])
        assert base is not None
        real = (await store.app_tokens.by_session(base.nonce))[0]
        key = (await store.signing_keys.ring()).current(now)
        gone = replace(base, nonce=secrets.token_hex(8), user_id=str(uuid.uuid4()), created_at=now)
        await store.sessions.open(gone)
        for _ in range(0, effort.listed, 100):
            made = [secrets.token_hex(32) for _ in range(100)]
            await asyncio.gather(
                *(store.app_tokens.record(one, gone.nonce, real.application_id, now, now + _HOUR) for one in made)
            )
        await store.revocations.revoke(Revocation(str(uuid.uuid4()), Scope.SESSION, gone.nonce, now))
        people = []
        for _ in range(effort.people):
            session = replace(base, nonce=secrets.token_hex(8), user_id=str(uuid.uuid4()), created_at=now)
            nonce = secrets.token_hex(32)
            await store.sessions.open(session)
            await store.app_tokens.record(nonce, session.nonce, real.application_id, now, now + _HOUR)
            own = {"nonce": nonce, "identity_nonce": session.nonce, "sub": session.user_id}
            times = {"iat": now, "nbf": now, "exp": now + _HOUR}
            people.append(Person(session, signed({**claims, **own, **times}, key)))
        return len((await store.app_tokens.revoked(now))[real.application_id]), people


def _cost(tokens: dict[str, tuple[House, str]], rounds: int) -> dict[str, Any]:
    """CPU time of Envoy a request, with and without a list; the doors take turns."""
    program, seen = need("wrk"), {name: [] for name in tokens}  # type: dict[str, list[float]]
    for _ in range(rounds):
        for name in random.sample(list(tokens), len(tokens)):
            house, token = tokens[name]
            envoy = house.door.children()["envoy"]
            headers = [("Host", f"{WIKI}:{house.door.port}"), ("Cookie", f"CF_Authorization={token}")]
            line = wrk.command(
                program,
                range(machine_cores()),
                f"http://127.0.0.1:{house.door.port}/x",
                headers,
                connections=32,
                seconds=2,
            )
            before = machine.cpu_seconds([envoy])
            load = wrk.run(line)
            seen[name].append((machine.cpu_seconds([envoy]) - before) / load.requests * 1e6)
    ratio = statistics.median(long / none for long, none in zip(seen["long"], seen["none"], strict=True))
    medians = {name: round(statistics.median(values), 1) for name, values in seen.items()}
    return {**medians, "ratio": round(ratio, 3), "rounds": rounds}


def machine_cores() -> int:
    return int(machine.facts()["cores"])


async def _open(house: House, person: Person) -> None:
    socket = await connect(
        house.url(WIKI, "/websocket/x").replace("http", "ws", 1), host="127.0.0.1", port=house.door.port, proxy=None,
        ping_interval=None, close_timeout=0.1, additional_headers={"cookie": f"CF_Authorization={person.token}"},
    )  # fmt: skip
    await socket.send("here")
    await socket.recv()
    person.sockets.append(socket)
    task = asyncio.create_task(_watch(socket, person))
    _watching.add(task)
    task.add_done_callback(_watching.discard)


_watching: Final[set[asyncio.Task[None]]] = set()


async def _watch(socket: ClientConnection, person: Person) -> None:
    with suppress(ConnectionClosed):
        async for _ in socket:
            pass
    person.ended.append(time.monotonic())


async def _revoke(house: House, people: Sequence[Person]) -> tuple[list[float], list[float]]:
    """Seconds from each revocation until the token is refused, and until each WebSocket is closed."""
    refused: list[float] = []
    cut: list[float] = []
    async with house.store() as store, browser() as client:
        for person in people:
            await asyncio.sleep(random.random() * 0.25)  # at any moment between two looks of the control plane
            began = time.monotonic()
            one = Revocation(str(uuid.uuid4()), Scope.SESSION, person.session.nonce, int(time.time()))
            await store.revocations.revoke(one)
            cookie = {"cookie": f"CF_Authorization={person.token}"}
            while (await client.get(house.url(WIKI, "/x"), headers=cookie)).status_code == 200:  # noqa: ASYNC110 - the door has no event for us
                await asyncio.sleep(0.01)
            refused.append(time.monotonic() - began)
            async with asyncio.timeout(30):
                while len(person.ended) < len(person.sockets):  # noqa: ASYNC110 - several watchers, one condition
                    await asyncio.sleep(0.005)
            cut += [ended - began for ended in person.ended]
    return refused, cut


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    p99 = ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
    found = {"median": statistics.median(ordered), "p99": p99, "max": ordered[-1]}
    return {name: round(value * 1000) for name, value in found.items()} | {"count": len(ordered)}


def report(found: dict[str, Any]) -> str:
    """Markdown."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: dict[str, Any]) -> Iterator[str]:
    yield from (f"# Revocation, {found['date']}", "")
    yield f"{found['people']} sessions revoked one after the other, {found['streams']:,} WebSockets open at the beginning,"
    yield from (f"{found['listed']:,} revoked tokens on the list already.", "")
    yield from ("| from the revocation until | median | p99 | slowest | |", "|---|---:|---:|---:|---:|")
    for name, label in (("refused_ms", "the token is refused"), ("cut_ms", "the WebSocket is closed")):
        spread = found[name]
        yield f"| {label} | {spread['median']:.0f} ms | {spread['p99']:.0f} ms | {spread['max']:.0f} ms | {spread['count']} times |"
    cost = found["cpu_us_a_request"]
    yield ""
    yield f"CPU time of Envoy for a request on the fast path: {cost['none']} µs with an empty list, {cost['long']} µs with this one;"
    yield f"median of the ratios in {cost['rounds']} rounds, the two doors taking turns: {cost['ratio']}."
    yield ""
    yield f"`{found['command']}`, load average before {found['load_before']:.1f}, after {found['load_after']:.1f};"
    yield f"{found['machine']['processor']}, {found['machine']['cores']} cores, client and door on the same ones."


if __name__ == "__main__":
    sys.exit(main())
