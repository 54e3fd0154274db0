"""A list of revoked tokens that somebody makes long on purpose (group 5, 79; and 142)."""

from __future__ import annotations

import secrets
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from tests.edge.envoy_harness import running_door
from tests.edge.recording_origin import Reply, recording
from tests.edge.xds import world
from tests.edge.xds.conftest import Bench, refuse

from doorward.edge.xds import build

pytestmark = [pytest.mark.edge, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench():
    async with AsyncExitStack() as stack:
        origin = await stack.enter_async_context(recording())
        state = world.snapshot(origin.port)
        door = await stack.enter_async_context(running_door(lambda edge: build(state, edge, int(time.time()))))
        check = await stack.enter_async_context(recording(Path(door.edge.check_socket), refuse))
        web = await stack.enter_async_context(recording(Path(door.edge.web_socket)))
        yield Bench(door, origin, check, web)


@pytest.mark.parametrize("many", [1_000, 60_000, 100_000, 200_000])
async def test_g5_79_however_many_tokens_somebody_has_revoked_the_next_revocation_still_holds(bench, many):
    """One person may collect tokens and sign out. Envoy refuses a configuration that is too large for it, and would go on
    with the last good one, in which nobody was revoked: a list must never become so long."""
    bench.clear()
    token = bench.token()
    await bench.door.publish(build(world.snapshot(bench.origin.port), bench.door.edge, int(time.time())))
    assert (await bench.get(cookie=f"CF_Authorization={token}")).status == 200
    revoked = frozenset({world.NONCE, *(secrets.token_hex(32) for _ in range(many))})
    long = world.snapshot(bench.origin.port, revoked={"app-1": revoked})
    await bench.door.publish(build(long, bench.door.edge, int(time.time())), within=60)
    assert bench.door.rejections == []
    bench.clear()
    bench.check.reply = lambda _: Reply(403)
    assert (await bench.get(cookie=f"CF_Authorization={token}")).status == 403
    assert bench.origin.requests == []
