"""What was reported: kept once, in order, and enforced on what people have open."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.store.values import NOW, SESSION

from doorward.reports import SCORE, Delivery, Held, Report
from doorward.store.reports import Access, Delivered

DAY = 86_400
DISK = Report("ann@example.com", "disk", "passed", NOW + DAY)
LOW = Report("ann@example.com", SCORE, "low", NOW + DAY)


def delivery(*reports: Report, jti: str = "1", source: str = "fleet", at: int = NOW) -> Delivery:
    return Delivery(source, jti, at, at + 60, reports or (DISK,))


def held(report: Report = DISK, source: str = "fleet", reported: int = NOW, received: int = NOW) -> Held:
    return Held(report.user, report.subject, report.value, source, reported, received, report.until)


async def test_what_was_reported_is_found_by_the_address_in_any_spelling(store):
    assert await store.reports.deliver(delivery(DISK, LOW), NOW) == Delivered(2, 0)
    assert await store.reports.about("Ann@Example.com") == (held(LOW), held())
    assert await store.reports.about("bob@example.com") == ()


async def test_a_delivery_counts_once(store):
    assert await store.reports.deliver(delivery(jti="same"), NOW) == Delivered(1, 0)
    worse = delivery(replace(DISK, value="failed"), jti="other", at=NOW + 1)
    assert await store.reports.deliver(worse, NOW + 1) == Delivered(1, 0)
    assert await store.reports.deliver(delivery(jti="same"), NOW + 2) is None
    assert (await store.reports.about("ann@example.com"))[0].value == "failed"


async def test_two_sources_may_use_the_same_name_for_a_delivery(store):
    assert await store.reports.deliver(delivery(jti="same"), NOW) is not None
    assert await store.reports.deliver(delivery(LOW, jti="same", source="siem"), NOW) is not None


async def test_a_delivery_is_remembered_while_it_could_come_again(store):
    await store.reports.deliver(delivery(jti="same"), NOW)
    await store.prune(NOW + 59)
    assert await store.reports.deliver(delivery(jti="same"), NOW + 59) is None
    await store.prune(NOW + 60)  # from now on it has expired
    assert await store.reports.deliver(delivery(jti="same"), NOW + 60) is not None


async def test_an_older_report_does_not_replace_a_newer_one(store):
    failed = replace(DISK, value="failed")
    await store.reports.deliver(delivery(failed, jti="2", at=NOW + 5), NOW + 5)
    assert await store.reports.deliver(delivery(jti="1", at=NOW + 4), NOW + 6) == Delivered(0, 1)
    assert await store.reports.about("ann@example.com") == (held(failed, reported=NOW + 5, received=NOW + 5),)
    assert await store.reports.deliver(delivery(jti="3", at=NOW + 5), NOW + 7) == Delivered(1, 0)
    assert (await store.reports.about("ann@example.com"))[0].value == "passed"


async def test_another_source_starts_anew(store):
    await store.reports.deliver(delivery(at=NOW + 5), NOW + 5)
    assert await store.reports.deliver(delivery(source="other", at=NOW), NOW + 6) == Delivered(1, 0)


async def test_a_change_is_due_until_it_is_enforced_and_once_more(store):
    await store.reports.deliver(delivery(), NOW)
    assert await store.reports.due(NOW - 1) == ()
    assert await store.reports.due(NOW) == ("ann@example.com",)
    for now, following in ((NOW, NOW + 7), (NOW + 7, NOW + DAY), (NOW + DAY, NOW + DAY + 7)):
        await store.reports.settle(await store.reports.about("ann@example.com"), [], now)
        assert await store.reports.due(following - 1) == ()
        assert await store.reports.due(following) == ("ann@example.com",)
    await store.reports.settle(await store.reports.about("ann@example.com"), [], NOW + DAY + 7)
    assert await store.reports.due(NOW + 99 * DAY) == ()


async def test_a_report_that_comes_while_another_is_enforced_stays_due(store):
    await store.reports.deliver(delivery(), NOW)
    seen = await store.reports.about("ann@example.com")
    await store.reports.deliver(delivery(replace(DISK, value="failed"), jti="2"), NOW)
    await store.reports.settle(seen, [], NOW)
    assert await store.reports.due(NOW) == ("ann@example.com",)


async def test_everything_is_due_again_when_it_changes_who_may_report(store):
    await store.reports.deliver(delivery(), NOW)
    await store.reports.settle(await store.reports.about("ann@example.com"), [], NOW)
    assert await store.reports.due(NOW + 1) == ()
    await store.reports.look_again(NOW + 1)
    assert await store.reports.due(NOW + 1) == ("ann@example.com",)


@pytest.fixture
async def session(store):
    user = await store.users.resolve("Ann@example.com", "Ann", NOW)
    session = replace(SESSION, user_id=user)
    await store.sessions.open(session)
    return session


async def test_a_person_has_what_lives_of_all_logins(store, session):
    other = replace(session, nonce="other-login")
    await store.sessions.open(other)
    await store.app_tokens.record("t1", session.nonce, "wiki", NOW, NOW + 60, "policy-1")
    await store.app_tokens.record("t2", other.nonce, "notes", NOW + 1, NOW + 60)
    await store.app_tokens.record("over", other.nonce, "notes", NOW - 9, NOW)
    await store.app_tokens.record("revoked", other.nonce, "notes", NOW, NOW + 60)
    await store.app_tokens.revoke("revoked", NOW)
    assert await store.reports.accesses("ann@example.com", NOW) == (
        Access("t1", "wiki", "policy-1", session),
        Access("t2", "notes", None, other),
    )
    assert await store.reports.accesses("bob@example.com", NOW) == ()


async def test_ended_tokens_are_revoked_and_snapshots_are_told(store, session):
    await store.app_tokens.record("t1", session.nonce, "wiki", NOW, NOW + 60)
    await store.app_tokens.record("t2", session.nonce, "wiki", NOW, NOW + 60)
    before = await store.revision()
    await store.reports.settle([], [], NOW)
    assert await store.revision() == before
    await store.reports.settle([], ["t1"], NOW)
    assert await store.revision() > before
    assert await store.app_tokens.revoked(NOW) == {"wiki": frozenset({"t1"})}
    assert [access.nonce for access in await store.reports.accesses("ann@example.com", NOW)] == ["t2"]


async def test_postures_that_are_long_over_go_and_scores_stay(store):
    await store.reports.deliver(delivery(DISK, LOW), NOW)
    late = NOW + 40 * DAY
    await store.prune(late)
    assert len(await store.reports.about("ann@example.com")) == 2  # not enforced yet
    await store.reports.settle(await store.reports.about("ann@example.com"), [], late)
    await store.prune(NOW + DAY)
    assert len(await store.reports.about("ann@example.com")) == 2
    await store.prune(late)
    assert await store.reports.about("ann@example.com") == (held(LOW),)
