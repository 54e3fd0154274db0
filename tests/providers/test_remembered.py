from __future__ import annotations

import asyncio

import pytest

from doorward.providers.failure import Failure, Reason
from doorward.providers.remembered import Pace, Remembered

NOW = 1_800_000_000
PACE = Pace(fresh=3600, after_failure=5, between=30)


class Source:
    """Answers with fresh objects, or fails, and counts."""

    def __init__(self) -> None:
        self.fetches = 0
        self.down = False
        self.gate: asyncio.Event | None = None

    async def fetch(self) -> list[int]:
        self.fetches += 1
        count = self.fetches
        if self.gate is not None:
            await self.gate.wait()
        if self.down:
            raise Failure(Reason.UNAVAILABLE, "down", "words")
        return [count]


async def test_a_value_is_fetched_once_while_it_is_fresh():
    source = Source()
    kept = Remembered(source.fetch, PACE)
    assert await kept.get(NOW) == await kept.get(NOW + 3599) == [1]
    assert await kept.get(NOW + 3600) == [2]


async def test_g5_66_everyone_waits_for_the_same_fetch():
    source = Source()
    source.gate = asyncio.Event()
    kept = Remembered(source.fetch, PACE)
    waiting = [asyncio.create_task(kept.get(NOW)) for _ in range(100)]
    await asyncio.sleep(0)
    source.gate.set()
    assert {id(value) for value in await asyncio.gather(*waiting)} == {id(await kept.get(NOW))}
    assert source.fetches == 1


async def test_a_visitor_who_goes_away_does_not_end_the_fetch_of_the_others():
    source = Source()
    source.gate = asyncio.Event()
    kept = Remembered(source.fetch, PACE)
    impatient, patient = (asyncio.create_task(kept.get(NOW)) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    source.gate.set()
    assert await patient == [1]
    with pytest.raises(asyncio.CancelledError):
        await impatient


async def test_g5_66_a_failure_is_remembered_for_a_moment():
    source = Source()
    source.down = True
    kept = Remembered(source.fetch, PACE)
    for later in range(5):
        with pytest.raises(Failure, match="down") as failed:
            await kept.get(NOW + later)
        assert failed.value.said == "words"
    assert source.fetches == 1
    source.down = False
    assert await kept.get(NOW + 5) == [2]


async def test_the_old_value_serves_while_a_new_one_cannot_be_had():
    source = Source()
    kept = Remembered(source.fetch, PACE)
    await kept.get(NOW)
    source.down = True
    assert await kept.get(NOW + 4000) == [1]
    assert await kept.get(NOW + 4001) == [1]
    assert source.fetches == 2
    source.down = False
    assert await kept.get(NOW + 4005) == [3]


async def test_g5_66_a_value_that_did_not_serve_is_renewed_at_most_once_per_interval():
    source = Source()
    kept = Remembered(source.fetch, PACE)
    first = await kept.get(NOW)
    assert await kept.renew(NOW + 29, first) is None
    second = await kept.renew(NOW + 30, first)
    assert second == [2]
    assert await kept.renew(NOW + 31, first) is second
    assert await kept.renew(NOW + 31, second) is None
    assert source.fetches == 2


async def test_g5_66_a_flood_shares_one_renewal():
    source = Source()
    kept = Remembered(source.fetch, PACE)
    first = await kept.get(NOW)
    source.gate = asyncio.Event()
    waiting = [asyncio.create_task(kept.renew(NOW + 30, first)) for _ in range(200)]
    await asyncio.sleep(0)
    source.gate.set()
    assert await asyncio.gather(*waiting) == [[2]] * 200
    assert source.fetches == 2


async def test_a_failed_renewal_keeps_the_old_value_and_counts_as_one():
    source = Source()
    kept = Remembered(source.fetch, PACE)
    first = await kept.get(NOW)
    source.down = True
    with pytest.raises(Failure):
        await kept.renew(NOW + 30, first)
    assert await kept.get(NOW + 31) is first
    assert await kept.renew(NOW + 59, first) is None
    assert source.fetches == 2


async def test_a_clock_set_back_does_not_freeze_the_value():
    source = Source()
    kept = Remembered(source.fetch, PACE)
    await kept.get(NOW)
    assert await kept.get(NOW - 100_000) == [2]


async def test_closing_ends_a_fetch_under_way():
    source = Source()
    source.gate = asyncio.Event()
    kept = Remembered(source.fetch, PACE)
    waiting = asyncio.create_task(kept.get(NOW))
    await asyncio.sleep(0)
    await kept.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await kept.close()
