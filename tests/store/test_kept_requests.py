"""Forms that wait for a login: found by their id, sent once."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text
from tests.store.values import NOW, SESSION

from doorward.resumption import Field, Form, KeptRequest
from doorward.store.kept_requests import Space

ROOM = Space(of_client=10**6, in_all=10**7)
KEPT = KeptRequest(
    id="i" * 43,
    aud="a" * 64,
    hostname="wiki.example.com",
    target="/secret-place?q=1",
    form=Form("multipart/form-data", (Field("password", "correct horse ü\n"), Field("scan", "a.pdf", file=True))),
    browser_hash="b" * 64,
    former_user=SESSION.user_id,
    client="203.0.113.0",
    created_at=NOW,
    expires_at=NOW + 600,
)


async def stored(store) -> str:
    rows = await store._database.read(lambda connection: connection.execute(text("SELECT * FROM kept_requests")).all())
    return repr(rows)


async def test_it_comes_back_as_it_was(store):
    assert await store.kept_requests.keep(KEPT, ROOM)
    assert await store.kept_requests.find(KEPT.id, NOW) == KEPT
    assert await store.kept_requests.find(KEPT.id, NOW + 599) == KEPT


async def test_nothing_of_what_was_entered_and_no_id_stands_in_the_database(store):
    await store.kept_requests.keep(KEPT, ROOM)
    for secret in (KEPT.id, "secret-place", "password", "correct horse", "a.pdf"):
        assert secret not in await stored(store)


async def test_g7_96_it_is_taken_once_even_by_fifty_at_once(store):
    await store.kept_requests.keep(KEPT, ROOM)
    answers = await asyncio.gather(*(store.kept_requests.take(KEPT.id, NOW) for _ in range(50)))
    assert sorted(answers) == [False] * 49 + [True]
    assert await store.kept_requests.find(KEPT.id, NOW) is None


async def test_an_expired_one_is_not_given_out_and_not_sent(store):
    await store.kept_requests.keep(KEPT, ROOM)
    assert await store.kept_requests.find(KEPT.id, KEPT.expires_at) is None
    assert not await store.kept_requests.admit(KEPT.id, KEPT.browser_hash, SESSION.nonce, KEPT.expires_at)
    assert not await store.kept_requests.take(KEPT.id, KEPT.expires_at)


@pytest.mark.parametrize("other", ["", "unknown", "i" * 42, "I" * 43])
async def test_any_other_id_finds_nothing(store, other):
    await store.kept_requests.keep(KEPT, ROOM)
    assert await store.kept_requests.find(other, NOW) is None
    assert not await store.kept_requests.take(other, NOW)
    assert await store.kept_requests.find(KEPT.id, NOW) == KEPT


async def test_a_login_is_remembered_for_the_browser_that_sent_it(store):
    await store.kept_requests.keep(KEPT, ROOM)
    assert not await store.kept_requests.admit(KEPT.id, "c" * 64, SESSION.nonce, NOW)
    assert await store.kept_requests.find(KEPT.id, NOW) == KEPT
    assert await store.kept_requests.admit(KEPT.id, KEPT.browser_hash, SESSION.nonce, NOW)
    assert await store.kept_requests.find(KEPT.id, NOW) == replace(KEPT, session_nonce=SESSION.nonce)


async def test_there_is_room_for_so_much_of_one_client_and_in_all(store):
    keep = store.kept_requests.keep
    size = await size_of_one(store)
    room = Space(of_client=2 * size, in_all=3 * size)
    assert [await keep(replace(KEPT, id=f"{number:043}"), room) for number in range(3)] == [True, True, False]
    others = [replace(KEPT, id=f"other{number:038}", client=f"client {number}") for number in range(2)]
    assert [await keep(one, room) for one in others] == [True, False]


async def test_strangers_do_not_fill_the_part_of_those_whose_token_names_them(store):
    keep = store.kept_requests.keep
    size = await size_of_one(store)
    room = Space(of_client=10**9, in_all=4 * size + 50, reserved=size)
    stranger = replace(KEPT, former_user="")
    assert [await keep(replace(stranger, id=f"{number:043}"), room) for number in range(3)] == [True, True, True]
    assert not await keep(replace(stranger, id="s" * 43), room)
    assert [await keep(replace(KEPT, id=f"known{number:038}"), room) for number in range(2)] == [True, False]


async def test_those_whose_token_names_them_may_use_the_rest_too(store):
    keep = store.kept_requests.keep
    size = await size_of_one(store)
    room = Space(of_client=10**9, in_all=3 * size + 50, reserved=size)
    assert [await keep(replace(KEPT, id=f"{number:043}"), room) for number in range(4)] == [True, True, True, False]
    assert not await keep(replace(KEPT, id="s" * 43, former_user=""), room)


async def test_what_has_expired_takes_no_room(store):
    size = await size_of_one(store)
    room = Space(of_client=size, in_all=size)
    assert await store.kept_requests.keep(KEPT, room)
    later = replace(KEPT, id="j" * 43, created_at=KEPT.expires_at, expires_at=KEPT.expires_at + 600)
    assert await store.kept_requests.keep(later, room)


async def test_many_at_once_do_not_get_past_the_limit(store):
    size = await size_of_one(store)
    room = Space(of_client=5 * size, in_all=10**9)
    kept = [store.kept_requests.keep(replace(KEPT, id=f"{number:043}"), room) for number in range(30)]
    assert sum(await asyncio.gather(*kept)) == 5


async def test_pruning_drops_what_is_over_and_keeps_the_rest(store):
    await store.kept_requests.keep(KEPT, ROOM)
    await store.kept_requests.keep(replace(KEPT, id="later", expires_at=NOW + 900), ROOM)
    await store.prune(NOW + 600)
    assert await store.kept_requests.find("later", NOW + 600) is not None
    assert (await stored(store)).count("wiki.example.com") == 1


async def size_of_one(store) -> int:
    await store.kept_requests.keep(replace(KEPT, id="measured"), ROOM)
    size = await store._database.read(
        lambda connection: connection.execute(text("SELECT size FROM kept_requests")).scalar_one()
    )
    await store.kept_requests.take("measured", NOW)
    return size
