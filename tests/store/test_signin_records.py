"""Attempts and hand-offs: found by a secret, used once."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tests.store.values import ATTEMPT, HANDOFF, NOW

from doorward.client_certificates import CertificateFacts


async def test_an_attempt_comes_back_as_it_was(store):
    await store.attempts.add(ATTEMPT)
    assert await store.attempts.take(ATTEMPT.state, NOW) == ATTEMPT


async def test_an_attempt_without_a_destination_comes_back_as_it_was(store):
    attempt = replace(ATTEMPT, destination=None)
    await store.attempts.add(attempt)
    assert await store.attempts.take(ATTEMPT.state, NOW) == attempt


async def test_an_attempt_with_a_client_certificate_comes_back_as_it_was(store):
    facts = CertificateFacts("device-1", "1f", "CN=Devices", "ab")
    attempt = replace(ATTEMPT, destination=replace(ATTEMPT.destination, certificate=facts))
    await store.attempts.add(attempt)
    assert await store.attempts.take(ATTEMPT.state, NOW) == attempt


async def test_a_handoff_comes_back_as_it_was(store):
    await store.handoffs.add(HANDOFF)
    assert await store.handoffs.take(HANDOFF.nonce, NOW) == HANDOFF


async def test_g7_98_a_state_is_taken_once_even_by_fifty_at_once(store):
    await store.attempts.add(ATTEMPT)
    answers = await asyncio.gather(*(store.attempts.take(ATTEMPT.state, NOW) for _ in range(50)))
    assert sorted(answer is not None for answer in answers) == [False] * 49 + [True]
    assert await store.attempts.take(ATTEMPT.state, NOW) is None


async def test_g7_96_a_handoff_is_taken_once_even_by_fifty_at_once(store):
    await store.handoffs.add(HANDOFF)
    answers = await asyncio.gather(*(store.handoffs.take(HANDOFF.nonce, NOW) for _ in range(50)))
    assert sum(answer is not None for answer in answers) == 1


async def test_an_expired_record_is_not_given_out_and_is_gone(store):
    await store.attempts.add(ATTEMPT)
    await store.handoffs.add(HANDOFF)
    assert await store.attempts.take(ATTEMPT.state, ATTEMPT.expires_at) is None
    assert await store.attempts.take(ATTEMPT.state, NOW) is None
    assert await store.handoffs.take(HANDOFF.nonce, HANDOFF.expires_at) is None
    assert await store.handoffs.take(HANDOFF.nonce, NOW) is None


async def test_a_record_is_good_until_the_second_before_its_end(store):
    await store.attempts.add(ATTEMPT)
    await store.handoffs.add(HANDOFF)
    assert await store.attempts.take(ATTEMPT.state, ATTEMPT.expires_at - 1) == ATTEMPT
    assert await store.handoffs.take(HANDOFF.nonce, HANDOFF.expires_at - 1) == HANDOFF


@pytest.mark.parametrize("secret", ["", "unknown", "state-secret ", "STATE-SECRET"])
async def test_any_other_secret_takes_nothing(store, secret):
    await store.attempts.add(ATTEMPT)
    await store.handoffs.add(HANDOFF)
    assert await store.attempts.take(secret, NOW) is None
    assert await store.handoffs.take(secret, NOW) is None
    assert await store.attempts.take(ATTEMPT.state, NOW) == ATTEMPT


async def test_ten_attempts_of_one_browser_live_side_by_side(store):
    attempts = [replace(ATTEMPT, state=f"state-{number}") for number in range(10)]
    await asyncio.gather(*(store.attempts.add(attempt) for attempt in attempts))
    assert await asyncio.gather(*(store.attempts.take(attempt.state, NOW) for attempt in attempts)) == attempts
