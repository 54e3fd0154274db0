from __future__ import annotations

from dataclasses import replace

from tests.store.values import NOW

from doorward.access.record import DecisionRecord
from doorward.store import decisions

RECORD = DecisionRecord(
    reference="0123456789abcdef",
    at=NOW,
    kind="request",
    method="GET",
    host="wiki.example.com",
    path="/page",
    ip="203.0.113.7",
    country="DE",
    user_email="ann@example.com",
    user_id="22222222-2222-4222-8222-222222222222",
    application_id="app-wiki",
    application_name="Wiki",
    outcome="deny",
    refusal="policy",
    status=403,
    idp_id="idp",
    policy_id="policy",
    evidence={"ip": "203.0.113.7", "identity": {"groups": [{"id": "1", "name": "Büro"}]}},
    trace=({"policy_id": "policy", "rules": [{"rule": {"everyone": {}}, "match": "no"}]},),
    detail="because",
)


async def test_a_record_is_found_by_the_request_id_it_comes_from_and_by_a_reference_with_hyphens(store):
    await store.decisions.append([RECORD])
    for written in ("01234567-89ab-cdef", "01234567-89AB-cdef-8000-000000000000", " 01234567-89ab-cdef\n"):
        assert await store.decisions.find(written) == RECORD
    assert await store.decisions.find("01234567-89ab-cdee") is None


async def test_a_record_is_found_by_its_reference_as_it_was(store):
    await store.decisions.append([replace(RECORD, reference="f" * 16), RECORD])
    assert await store.decisions.find(RECORD.reference) == RECORD
    assert await store.decisions.find(" 0123456789ABCDEF\n") == RECORD
    assert await store.decisions.find("0" * 16) is None


async def test_of_several_records_of_one_request_the_newest_is_found(store):
    await store.decisions.append([RECORD])
    await store.decisions.append([replace(RECORD, kind="login")])
    assert (await store.decisions.find(RECORD.reference)).kind == "login"


async def test_recent_ones_come_newest_first(store):
    await store.decisions.append([replace(RECORD, reference=f"{number:016x}") for number in range(5)])
    assert [record.reference[-1] for record in await store.decisions.recent(3)] == ["4", "3", "2"]


async def test_nothing_to_append_appends_nothing(store):
    await store.decisions.append([])
    assert await store.decisions.recent(10) == ()


async def test_old_records_are_dropped_and_younger_ones_kept(store):
    await store.decisions.append([RECORD, replace(RECORD, at=NOW + 1)])
    await store.prune(NOW + decisions.RETENTION)
    assert [record.at for record in await store.decisions.recent(10)] == [NOW + 1]


async def test_the_oldest_of_too_many_are_dropped(store):
    await store.decisions.append([replace(RECORD, reference=f"{number:016x}") for number in range(10)])
    await store._database.write(lambda connection: decisions.prune(connection, NOW, most=4))
    assert [record.reference[-1] for record in await store.decisions.recent(10)] == ["9", "8", "7", "6"]


async def test_records_are_read_page_by_page_from_a_time_on_the_oldest_first(store):
    await store.decisions.append([replace(RECORD, at=NOW + number, path=f"/{number}") for number in range(5)])
    assert await store.decisions.count(NOW + 1) == 4
    pages, last = [], 0
    while True:
        last, records = await store.decisions.page(NOW + 1, last, 3)
        if not records:
            break
        pages.append([record.path for record in records])
    assert pages == [["/1", "/2", "/3"], ["/4"]]
    assert await store.decisions.page(NOW + 99, 0, 3) == (0, ())


async def test_what_strangers_cause_pushes_out_nothing_about_anybody_who_was_known(store):
    known = [replace(RECORD, reference=f"{number:016x}", user_id="user-1") for number in range(3)]
    strangers = [replace(RECORD, reference=f"{number:016x}", user_id="", user_email="") for number in range(100, 120)]
    await store.decisions.append([*known, *strangers])
    await store._database.write(lambda connection: decisions.prune(connection, NOW, most=4))
    kept = {record.reference for record in await store.decisions.recent(100)}
    assert {one.reference for one in known} <= kept
    assert kept - {one.reference for one in known} == {f"{number:016x}" for number in range(116, 120)}
    await store.decisions.append([replace(RECORD, reference=f"{n:016x}", user_id="user-1") for n in range(200, 204)])
    await store._database.write(lambda connection: decisions.prune(connection, NOW, most=4))
    kept = {record.reference for record in await store.decisions.recent(100)}
    assert {one.reference for one in known} & kept == set(), "these have a bound as well"
