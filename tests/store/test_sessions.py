from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tests.grants.build import grant
from tests.store.values import ANN, NOW, SESSION

from doorward.errors import StoreError
from doorward.identity import Group
from doorward.policy.learned import Evaluation, Word

WIKI, CHAT = "app-wiki", "app-chat"


async def test_a_session_comes_back_as_it_was(store):
    await store.sessions.open(SESSION)
    found = await store.sessions.find(SESSION.nonce)
    assert found == SESSION
    assert list(found.identity.custom) == ["b", "a"]


async def test_a_session_with_five_thousand_groups_comes_back_whole(store):
    groups = tuple(Group(id=f"id-{number}", name=f"Group {number}") for number in range(5000))
    session = replace(SESSION, identity=ANN.model_copy(update={"groups": groups}))
    await store.sessions.open(session)
    assert await store.sessions.find(SESSION.nonce) == session


async def test_an_unknown_nonce_finds_nothing(store):
    assert await store.sessions.find("nobody") is None
    assert await store.sessions.find("' OR 1=1 --") is None


async def test_a_nonce_is_not_given_out_twice(store):
    await store.sessions.open(SESSION)
    with pytest.raises(StoreError) as refused:
        await store.sessions.open(replace(SESSION, user_id="somebody-else"))
    assert "ann@example.com" not in str(refused.value).lower()
    assert (await store.sessions.find(SESSION.nonce)).user_id == SESSION.user_id


async def test_revoking_ends_the_session_and_all_its_tokens(store):
    await store.sessions.open(SESSION)
    await store.app_tokens.record("t1", SESSION.nonce, WIKI, NOW, NOW + 600)
    await store.app_tokens.record("t2", SESSION.nonce, CHAT, NOW, NOW + 600)
    await store.app_tokens.record("other", "", WIKI, NOW, NOW + 600)
    before = await store.revision()

    assert await store.sessions.revoke(SESSION.nonce, NOW + 5) == 3

    assert not (await store.sessions.find(SESSION.nonce)).live(NOW + 5)
    assert await store.app_tokens.revoked(NOW + 5) == {WIKI: frozenset({"t1"}), CHAT: frozenset({"t2"})}
    assert await store.revision() > before


async def test_revoking_twice_or_nothing_counts_nothing_and_leaves_the_revision(store):
    await store.sessions.open(SESSION)
    await store.sessions.revoke(SESSION.nonce, NOW)
    before = await store.revision()
    assert await store.sessions.revoke(SESSION.nonce, NOW + 9) == 0
    assert await store.sessions.revoke("nobody", NOW) == 0
    assert await store.revision() == before
    assert (await store.sessions.find(SESSION.nonce)).revoked_at == NOW


async def test_revoking_a_person_ends_every_session_of_theirs_and_nobody_elses(store):
    await store.sessions.open(SESSION)
    await store.sessions.open(replace(SESSION, nonce="second"))
    await store.sessions.open(replace(SESSION, nonce="bobs", user_id="bob"))
    await store.app_tokens.record("t1", "second", WIKI, NOW, NOW + 600)
    await store.app_tokens.record("bobs-token", "bobs", WIKI, NOW, NOW + 600)

    assert await store.sessions.revoke_user(SESSION.user_id, NOW) == 3

    assert await store.sessions.live_of(SESSION.user_id, NOW) == ()
    assert [session.nonce for session in await store.sessions.live_of("bob", NOW)] == ["bobs"]
    assert await store.app_tokens.revoked(NOW) == {WIKI: frozenset({"t1"})}


async def test_live_sessions_are_listed_newest_first_without_those_that_are_over(store):
    await store.sessions.open(replace(SESSION, nonce="old"))
    await store.sessions.open(replace(SESSION, nonce="new", created_at=NOW + 1))
    await store.sessions.open(replace(SESSION, nonce="over", expires_at=NOW + 2))
    await store.sessions.open(replace(SESSION, nonce="revoked", revoked_at=NOW))
    assert [session.nonce for session in await store.sessions.live_of(SESSION.user_id, NOW + 2)] == ["new", "old"]


async def test_g6_90_a_session_goes_on_under_another_name_and_what_named_the_old_one_is_over(store):
    await store.sessions.open(SESSION)
    await store.app_tokens.record("t1", SESSION.nonce, WIKI, NOW, NOW + 600)
    said = {("https://e.example", "https://k.example"): Evaluation(word=Word.YES, because="known")}
    await store.evaluations.keep(SESSION.nonce, said, NOW)
    await store.grants.add(grant(session_nonce=SESSION.nonce))
    await store.factors.offer(SESSION.nonce, "passkey", b"old", NOW, 600)
    before = await store.revision()
    new = replace(SESSION, nonce="fedcba9876543210")

    assert await store.sessions.renew(SESSION.nonce, new, NOW + 5)

    assert (await store.sessions.find(SESSION.nonce)).revoked_at == NOW + 5
    assert await store.sessions.live_of(SESSION.user_id, NOW + 5) == (new,)
    assert await store.app_tokens.revoked(NOW + 5) == {WIKI: frozenset({"t1"})}
    assert await store.evaluations.of(new.nonce) == said
    assert await store.evaluations.of(SESSION.nonce) == {}
    (moved,) = await store.grants.of(new.nonce, grant().application_id)
    assert moved.revoked_at is None
    assert await store.factors.offered(SESSION.nonce, "passkey", NOW + 5) is None
    assert await store.factors.offered(new.nonce, "passkey", NOW + 5) is None
    assert await store.revision() > before


async def test_a_session_that_is_over_or_unknown_gets_no_other_name(store):
    await store.sessions.open(SESSION)
    await store.sessions.revoke(SESSION.nonce, NOW)
    new = replace(SESSION, nonce="fedcba9876543210")
    assert not await store.sessions.renew(SESSION.nonce, new, NOW + 1)
    assert not await store.sessions.renew("nobody", new, NOW + 1)
    assert await store.sessions.find(new.nonce) is None


async def test_of_two_at_once_only_one_gives_a_session_another_name(store):
    await store.sessions.open(SESSION)
    names = ("fedcba9876543210", "fedcba9876543211")
    renewed = await asyncio.gather(
        *(store.sessions.renew(SESSION.nonce, replace(SESSION, nonce=name), NOW) for name in names)
    )
    assert sorted(renewed) == [False, True]
    assert len(await store.sessions.live_of(SESSION.user_id, NOW)) == 1
