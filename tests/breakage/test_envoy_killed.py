"""``kill -9`` of Envoy while requests are under way."""

from __future__ import annotations

import os
import signal
import time

import pytest
from tests.breakage.house import ANONYMOUS, FAST, gone, is_intact, signed_in
from tests.breakage.traffic import Traffic, first

pytestmark = pytest.mark.edge


async def test_envoy_is_back_within_two_seconds_and_sessions_hold(house, measured):
    somebody = await signed_in(house)
    before = house.door.children()
    async with Traffic(house.door.port, FAST, somebody.headers) as traffic:
        await traffic.flowing()
        killed = time.monotonic()
        os.kill(before["envoy"], signal.SIGKILL)
        await gone(before["envoy"], seconds=5)
        away = await first(traffic, killed, status=200, seconds=20)
        await traffic.flowing(50)
    measured(f"the next 200 came {away:.2f} s after the kill; {traffic.summary()}")
    answers = {outcome.status for outcome in traffic.outcomes}
    assert answers <= {200, 0}, traffic.summary()  # whoever was signed in is never asked to sign in again
    assert all(outcome.status == 200 for outcome in traffic.since(killed + away))
    assert away < 6, "the promise is two seconds; this much is for machines that are busy with something else"
    after = house.door.children()
    assert after["control"] == before["control"]
    assert after["envoy"] != before["envoy"]
    assert is_intact(house.door)


async def test_while_envoy_is_away_nobody_is_let_in_by_anything_else(house):
    envoy = house.door.children()["envoy"]
    async with Traffic(house.door.port, FAST, ANONYMOUS, path="/anonymous/envoy-killed") as traffic:
        await traffic.flowing()
        killed = time.monotonic()
        os.kill(envoy, signal.SIGKILL)
        await first(traffic, killed + 0.2, status=302, seconds=20)
        await traffic.flowing(50)
    assert not traffic.other_than(302, 503, 0), traffic.summary()
    assert not house.reached("/anonymous/envoy-killed")


async def test_envoy_killed_again_and_again_always_comes_back(house, measured):
    somebody = await signed_in(house)
    for _ in range(3):
        async with Traffic(house.door.port, FAST, somebody.headers) as traffic:
            await traffic.flowing()
            killed = time.monotonic()
            os.kill(house.door.children()["envoy"], signal.SIGKILL)
            away = await first(traffic, killed + 0.1, status=200, seconds=30)
            measured(f"back after {away + 0.1:.2f} s")
    await house.door.ready()
