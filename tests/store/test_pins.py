from __future__ import annotations

import asyncio
from dataclasses import replace

from tests.store.values import NOW, PIN

from doorward.store.pins import Guess

WRONG = "0" * 64
RIGHT = PIN.code_hash


async def test_a_challenge_comes_back_as_it_was(store):
    await store.pins.add(PIN)
    assert await store.pins.find(PIN.nonce, NOW) == PIN
    assert await store.pins.find("other", NOW) is None
    assert await store.pins.find(PIN.nonce, PIN.expires_at) is None


async def test_the_right_code_is_right_once(store):
    await store.pins.add(PIN)
    assert await store.pins.guess(PIN.nonce, RIGHT, NOW) == Guess(right=True, tries_left=0)
    assert not (await store.pins.guess(PIN.nonce, RIGHT, NOW)).right
    assert (await store.pins.find(PIN.nonce, NOW)).used_at == NOW


async def test_g7_111_wrong_codes_cost_tries_until_the_right_one_is_too_late(store):
    await store.pins.add(PIN)
    lefts = [(await store.pins.guess(PIN.nonce, WRONG, NOW)).tries_left for _ in range(6)]
    assert lefts == [4, 3, 2, 1, 0, 0]
    assert not (await store.pins.guess(PIN.nonce, RIGHT, NOW)).right
    assert not await store.pins.use(PIN.nonce, NOW)


async def test_the_last_try_may_be_the_right_one(store):
    await store.pins.add(replace(PIN, tries_left=1))
    assert (await store.pins.guess(PIN.nonce, RIGHT, NOW)).right


async def test_g7_111_a_thousand_guesses_at_once_are_five(store):
    await store.pins.add(PIN)
    guesses = [store.pins.guess(PIN.nonce, f"{number:064x}", NOW) for number in range(200)]
    answers = await asyncio.gather(*guesses, store.pins.guess(PIN.nonce, RIGHT, NOW))
    assert not any(answer.right for answer in answers)


async def test_a_challenge_without_a_mail_has_no_right_code(store):
    await store.pins.add(replace(PIN, code_hash=""))
    assert await store.pins.guess(PIN.nonce, "", NOW) == Guess(right=False, tries_left=4)


async def test_an_expired_challenge_has_no_right_code(store):
    await store.pins.add(PIN)
    assert not (await store.pins.guess(PIN.nonce, RIGHT, PIN.expires_at)).right
    assert not await store.pins.use(PIN.nonce, PIN.expires_at)


async def test_using_up_succeeds_for_one_of_fifty(store):
    await store.pins.add(PIN)
    assert sum(await asyncio.gather(*(store.pins.use(PIN.nonce, NOW) for _ in range(50)))) == 1


async def test_failing_counts_down_to_zero_and_stays_there(store):
    await store.pins.add(replace(PIN, tries_left=2))
    assert [await store.pins.fail(PIN.nonce) for _ in range(3)] == [1, 0, 0]
    assert await store.pins.fail("unknown") == 0
    assert not await store.pins.use(PIN.nonce, NOW)


async def test_g7_111_a_newer_challenge_of_the_same_browser_and_address_replaces_the_older(store):
    await store.pins.add(PIN)
    await store.pins.add(replace(PIN, nonce="newer"))
    assert not (await store.pins.guess(PIN.nonce, RIGHT, NOW)).right
    assert (await store.pins.guess("newer", RIGHT, NOW)).right


async def test_another_browser_or_address_replaces_nothing(store):
    await store.pins.add(PIN)
    await store.pins.add(replace(PIN, nonce="phone", browser_hash="f" * 64))
    await store.pins.add(replace(PIN, nonce="bob", email="bob@example.com"))
    assert (await store.pins.guess(PIN.nonce, RIGHT, NOW)).right


async def test_challenges_of_an_address_are_counted_from_a_time_on(store):
    for number in range(3):
        await store.pins.add(replace(PIN, nonce=f"n{number}", created_at=NOW + number * 10))
    assert await store.pins.count(PIN.email, NOW) == 3
    assert await store.pins.count(PIN.email, NOW + 10) == 2
    assert await store.pins.count("bob@example.com", NOW) == 0
