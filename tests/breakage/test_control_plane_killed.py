"""``kill -9`` of the control plane while requests are under way."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import pytest
from tests.breakage.house import ANONYMOUS, FAST, SLOW, is_intact, signed_in
from tests.breakage.traffic import Traffic, first
from tests.door.running import eventually
from tests.door.visitor import Visitor
from websockets.asyncio.client import connect

pytestmark = pytest.mark.edge


async def test_the_signed_in_go_on_the_others_wait_and_a_new_one_is_up_within_five_seconds(house, measured):
    somebody = await signed_in(house)
    before = house.door.children()
    door = house.door
    async with (
        Traffic(door.port, FAST, somebody.headers) as inside,
        Traffic(door.port, FAST, ANONYMOUS, path="/anonymous/control-killed", clients=2, pause=0.02) as outside,
    ):
        await inside.flowing()
        await outside.flowing()
        killed = time.monotonic()
        os.kill(before["control"], signal.SIGKILL)
        refused = await first(outside, killed, status=503, seconds=10)
        back = await first(outside, killed + refused, status=302, seconds=60) + refused
        await inside.flowing(50)
        await outside.flowing()
    measured(f"logins began again {back:.2f} s after the kill; inside {inside.summary()}; outside {outside.summary()}")
    assert not inside.other_than(200), inside.other_than(200)[:5]
    assert all(outcome.from_origin for outcome in inside.outcomes)
    assert not outside.other_than(302, 503), outside.other_than(302, 503)[:5]
    assert not any(outcome.from_origin for outcome in outside.outcomes)
    assert not house.reached("/anonymous/control-killed")
    assert back < 20, "the promise is five seconds; this much is for machines that are busy with something else"
    after = door.children()
    assert after["envoy"] == before["envoy"]
    assert after["control"] != before["control"]
    assert is_intact(door)


async def test_an_application_that_asks_for_every_request_is_closed_meanwhile_and_opens_again(house):
    somebody = await signed_in(house, SLOW)
    async with Traffic(house.door.port, SLOW, somebody.headers, clients=2) as traffic:
        await traffic.flowing()
        killed = time.monotonic()
        os.kill(house.door.children()["control"], signal.SIGKILL)
        refused = await first(traffic, killed, status=503, seconds=10)
        await first(traffic, killed + refused, status=200, seconds=60)
    assert not traffic.other_than(200, 503), traffic.other_than(200, 503)[:5]
    assert all(outcome.from_origin == (outcome.status == 200) for outcome in traffic.outcomes)


async def test_an_open_websocket_survives(house):
    somebody = await signed_in(house)
    address = f"ws://127.0.0.1:{house.door.port}/websocket"
    async with connect(
        address.replace("127.0.0.1", FAST),
        host="127.0.0.1",
        port=house.door.port,
        additional_headers=somebody.headers,
        proxy=None,
    ) as channel:
        await channel.send("before")
        assert await channel.recv() == "before"
        before = house.door.children()["control"]
        os.kill(before, signal.SIGKILL)
        await channel.send("while it is away")
        assert await channel.recv() == "while it is away"
        await eventually(lambda: house.door.children().get("control", before) != before, 30)
        await house.door.ready()
        await channel.send("afterwards")
        assert await channel.recv() == "afterwards"


async def test_a_login_under_way_can_be_finished_by_the_next_control_plane(house):
    async with Visitor(house) as visitor:
        page = await visitor.open(FAST, "/begun/before")
        form = await visitor.choose_directory(page)
        os.kill(house.door.children()["control"], signal.SIGKILL)
        await asyncio.sleep(0.1)
        await house.door.ready()
        response = await visitor.submit(form, {"sub": "alice"})
        assert response.status_code == 200, response.text
        assert house.at_origin("/begun/before").get("cf-access-authenticated-user-email") == "alice@example.test"
