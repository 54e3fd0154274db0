"""SIGTERM: what is under way may finish, nothing new is taken; a second Ctrl-C ends it at once."""

from __future__ import annotations

import asyncio
import signal
import time

import pytest
from tests.breakage.house import FAST, gone, log_since, mark, runtime_of, signed_in
from tests.door.running import browser, eventually, spawn
from tests.edge.recording_origin import Reply

pytestmark = pytest.mark.edge


@pytest.fixture
async def slow_house(house):
    """The origin takes its time for what begins with /slow/."""
    greeting = house.origin.reply

    def reply(request):
        if request.target.startswith("/slow/"):
            return Reply(
                headers=[("x-origin", request.target)], body=b"done", delay=float(request.target.split("/")[2])
            )
        return greeting(request)

    house.origin.reply = reply
    yield house
    house.origin.reply = greeting
    if house.door.process.poll() is None:
        return
    house.door.process = spawn(house.door.folder)


async def test_a_request_under_way_is_finished_new_connections_are_refused_and_the_exit_code_is_0(slow_house, measured):
    door, somebody = slow_house.door, await signed_in(slow_house)
    children, runtime, at = door.children(), runtime_of(door), mark(door)
    async with browser() as client:
        slow = asyncio.create_task(client.get(door.url(FAST, "/slow/2.5/drain"), headers=somebody.headers))
        await eventually(lambda: slow_house.reached("/slow/2.5/drain"))
        began = time.monotonic()
        door.process.send_signal(signal.SIGTERM)
        await _refuses(door.port)
        assert not slow.done(), "connections were refused only after the slow request was over"
        response = await slow
        assert (response.status_code, response.text) == (200, "done")
    await asyncio.to_thread(door.process.wait, 20)
    measured(f"stopped {time.monotonic() - began:.2f} s after SIGTERM, with 2.5 s of a request under way")
    assert door.process.returncode == 0
    assert await gone(*children.values(), seconds=1) < 1
    assert not runtime.exists()
    assert "Traceback" not in log_since(door, at)


async def test_a_login_under_way_is_finished_too(slow_house):
    """The control plane is needed until the last request has been answered."""
    door = slow_house.door
    somebody = await signed_in(slow_house)
    async with browser() as client:
        slow = asyncio.create_task(client.get(door.url(FAST, "/slow/2/login"), headers=somebody.headers))
        anonymous = await client.get(door.url(FAST, "/before"))  # its connection stays open
        assert anonymous.status_code == 302
        await eventually(lambda: slow_house.reached("/slow/2/login"))
        door.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.3)
        still = [name for name in door.children() if name == "control"]
        assert still == ["control"]
        assert (await slow).status_code == 200
    await asyncio.to_thread(door.process.wait, 20)
    assert door.process.returncode == 0


async def test_a_second_ctrl_c_ends_it_at_once(slow_house, measured):
    door, somebody = slow_house.door, await signed_in(slow_house)
    children, runtime = door.children(), runtime_of(door)
    async with browser() as client:
        slow = asyncio.create_task(client.get(door.url(FAST, "/slow/15/impatient"), headers=somebody.headers))
        await eventually(lambda: slow_house.reached("/slow/15/impatient"))
        door.process.send_signal(signal.SIGINT)
        await asyncio.sleep(0.8)
        assert door.process.poll() is None, "it waits for the slow request"
        hurried = time.monotonic()
        door.process.send_signal(signal.SIGINT)
        await asyncio.to_thread(door.process.wait, 10)
        took = time.monotonic() - hurried
        measured(f"ended {took:.2f} s after the second Ctrl-C")
        slow.cancel()
        await asyncio.gather(slow, return_exceptions=True)
    assert took < 5, "the slow request would have taken fifteen"
    assert door.process.returncode == 130
    await gone(*children.values(), seconds=2)
    assert not runtime.exists()


async def _refuses(port: int) -> None:
    async with asyncio.timeout(2):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                return
            writer.close()
            await asyncio.sleep(0.02)
