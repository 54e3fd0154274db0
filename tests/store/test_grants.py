from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace

import pytest
from tests.grants.build import approval, grant
from tests.store.values import NOW, SESSION

from doorward.access.revocation import Revocation, Scope, grant_target
from doorward.grants import AnswerRefusedError, State, Why
from doorward.store.grants import KEPT

HOUR = 3600
ASKED = grant(session_nonce=SESSION.nonce, asked_at=NOW, lapses_at=NOW + HOUR)
GRANTED = replace(ASKED, approvals=(approval(at=NOW),), granted_at=NOW, ends_at=NOW + HOUR)


@pytest.fixture(autouse=True)
async def session(store):
    await store.sessions.open(SESSION)


def other(letter, **fields):
    return replace(ASKED, id=letter * 32, **fields)


async def revoke(store, target, now=NOW):
    return await store.revocations.revoke(Revocation(str(uuid.uuid4()), Scope.GRANT, grant_target(target), now))


async def record(store, nonce="token", exp=NOW + 600, grant_id=ASKED.id, application_id="app-1", policy_id="policy-1"):
    return await store.app_tokens.record(nonce, SESSION.nonce, application_id, NOW, exp, policy_id, grant_id=grant_id)


async def test_a_request_is_kept_as_it_is(store):
    assert await store.grants.add(ASKED) == (ASKED, True)
    assert await store.grants.find(ASKED.id) == ASKED
    assert await store.grants.of(SESSION.nonce, "app-1") == (ASKED,)
    assert await store.grants.of(SESSION.nonce, "app-2") == ()
    assert await store.grants.of("another", "app-1") == ()
    assert await store.grants.all() == (ASKED,)
    assert await store.grants.find("f" * 32) is None


@pytest.mark.parametrize("first", [ASKED, GRANTED])
async def test_asking_again_while_one_is_open_finds_that_one(store, first):
    await store.grants.add(first)
    assert await store.grants.add(other("b")) == (first, False)
    assert await store.grants.all() == (first,)


async def test_what_is_in_force_and_known_not_to_be_enough_can_be_asked_for_again(store):
    await store.grants.add(GRANTED)
    assert await store.grants.add(other("b"), {"c" * 32}) == (GRANTED, False)
    assert await store.grants.add(other("b"), {GRANTED.id}) == (other("b"), True)
    assert await store.grants.add(other("c"), {GRANTED.id, "b" * 32}) == (other("b"), False), "one that waits is enough"


@pytest.mark.parametrize("fields", [{"policy_id": "policy-2"}, {"application_id": "app-2"}])
async def test_a_request_for_something_else_is_another_one(store, fields):
    await store.grants.add(ASKED)
    assert await store.grants.add(other("b", **fields)) == (other("b", **fields), True)


@pytest.mark.parametrize(
    "over",
    [
        replace(GRANTED, ends_at=NOW),
        replace(ASKED, lapses_at=NOW),
        replace(ASKED, revoked_at=NOW),
        replace(ASKED, approvals=(approval(approved=False),)),
    ],
)
async def test_what_is_over_can_be_asked_for_again(store, over):
    await store.grants.add(over)
    again = other("b", asked_at=NOW + 1)
    if over.revoked_at is not None:
        await revoke(store, over)
    assert (await store.grants.add(again))[1]
    assert [one.id for one in await store.grants.of(SESSION.nonce, "app-1")] == [again.id, over.id], "newest first"


async def test_many_requests_at_once_are_one(store):
    answers = await asyncio.gather(*(store.grants.add(other(letter)) for letter in "bcdef"))
    assert sum(fresh for _, fresh in answers) == 1
    assert len({kept.id for kept, _ in answers}) == 1


async def test_a_session_that_was_revoked_asks_for_nothing(store):
    await store.sessions.revoke(SESSION.nonce, NOW)
    kept, _ = await store.grants.add(ASKED)
    assert kept.state(NOW) is State.REVOKED
    unknown, _ = await store.grants.add(other("b", session_nonce="unknown"))
    assert unknown.state(NOW) is State.REVOKED


async def test_an_answer_is_kept(store):
    await store.grants.add(ASKED)
    assert await store.grants.answer(ASKED.id, lambda one: GRANTED if one == ASKED else one) == GRANTED
    assert await store.grants.find(ASKED.id) == GRANTED
    assert await store.grants.answer("f" * 32, lambda one: one) is None


async def test_an_answer_that_does_not_count_changes_nothing(store):
    await store.grants.add(ASKED)

    def refuse(_one):
        raise AnswerRefusedError(Why.OWN)

    with pytest.raises(AnswerRefusedError):
        await store.grants.answer(ASKED.id, refuse)
    assert await store.grants.find(ASKED.id) == ASKED


async def test_approvers_at_the_same_moment_see_each_other(store):
    await store.grants.add(ASKED)

    def agree(name):
        return lambda one: replace(one, approvals=(*one.approvals, approval(name)))

    await asyncio.gather(*(store.grants.answer(ASKED.id, agree(name)) for name in "abcdefgh"))
    assert sorted(one.email[0] for one in (await store.grants.find(ASKED.id)).approvals) == list("abcdefgh")


async def test_a_token_rests_on_a_grant_in_force(store):
    await store.grants.add(GRANTED)
    assert await record(store)
    assert await store.app_tokens.revoked(NOW) == {}


@pytest.mark.parametrize("fields", [{"grant_id": "f" * 32}, {"exp": NOW + HOUR + 1}])
async def test_a_token_that_would_outlive_its_grant_is_revoked_at_once(store, fields):
    await store.grants.add(GRANTED)
    before = await store.revision()
    assert not await record(store, **fields)
    assert await store.app_tokens.revoked(NOW) == {"app-1": frozenset({"token"})}
    assert await store.revision() > before


@pytest.mark.parametrize("kept", [ASKED, GRANTED])
async def test_a_token_for_what_is_pending_or_was_taken_back_is_revoked_at_once(store, kept):
    await store.grants.add(kept)
    if kept is GRANTED:
        await revoke(store, kept)
    assert not await record(store)
    assert await store.app_tokens.revoked(NOW) == {"app-1": frozenset({"token"})}


async def test_taking_it_back_ends_its_tokens_and_no_others(store):
    await store.grants.add(GRANTED)
    await record(store)
    await record(store, "of another policy", grant_id="", policy_id="policy-2")
    await record(store, "of another application", grant_id="", application_id="app-2")
    before = await store.revision()
    assert await revoke(store, GRANTED, NOW + 5) == 1
    assert await store.revision() > before
    assert await store.app_tokens.revoked(NOW) == {"app-1": frozenset({"token"})}
    assert (await store.grants.find(GRANTED.id)).revoked_at == NOW + 5
    assert (await store.sessions.find(SESSION.nonce)).revoked_at is None
    assert await revoke(store, GRANTED, NOW + 9) == 0
    assert (await store.grants.find(GRANTED.id)).revoked_at == NOW + 5


async def test_taking_back_what_nobody_used_or_knows_ends_nothing(store):
    await store.grants.add(GRANTED)
    assert await revoke(store, GRANTED) == 0
    assert await revoke(store, other("b")) == 0


async def test_what_is_over_for_a_week_is_dropped(store):
    await store.grants.add(GRANTED)
    await store.grants.add(other("b", policy_id="policy-2"))
    await store.prune(NOW + HOUR + KEPT - 1)
    assert len(await store.grants.all()) == 2
    await store.prune(NOW + HOUR + KEPT)
    assert await store.grants.all() == ()
