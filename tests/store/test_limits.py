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


async def test_what_was_right_is_given_back_in_its_window_only(store):
    assert await store.limits.hit("code:ann", 1, 60, NOW)
    await store.limits.succeeded(["code:ann", "unknown"], "", NOW, NOW)
    assert await store.limits.hit("code:ann", 1, 60, NOW)
    await store.limits.succeeded(["code:ann"], "", NOW, NOW + 60)
    assert not await store.limits.hit("code:ann", 1, 60, NOW + 59), "that window was over when it was given back"


async def test_no_more_is_given_back_than_was_counted(store):
    await store.limits.hit("code:ann", 1, 60, NOW)
    for _ in range(3):
        await store.limits.succeeded(["code:ann"], "", NOW, NOW)
    assert [await store.limits.hit("code:ann", 1, 60, NOW) for _ in range(2)] == [True, False]


async def test_a_mark_holds_until_its_end_and_the_latest_end_counts(store):
    assert not await store.limits.marked("known:ann", NOW)
    await store.limits.succeeded([], "known:ann", NOW + 60, NOW)
    assert await store.limits.marked("known:ann", NOW + 59)
    assert not await store.limits.marked("known:ann", NOW + 60)
    await store.limits.succeeded([], "known:ann", NOW + 90, NOW + 30)
    assert await store.limits.marked("known:ann", NOW + 89)
