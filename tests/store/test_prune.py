from __future__ import annotations

from dataclasses import replace

from tests.store.values import ATTEMPT, HANDOFF, NOW, PIN, SESSION

from doorward.store.pins import RETENTION


async def count(store, table: str) -> int:
    from sqlalchemy import text

    return await store._database.read(
        lambda connection: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
    )


async def test_pruning_drops_what_is_over_and_keeps_the_rest(store):
    await store.attempts.add(ATTEMPT)
    await store.attempts.add(replace(ATTEMPT, state="later", expires_at=NOW + 9000))
    await store.handoffs.add(HANDOFF)
    await store.handoffs.add(replace(HANDOFF, nonce="later", expires_at=NOW + 9000))
    await store.sessions.open(SESSION)
    await store.sessions.open(replace(SESSION, nonce="later", expires_at=NOW + 9000))
    await store.limits.hit("over", 1, 60, NOW)
    await store.limits.hit("running", 1, 9000, NOW)

    await store.prune(NOW + 3600)

    assert [await count(store, table) for table in ("attempts", "handoffs", "sessions", "limits")] == [1, 1, 1, 1]
    assert await store.attempts.take("later", NOW + 3600) is not None
    assert await store.handoffs.take("later", NOW + 3600) is not None
    assert await store.sessions.find("later") is not None
    assert not await store.limits.hit("running", 1, 9000, NOW + 3600)


async def test_an_ended_session_stays_while_a_token_of_it_lives_so_that_the_person_can_still_be_revoked(store):
    await store.sessions.open(SESSION)
    await store.app_tokens.record("long", SESSION.nonce, "wiki", NOW, NOW + 9000)
    await store.prune(SESSION.expires_at)
    assert await store.sessions.revoke_user(SESSION.user_id, NOW + 3600) == 2
    assert await store.app_tokens.revoked(NOW + 3600) == {"wiki": frozenset({"long"})}
    await store.prune(NOW + 9059)
    assert await store.sessions.find(SESSION.nonce) is not None  # the token is still on the list of revoked ones
    await store.prune(NOW + 9060)
    assert await store.sessions.find(SESSION.nonce) is None
    assert await count(store, "app_tokens") == 0


async def test_a_revoked_token_is_remembered_until_it_expires(store):
    await store.app_tokens.record("machine", "", "wiki", NOW, NOW + 600)
    await store.app_tokens.revoke("machine", NOW)
    await store.prune(NOW + 599)
    assert await store.app_tokens.revoked(NOW + 599) == {"wiki": frozenset({"machine"})}


async def test_pins_stay_countable_for_a_day(store):
    await store.pins.add(PIN)
    await store.prune(PIN.expires_at + RETENTION - 1)
    assert await store.pins.count(PIN.email, NOW) == 1
    await store.prune(PIN.expires_at + RETENTION)
    assert await store.pins.count(PIN.email, NOW) == 0


async def test_pruning_an_empty_store_is_fine(store):
    await store.prune(NOW)
