from __future__ import annotations

import asyncio
import uuid

from tests.store.values import NOW


async def test_the_same_address_is_the_same_person_whatever_its_letter_case(store):
    first = await store.users.resolve("Ann@Example.com", "Ann", NOW)
    again = await store.users.resolve("ann@example.COM", "", NOW + 9)
    assert uuid.UUID(first).version == 4
    assert again == first


async def test_a_letter_that_only_looks_like_one_is_another_person(store):
    mark = await store.users.resolve("mark@example.com", "Mark", NOW)
    assert await store.users.resolve("mar\u212a@example.com", "Mark", NOW) != mark


async def test_another_address_is_another_person(store):
    assert await store.users.resolve("ann@example.com", "Ann", NOW) != await store.users.resolve(
        "bob@example.com", "Ann", NOW
    )


async def test_twenty_first_logins_at_once_make_one_person(store):
    ids = await asyncio.gather(*(store.users.resolve("ann@example.com", "Ann", NOW) for _ in range(20)))
    assert len(set(ids)) == 1
