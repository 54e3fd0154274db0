from __future__ import annotations

import asyncio

from tests.store.values import NOW, SESSION

from doorward.store.app_tokens import AppToken

WIKI = "app-wiki"


async def test_a_token_of_a_live_session_is_recorded_and_not_revoked(store):
    await store.sessions.open(SESSION)
    before = await store.revision()
    assert await store.app_tokens.record("t1", SESSION.nonce, WIKI, NOW, NOW + 600)
    assert await store.app_tokens.by_session(SESSION.nonce) == (AppToken("t1", SESSION.nonce, WIKI, NOW, NOW + 600),)
    assert await store.app_tokens.revoked(NOW) == {}
    assert await store.revision() == before, "a login must not rebuild the snapshot"


async def test_a_token_for_a_session_revoked_meanwhile_is_revoked_from_birth(store):
    await store.sessions.open(SESSION)
    await store.sessions.revoke(SESSION.nonce, NOW)
    before = await store.revision()
    assert not await store.app_tokens.record("late", SESSION.nonce, WIKI, NOW, NOW + 600)
    assert await store.app_tokens.revoked(NOW) == {WIKI: frozenset({"late"})}
    assert await store.revision() > before


async def test_a_token_for_a_session_nobody_knows_is_revoked_from_birth(store):
    assert not await store.app_tokens.record("stray", "nobody", WIKI, NOW, NOW + 600)
    assert await store.app_tokens.revoked(NOW) == {WIKI: frozenset({"stray"})}


async def test_whatever_the_order_no_token_survives_the_end_of_its_session(store):
    await store.sessions.open(SESSION)
    records = [store.app_tokens.record(f"t{number}", SESSION.nonce, WIKI, NOW, NOW + 600) for number in range(20)]
    await asyncio.gather(*records[:10], store.sessions.revoke(SESSION.nonce, NOW), *records[10:])
    assert (await store.app_tokens.revoked(NOW))[WIKI] == {f"t{number}" for number in range(20)}


async def test_a_token_without_a_session_is_recorded(store):
    assert await store.app_tokens.record("machine", "", WIKI, NOW, NOW + 600)
    assert await store.app_tokens.revoked(NOW) == {}


async def test_one_token_is_revoked_once(store):
    await store.app_tokens.record("machine", "", WIKI, NOW, NOW + 600)
    before = await store.revision()
    assert await store.app_tokens.revoke("machine", NOW + 1)
    after = await store.revision()
    assert after > before
    assert not await store.app_tokens.revoke("machine", NOW + 2)
    assert not await store.app_tokens.revoke("unknown", NOW + 2)
    assert await store.revision() == after
    assert await store.app_tokens.revoked(NOW + 1) == {WIKI: frozenset({"machine"})}


async def test_a_revoked_token_leaves_the_list_a_minute_after_it_expired(store):
    await store.app_tokens.record("machine", "", WIKI, NOW, NOW + 600)
    await store.app_tokens.revoke("machine", NOW)
    assert await store.app_tokens.revoked(NOW + 659) == {WIKI: frozenset({"machine"})}
    assert await store.app_tokens.revoked(NOW + 660) == {}
