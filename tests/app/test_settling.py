"""Reports reach what people have open: tokens of those who lost access end, and nobody else's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cryptography.fernet import Fernet
from tests.access.world import STAFF, application, policy, snapshot
from tests.sessions.build import session

from doorward.access.snapshot import Snapshot
from doorward.app.settling import Settling
from doorward.policy.learned import Evaluation, Word
from doorward.reports import SCORE, Delivery, Report, ReportSource, shared_secret
from doorward.store import Cipher, Store

NOW = 1_800_000_000
DAY = 86_400
SOURCE = ReportSource("fleet", frozenset({"disk", SCORE}), shared_secret("x" * 32))
DISK = {"device_posture": {"integration_uid": "disk"}}
SERVICE = ("https://a.test/ask", "https://a.test/keys")
ASKED = {"external_evaluation": {"evaluate_url": SERVICE[0], "keys_url": SERVICE[1]}}


class Door:
    """A store, a snapshot that can be changed, a clock, and what the settling made of them."""

    def __init__(self, store: Store, *policies: Any) -> None:
        self.store = store
        self.policies = policies
        self.now = NOW
        self.refreshed = 0
        self.sources: tuple[ReportSource, ...] = (SOURCE,)
        self.settling = Settling(store, self.snapshot, self.refresh, lambda: self.now)
        self._deliveries = iter(range(1000))

    def snapshot(self) -> Snapshot:
        checked = application(*self.policies)
        plain = application(policy("allow", STAFF), id="plain", aud="b" * 64, domain="plain.example.com")
        return replace(snapshot(checked, plain), report_sources=self.sources)

    async def refresh(self) -> None:
        self.refreshed += 1

    async def signed_in(self, address: str = "ada@example.com", nonce: str = "login-1") -> None:
        user = await self.store.users.resolve(address, "", NOW)
        who = session(nonce=nonce, user_id=user, expires_at=NOW + 30 * DAY)
        who = replace(who, identity=who.identity.model_copy(update={"email": address}))
        await self.store.sessions.open(who)
        for name in ("application-1", "plain"):
            await self.store.app_tokens.record(f"{name} of {nonce}", nonce, name, NOW, NOW + 9 * DAY, "allow-policy")

    async def report(self, *, passed: bool, address: str = "ada@example.com", until: int = NOW + DAY) -> None:
        report = Report(address, "disk", "passed" if passed else "failed", until)
        delivery = Delivery("fleet", str(next(self._deliveries)), self.now, self.now + 60, (report,))
        assert await self.store.reports.deliver(delivery, self.now)

    async def ended(self) -> set[str]:
        """Settle, then the nonces that are revoked."""
        await self.settling.settle()
        revoked = await self.store.app_tokens.revoked(self.now)
        return {nonce for nonces in revoked.values() for nonce in nonces}


@pytest.fixture
async def store(tmp_path):
    store = await Store.open(f"sqlite:///{tmp_path}/doorward.db", Cipher([Fernet.generate_key().decode()], "the test"))
    yield store
    await store.close()


@pytest.fixture
async def door(store):
    door = Door(store, policy("allow", STAFF, require=[DISK]))
    await door.signed_in()
    return door


async def test_who_is_still_fine_keeps_what_is_open(door: Door) -> None:
    await door.report(passed=True)
    assert await door.ended() == set()
    assert door.refreshed == 0


async def test_who_lost_access_loses_what_is_open_there_and_nowhere_else(door: Door) -> None:
    await door.report(passed=True)
    await door.ended()
    await door.report(passed=False)
    assert await door.ended() == {"application-1 of login-1"}
    assert door.refreshed == 1
    assert await door.ended() == {"application-1 of login-1"}
    assert door.refreshed == 1


async def test_nobody_elses_access_ends(door: Door) -> None:
    await door.signed_in("bob@example.com", "login-2")
    await door.report(passed=True, address="bob@example.com")
    await door.report(passed=False)
    assert await door.ended() == {"application-1 of login-1"}


async def test_the_end_of_a_report_ends_what_it_allowed(door: Door) -> None:
    await door.report(passed=True)
    door.now = NOW + DAY - 1
    assert await door.ended() == set()
    door.now = NOW + DAY
    assert await door.ended() == {"application-1 of login-1"}


async def test_g7_108_a_token_that_came_about_while_it_was_reported_is_found_as_well(door: Door) -> None:
    await door.report(passed=False)
    await door.ended()
    # decided before the report arrived, remembered after everything was looked at
    await door.store.app_tokens.record("late", "login-1", "application-1", NOW, NOW + DAY, "allow-policy")
    assert "late" not in await door.ended()
    door.now = NOW + 7
    assert "late" in await door.ended()


async def test_a_source_that_may_not_report_any_more_allows_nothing(door: Door) -> None:
    await door.report(passed=True)
    assert await door.ended() == set()
    door.sources = (replace(SOURCE, subjects=frozenset({SCORE})),)
    assert await door.ended() == {"application-1 of login-1"}


async def test_a_policy_that_does_not_hold_by_itself_is_asked_anew(store: Store) -> None:
    door = Door(store, policy("allow", STAFF, require=[DISK, {"ip": {"ip": "203.0.113.0/24"}}]))
    await door.signed_in()
    await door.report(passed=True)
    assert await door.ended() == {"application-1 of login-1"}


@pytest.mark.parametrize(("word", "ends"), [(Word.YES, False), (Word.NO, True)], ids=["yes", "no"])
async def test_what_another_service_said_at_the_login_is_remembered(store: Store, word: Word, ends: bool) -> None:
    door = Door(store, policy("allow", STAFF, require=[DISK, ASKED]))
    await door.signed_in()
    await store.evaluations.keep("login-1", {SERVICE: Evaluation(word=word, because="x")}, NOW)
    await door.report(passed=True)
    assert (await door.ended() == {"application-1 of login-1"}) is ends


async def test_an_application_that_is_gone_is_left_to_others(door: Door) -> None:
    await door.store.app_tokens.record("gone", "login-1", "gone", NOW, NOW + DAY, "allow-policy")
    await door.report(passed=False)
    assert await door.ended() == {"application-1 of login-1"}


async def test_many_people_are_looked_at_in_rounds(door: Door) -> None:
    reports = [Report(f"{number}@example.com", "disk", "failed", NOW + DAY) for number in range(450)]
    await door.store.reports.deliver(Delivery("fleet", "many", NOW, NOW + 60, tuple(reports)), NOW)
    await door.report(passed=False)
    assert await door.ended() == {"application-1 of login-1"}
    assert await door.store.reports.due(NOW) == ()
