"""The control plane stands still (SIGSTOP): worse than dead, because its sockets still take connections."""

from __future__ import annotations

import contextlib
import os
import signal
import time

import pytest
from tests.breakage.house import ANONYMOUS, FAST, is_intact, signed_in
from tests.breakage.traffic import Traffic, first

pytestmark = pytest.mark.edge


@contextlib.contextmanager
def standing_still(house):
    control = house.door.children()["control"]
    os.kill(control, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(control, signal.SIGCONT)


async def test_g10_146_the_signed_in_go_on_the_others_get_503_and_it_recovers_without_a_restart(house, measured):
    door, somebody = house.door, await signed_in(house)
    before = door.children()
    async with (
        Traffic(door.port, FAST, somebody.headers) as inside,
        Traffic(door.port, FAST, ANONYMOUS, path="/anonymous/hung", clients=2, pause=0.05) as outside,
    ):
        await inside.flowing()
        await outside.flowing()
        with standing_still(house):
            stopped = time.monotonic()
            refused = await first(outside, stopped, status=503, seconds=14)
            await inside.flowing(50)
        woken = time.monotonic()
        back = await first(outside, woken, status=302, seconds=20)
        await inside.flowing()
    measured(f"503 after {refused:.1f} s of silence, logins again {back:.2f} s after it woke up")
    assert not inside.other_than(200), inside.other_than(200)[:5]
    assert not outside.other_than(302, 503), outside.other_than(302, 503)[:5]
    assert not any(outcome.from_origin for outcome in outside.outcomes)
    assert not house.reached("/anonymous/hung")
    assert door.children() == before, "nothing was started again"
    assert is_intact(door)
