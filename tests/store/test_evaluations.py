"""What other services said about a login."""

from __future__ import annotations

from dataclasses import replace

from tests.store.values import NOW, SESSION

from doorward.policy.learned import Evaluation, Word

A, B = ("https://a.test/ask", "https://a.test/keys"), ("https://b.test/ask", "https://b.test/keys")
YES, NO = Evaluation(word=Word.YES, because="a said yes"), Evaluation(word=Word.NO, because="b said no")


async def test_answers_are_kept_with_the_login_they_are_about(store):
    await store.evaluations.keep("login-1", {A: YES, B: NO}, NOW)
    await store.evaluations.keep("login-2", {}, NOW)
    assert await store.evaluations.of("login-1") == {A: YES, B: NO}
    assert await store.evaluations.of("login-2") == {}


async def test_a_later_answer_replaces_the_earlier_one(store):
    await store.evaluations.keep("login-1", {A: YES, B: NO}, NOW)
    failed = Evaluation(word=Word.FAILED, because="a" * 10_000)
    await store.evaluations.keep("login-1", {A: failed}, NOW + 5)
    found = await store.evaluations.of("login-1")
    assert found[A] == Evaluation(word=Word.FAILED, because="a" * 500)
    assert found[B] == NO


async def test_answers_from_before_a_time_can_be_left_out(store):
    await store.evaluations.keep("login-1", {A: YES}, NOW)
    await store.evaluations.keep("login-1", {B: NO}, NOW + 5)
    assert await store.evaluations.of("login-1", since=NOW + 1) == {B: NO}
    assert await store.evaluations.of("login-1", since=NOW) == {A: YES, B: NO}


async def test_answers_go_with_their_login(store):
    await store.sessions.open(replace(SESSION, expires_at=NOW + 60))
    await store.evaluations.keep(SESSION.nonce, {A: YES}, NOW)
    await store.evaluations.keep("gone", {A: YES}, NOW)
    await store.prune(NOW)
    assert await store.evaluations.of(SESSION.nonce) == {A: YES}
    assert await store.evaluations.of("gone") == {}
    await store.prune(NOW + 60)
    assert await store.evaluations.of(SESSION.nonce) == {}
