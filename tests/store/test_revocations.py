from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest
from tests.store.values import ATTEMPT, HANDOFF, NOW, PIN, SESSION

from doorward.access.revocation import Revocation, Scope
from doorward.store.high_water import HighWater, end_what_was_restored

WIKI, MAIL = "app-wiki", "app-mail"
OTHER = replace(SESSION, nonce="other-session-01", user_id="33333333-2222-4222-8222-222222222222")
SECOND = replace(SESSION, nonce="second-of-ann-01")


def revocation(scope: Scope, target: str = "", at: int = NOW + 10, number: int = 1) -> Revocation:
    return Revocation(f"revocation-{number}", scope, target, at)


@pytest.fixture
async def busy(store):
    """Ann twice, somebody else once; each with the wiki, Ann with the mail as well, by another policy."""
    for session in (SESSION, SECOND, OTHER):
        await store.sessions.open(session)
        await store.app_tokens.record(f"wiki-{session.nonce}", session.nonce, WIKI, NOW, NOW + 600, "staff")
    await store.app_tokens.record("mail", SESSION.nonce, MAIL, NOW, NOW + 600, "mailers")
    await store.app_tokens.record("program", "", WIKI, NOW, NOW + 600, "programs")
    return store


async def refused(store, *, at: int = NOW + 10) -> set[str]:
    """Names of the tokens that do not count any more, by name or by age."""
    marks = await store.revocations.marks((WIKI, MAIL))
    named = await store.app_tokens.revoked(at)
    every = {f"wiki-{session.nonce}" for session in (SESSION, SECOND, OTHER)} | {"program"}
    by_age = {
        name for application, own in ((WIKI, every), (MAIL, {"mail"})) for name in own if marks[application] > NOW
    }
    return by_age.union(*named.values()) if named else by_age


@pytest.mark.parametrize(
    ("scope", "target", "sessions", "gone"),
    [
        (Scope.SESSION, SESSION.nonce, 1, {f"wiki-{SESSION.nonce}", "mail"}),
        (Scope.USER, SESSION.user_id, 2, {f"wiki-{SESSION.nonce}", f"wiki-{SECOND.nonce}", "mail"}),
        (Scope.APPLICATION, MAIL, 1, {"mail"}),
        (Scope.APPLICATION, WIKI, 4, {f"wiki-{s.nonce}" for s in (SESSION, SECOND, OTHER)} | {"program"}),
        (Scope.POLICY, "mailers", 1, {"mail"}),
        (Scope.POLICY, "programs", 1, {"program"}),
        (Scope.POLICY, "unheard of", 0, set()),
        (Scope.EVERYONE, "", 3, {f"wiki-{s.nonce}" for s in (SESSION, SECOND, OTHER)} | {"program", "mail"}),
    ],
)
async def test_a_revocation_ends_what_it_names_once(busy, scope, target, sessions, gone):
    before = await busy.revision()
    assert await busy.revocations.revoke(revocation(scope, target)) == sessions
    assert await refused(busy) == gone
    assert await busy.revision() > before
    assert await busy.revocations.revoke(revocation(scope, target, number=2)) == 0
    assert await refused(busy) == gone


@pytest.mark.parametrize("scope", [Scope.APPLICATION, Scope.EVERYONE])
async def test_tokens_of_the_very_second_are_ended_and_those_that_come_after_are_not(busy, scope):
    target = WIKI if scope is Scope.APPLICATION else ""
    await busy.revocations.revoke(revocation(scope, target, at=NOW))
    assert (await busy.app_tokens.revoked(NOW))[WIKI] >= {"program", f"wiki-{OTHER.nonce}"}
    fresh = replace(SESSION, nonce="fresh-session-01")
    await busy.sessions.open(fresh)
    assert await busy.app_tokens.record("later", fresh.nonce, WIKI, NOW, NOW + 600)
    assert "later" not in (await busy.app_tokens.revoked(NOW))[WIKI]
    assert (await busy.revocations.marks((WIKI,)))[WIKI] <= NOW


async def test_marks_never_go_back(busy):
    await busy.revocations.revoke(revocation(Scope.APPLICATION, WIKI, at=NOW + 50))
    await busy.revocations.revoke(revocation(Scope.APPLICATION, WIKI, at=NOW + 20, number=2))
    assert await busy.revocations.marks((WIKI, MAIL)) == {WIKI: NOW + 50, MAIL: 0}
    await busy.revocations.revoke(revocation(Scope.EVERYONE, at=NOW + 30, number=3))
    assert await busy.revocations.marks((WIKI, MAIL)) == {WIKI: NOW + 50, MAIL: NOW + 30}


