"""One Envoy, one recording origin and stand-ins for the control plane, per test module."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.edge.envoy_harness import Answer, Door, running_door
from tests.edge.recording_origin import Recorded, RecordingServer, Reply, recording
from tests.edge.xds import world

from doorward.edge.xds import build


def refuse(_: Recorded) -> Reply:
    return Reply(status=403, body=b"refused by the check")


@dataclass
class Bench:
    """Everything around one Envoy."""

    door: Door
    origin: RecordingServer
    check: RecordingServer
    web: RecordingServer
    now: int = field(default_factory=lambda: int(time.time()))

    def clear(self) -> None:
        for server in (self.origin, self.check, self.web):
            server.clear()
        self.check.reply = refuse

    def token(self, number: int = world.WIKI, **changes: Any) -> str:
        return world.token(world.claims(number, int(time.time()), **changes))

    async def get(
        self, target: str = "/", host: str = "wiki.test", *lines: str, cookie: str = "", method: str = "GET"
    ) -> Answer:
        """One request in raw bytes; ``lines`` are more header lines."""
        written = [f"{method} {target} HTTP/1.1", f"host: {host}", *lines]
        if cookie:
            written.append(f"cookie: {cookie}")
        return await self.door.send("\r\n".join([*written, "", ""]).encode("latin-1"))


@pytest.fixture
def bench(running: Bench) -> Bench:
    """The module's bench with nothing recorded; the check refuses unless told otherwise."""
    running.clear()
    return running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running() -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        origin = await stack.enter_async_context(recording())
        state = world.snapshot(origin.port)
        door = await stack.enter_async_context(running_door(lambda edge: build(state, edge, int(time.time()))))
        check = await stack.enter_async_context(recording(Path(door.edge.check_socket), refuse))
        web = await stack.enter_async_context(recording(Path(door.edge.web_socket)))
        yield Bench(door, origin, check, web)
