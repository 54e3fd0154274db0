from __future__ import annotations

import asyncio

from tests.store.values import NOW


async def test_the_limit_is_reached_and_the_next_window_begins_afresh(store):
    window = [await store.limits.hit("pin:ann", 3, 60, NOW + second) for second in (0, 1, 2, 3, 59)]
    assert window == [True, True, True, False, False]
    assert await store.limits.hit("pin:ann", 3, 60, NOW + 60)


async def test_buckets_do_not_share_their_count(store):
    assert await store.limits.hit("pin:ann", 1, 60, NOW)
    assert await store.limits.hit("pin:bob", 1, 60, NOW)
    assert not await store.limits.hit("pin:ann", 1, 60, NOW)


async def test_refused_hits_do_not_make_the_window_longer(store):
    for second in range(60):
        await store.limits.hit("pin:ann", 1, 60, NOW + second)
    assert await store.limits.hit("pin:ann", 1, 60, NOW + 60)


async def test_a_hundred_at_once_are_counted_exactly(store):
    allowed = await asyncio.gather(*(store.limits.hit("pin:ann", 10, 60, NOW) for _ in range(100)))
    assert sum(allowed) == 10


async def test_a_limit_of_nothing_allows_nothing(store):
    assert not await store.limits.hit("closed", 0, 60, NOW)
