"""What our side of SAML remembers, whichever node asks."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text
from tests.store.values import ATTEMPT, NOW

from doorward.saml_keys import ADVANCE, LIFETIME, OVERLAP
from doorward.store.kept_requests import Space
from doorward.store.saml import KEPT_FOR

ROOM = Space(of_client=10**6, in_all=10**7)


async def keep(store, response="x", *, state=ATTEMPT.state, client="a client", room=ROOM, now=NOW):
    return await store.saml.keep_answer(state, response, client, room, now)


async def states(store, count):
    """So many logins that wait for an answer."""
    waiting = [f"state {number}" for number in range(count)]
    for state in waiting:
        await store.attempts.add(replace(ATTEMPT, state=state))
    return waiting


async def size_of_one(store):
    (state,) = await states(store, 1)
    await keep(store, state=state)
    size = text("SELECT size FROM saml_answers")
    found = await store._database.read(lambda connection: connection.execute(size).scalar_one())
    await store.saml.take_answer(state, NOW)
    await store.attempts.take(state, NOW)
    return found


async def test_keys_are_made_at_first_sight_and_stay(store):
    first = await store.saml.keys(NOW)
    assert first.signs(NOW).kid != first.encrypts(NOW).kid
    assert await store.saml.keys(NOW + 60) == first


async def test_two_that_ask_at_once_get_the_same_keys(store):
    one, other = await asyncio.gather(store.saml.keys(NOW), store.saml.keys(NOW))
    assert one == other
    assert (len(one.signing), len(one.encryption)) == (1, 1)


async def test_keys_change_over_time_and_old_ones_go(store):
    first = await store.saml.keys(NOW)
    both = await store.saml.keys(NOW + LIFETIME - ADVANCE)
    assert len(both.signers(NOW + LIFETIME - ADVANCE)) == 2
    assert both.signs(NOW + LIFETIME - 1) == first.signs(NOW)
    after = await store.saml.keys(NOW + LIFETIME + OVERLAP)
    assert first.encrypts(NOW) not in after.decrypting
    assert len(after.signing) == 1


async def test_g8_123_an_assertion_is_used_once_by_whoever_comes_first(store):
    uses = [store.saml.first_use("idp-1", "_a", NOW + 300, NOW) for _ in range(8)]
    assert sorted(await asyncio.gather(*uses)) == [False] * 7 + [True]
    assert await store.saml.first_use("idp-2", "_a", NOW + 300, NOW)
    assert await store.saml.first_use("idp-1", "_b", NOW + 300, NOW)


async def test_g8_123_it_is_remembered_until_it_has_expired(store):
    assert await store.saml.first_use("idp-1", "_a", NOW + 300, NOW)
    await store.prune(NOW + 299)
    assert not await store.saml.first_use("idp-1", "_a", NOW + 300, NOW + 299)
    await store.prune(NOW + 300)
    assert await store.saml.first_use("idp-1", "_a", NOW + 600, NOW + 300)


async def test_an_answer_waits_for_the_browser_once(store):
    await store.attempts.add(ATTEMPT)
    assert await keep(store, "first") == "kept"
    assert await keep(store, "second") == "not_awaited"
    assert await store.saml.take_answer(ATTEMPT.state, NOW) == "first"
    assert await store.saml.take_answer(ATTEMPT.state, NOW) is None


async def test_an_answer_to_nothing_is_not_kept(store):
    assert await keep(store, state="unknown") == "not_awaited"
    await store.attempts.add(ATTEMPT)
    assert await keep(store, now=ATTEMPT.expires_at) == "not_awaited"
    assert await store.saml.take_answer(ATTEMPT.state, NOW) is None


async def test_an_answer_that_nobody_comes_for_goes(store):
    await store.attempts.add(ATTEMPT)
    await keep(store)
    assert await store.saml.take_answer(ATTEMPT.state, ATTEMPT.expires_at) is None
    await keep(store)
    await store.prune(ATTEMPT.expires_at)
    assert await store.saml.take_answer(ATTEMPT.state, NOW) is None


@pytest.mark.parametrize(("lasts", "kept_for"), [(3600, KEPT_FOR), (60, 60)])
async def test_an_answer_waits_no_longer_than_ten_minutes_and_its_login(store, lasts, kept_for):
    for state, end in (("one", kept_for - 1), ("other", kept_for)):
        await store.attempts.add(replace(ATTEMPT, state=state, expires_at=NOW + lasts))
        assert await keep(store, state=state) == "kept"
        assert await store.saml.take_answer(state, NOW + end) == ("x" if end < kept_for else None)


async def test_g8_127_there_is_room_for_so_much_of_one_client_and_in_all(store):
    size = await size_of_one(store)
    room = Space(of_client=2 * size, in_all=3 * size)
    of_one, of_others = [], []
    for number, state in enumerate(await states(store, 5)):
        answers, client = (of_one, "a client") if number < 3 else (of_others, f"client {number}")
        answers.append(await keep(store, state=state, client=client, room=room))
    assert of_one == ["kept", "kept", "client_full"]
    assert of_others == ["kept", "full"]


async def test_what_was_fetched_or_has_expired_takes_no_room(store):
    size = await size_of_one(store)
    room = Space(of_client=size, in_all=size)
    first, second, third = await states(store, 3)
    assert await keep(store, state=first, room=room) == "kept"
    assert await store.saml.take_answer(first, NOW) == "x"
    assert await keep(store, state=second, room=room) == "kept"
    assert await keep(store, state=third, room=room, now=NOW + KEPT_FOR - 1) == "client_full"
    assert await keep(store, state=third, room=room, now=NOW + KEPT_FOR) == "kept"


async def test_g8_127_many_at_once_do_not_get_past_the_limit(store):
    size = await size_of_one(store)
    room = Space(of_client=5 * size, in_all=10**9)
    kept = [keep(store, state=state, room=room) for state in await states(store, 30)]
    assert sorted(await asyncio.gather(*kept)) == ["client_full"] * 25 + ["kept"] * 5


async def test_an_attempt_can_be_looked_at_without_using_it_up(store):
    await store.attempts.add(ATTEMPT)
    assert await store.attempts.find(ATTEMPT.state, NOW) == ATTEMPT
    assert await store.attempts.find(ATTEMPT.state, ATTEMPT.expires_at) is None
    assert await store.attempts.find("unknown", NOW) is None
    assert await store.attempts.take(ATTEMPT.state, NOW) == ATTEMPT
