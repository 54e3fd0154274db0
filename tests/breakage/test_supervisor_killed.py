"""``kill -9`` of the supervisor: nothing stays behind, and the next start goes on where the last one ended."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest
from tests.breakage.house import FAST, SLOW, database, gone, is_intact, log_since, mark, runtime_of, signed_in
from tests.breakage.traffic import Traffic
from tests.door.running import browser, eventually, spawn

pytestmark = pytest.mark.edge


async def test_both_children_end_the_ports_are_free_and_the_next_start_goes_on(house, measured):
    door = house.door
    fast, slow = await signed_in(house), await signed_in(house, SLOW)
    children, runtime, keys = door.children(), runtime_of(door), await _keys(house)
    at = mark(door)
    async with Traffic(door.port, FAST, fast.headers) as traffic:
        await traffic.flowing()
        door.process.kill()
        killed = time.monotonic()
        await gone(*children.values(), seconds=10)
        await eventually(lambda: all(map(_is_free, (door.port, door.status_port))))
        ended = time.monotonic() - killed
        measured(f"children gone and ports free {ended:.2f} s after the kill")
        door.process.wait()
        began = time.monotonic()
        door.process = spawn(door.folder)
        await door.ready()
        measured(f"ready {time.monotonic() - began:.2f} s after the next start; {traffic.summary()}")
        await traffic.flowing(50)
    assert ended < 5, "the kernel does it at once; this much is for machines that are busy with something else"
    assert {outcome.status for outcome in traffic.outcomes} <= {200, 0}
    assert not runtime.exists()
    assert runtime_of(door).exists()
    assert is_intact(door)
    assert await _keys(house) == keys
    async with browser() as client:
        for host, person in ((FAST, fast), (SLOW, slow)):
            response = await client.get(door.url(host, "/after"), headers=person.headers)
            assert (response.status_code, response.headers.get("x-origin")) == (200, "/after")
    assert "Traceback" not in log_since(door, at)


async def test_killed_while_it_starts_nothing_stays_behind_and_the_next_start_works(house):
    door = house.door
    for pause in (0.3, 1.0, 2.0):
        door.process.kill()
        door.process.wait()
        door.process = spawn(door.folder)
        await asyncio.sleep(pause)
        children = door.children()
        door.process.kill()
        door.process.wait()
        await gone(*children.values(), seconds=10)
        assert is_intact(door)
    door.process = spawn(door.folder)
    await door.ready()
    assert (await signed_in(house)).token
    assert database(door).exists()


async def _keys(house) -> list:
    async with browser() as client:
        told = (await client.get(house.team("/certs"))).json()
    return [told["keys"], told["public_certs"]]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0