async def test_no_token_slips_through_while_a_person_is_revoked(store):
    await store.sessions.open(SESSION)
    records = [store.app_tokens.record(f"t{number}", SESSION.nonce, WIKI, NOW, NOW + 600) for number in range(20)]
    one = revocation(Scope.USER, SESSION.user_id)
    await asyncio.gather(*records[:10], store.revocations.revoke(one), *records[10:])
    assert (await store.app_tokens.revoked(NOW))[WIKI] == {f"t{number}" for number in range(20)}


async def test_streams_are_told_by_whoever_ended_them(store):
    one = revocation(Scope.EVERYONE)
    await store.revocations.revoke(one)
    assert await store.revocations.pending() == (one,)
    assert await store.revocations.streams(one.id) is None
    before = await store.revision()
    await store.revocations.settle({one.id: 3})
    assert await store.revocations.streams(one.id) == 3
    assert await store.revocations.pending() == ()
    await store.revocations.settle({one.id: 4})  # another node
    await store.revocations.settle({})
    assert await store.revocations.streams(one.id) == 7
    assert await store.revision() == before, "telling must not rebuild the snapshot"


async def test_a_revocation_is_forgotten_after_a_day_and_stays_in_force(busy):
    await busy.revocations.revoke(revocation(Scope.APPLICATION, WIKI, at=NOW))
    await busy.prune(NOW + 86_401)
    assert await busy.revocations.pending() == ()
    assert (await busy.revocations.marks((WIKI,)))[WIKI] == NOW


async def test_sessions_are_listed_as_long_as_they_give_access(busy):
    async def listed(now, user=None):
        return [(one.session.nonce, [t.nonce for t in one.tokens]) for one in await busy.revocations.ongoing(now, user)]

    assert await listed(NOW + 1, OTHER.user_id) == [(OTHER.nonce, [f"wiki-{OTHER.nonce}"])]
    assert {nonce for nonce, _ in await listed(NOW + 1)} == {SESSION.nonce, SECOND.nonce, OTHER.nonce}
    await busy.revocations.revoke(revocation(Scope.SESSION, SECOND.nonce))
    await busy.revocations.revoke(revocation(Scope.APPLICATION, WIKI, number=2))
    assert await listed(NOW + 11, SESSION.user_id) == [(SESSION.nonce, ["mail"])]
    assert await listed(NOW + 11, OTHER.user_id) == [(OTHER.nonce, [])]
    assert await listed(NOW + 3600) == []
    await busy.app_tokens.record("outlives", SESSION.nonce, MAIL, NOW + 3000, NOW + 9000)
    assert await listed(NOW + 3600) == [(SESSION.nonce, ["outlives"])]
    assert await busy.revocations.revoke(revocation(Scope.USER, SESSION.user_id, at=NOW + 3600, number=3)) == 1


async def test_g12_159_an_older_database_ends_everything_in_it(busy, tmp_path):
    mark = HighWater(tmp_path / "state")
    await busy.attempts.add(ATTEMPT)
    await busy.handoffs.add(HANDOFF)
    await busy.pins.add(PIN)
    assert not await end_what_was_restored(busy, mark, NOW), "nothing is known of another state"
    mark.rise(await busy.revision())
    assert not await end_what_was_restored(busy, mark, NOW), "it is the newest"
    HighWater(tmp_path / "state").rise(await busy.revision() + 7)
    assert await end_what_was_restored(busy, mark, NOW + 10)
    assert await refused(busy) == {f"wiki-{s.nonce}" for s in (SESSION, SECOND, OTHER)} | {"program", "mail"}
    assert await busy.revision() > mark.seen()
    assert (await busy.revocations.marks((WIKI,)))[WIKI] == NOW + 11, "tokens of this second too, known or not"
    assert await busy.attempts.take(ATTEMPT.state, NOW) is None
    assert await busy.handoffs.take(HANDOFF.nonce, NOW) is None
    assert await busy.pins.find(PIN.nonce, NOW) is None
    assert not await end_what_was_restored(busy, mark, NOW + 20), "once is enough"


def test_the_mark_only_rises_and_survives_nonsense(tmp_path):
    mark = HighWater(tmp_path)
    assert mark.seen() == 0
    mark.rise(5)
    mark.rise(3)
    assert HighWater(tmp_path).seen() == 5
    (tmp_path / "revision").write_text("nonsense")
    assert HighWater(tmp_path).seen() == 0
    assert mark.seen() == 5


def test_what_the_mark_speaks_of_is_on_the_disk_first(tmp_path, monkeypatch):
    log, order = tmp_path / "doorward.db-wal", []
    log.touch()
    real = os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda number: (order.append(str(Path(f"/proc/self/fd/{number}").readlink())), real(number))
    )
    HighWater(tmp_path, f"sqlite:///{tmp_path}/doorward.db").rise(5)
    assert [Path(name).name.split(".")[0] for name in order] == ["doorward", "revision"]
    log.unlink()
    HighWater(tmp_path, f"sqlite:///{tmp_path}/doorward.db").rise(6)
    assert HighWater(tmp_path).seen() == 6
