"""What our side of SAML remembers, whichever node asks."""

from __future__ import annotations

import asyncio

from tests.store.values import ATTEMPT, NOW

from doorward.saml_keys import ADVANCE, LIFETIME, OVERLAP


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
    assert await store.saml.keep_answer(ATTEMPT.state, "first", NOW)
    assert not await store.saml.keep_answer(ATTEMPT.state, "second", NOW)
    assert await store.saml.take_answer(ATTEMPT.state, NOW) == "first"
    assert await store.saml.take_answer(ATTEMPT.state, NOW) is None


async def test_an_answer_to_nothing_is_not_kept(store):
    assert not await store.saml.keep_answer("unknown", "x", NOW)
    await store.attempts.add(ATTEMPT)
    assert not await store.saml.keep_answer(ATTEMPT.state, "x", ATTEMPT.expires_at)
    assert await store.saml.take_answer(ATTEMPT.state, NOW) is None


async def test_an_answer_that_nobody_comes_for_goes(store):
    await store.attempts.add(ATTEMPT)
    await store.saml.keep_answer(ATTEMPT.state, "x", NOW)
    assert await store.saml.take_answer(ATTEMPT.state, ATTEMPT.expires_at) is None
    await store.saml.keep_answer(ATTEMPT.state, "x", NOW)
    await store.prune(ATTEMPT.expires_at)
    assert await store.saml.take_answer(ATTEMPT.state, NOW) is None


async def test_an_attempt_can_be_looked_at_without_using_it_up(store):
    await store.attempts.add(ATTEMPT)
    assert await store.attempts.find(ATTEMPT.state, NOW) == ATTEMPT
    assert await store.attempts.find(ATTEMPT.state, ATTEMPT.expires_at) is None
    assert await store.attempts.find("unknown", NOW) is None
    assert await store.attempts.take(ATTEMPT.state, NOW) == ATTEMPT
