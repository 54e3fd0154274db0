from __future__ import annotations

import asyncio
import io
import json
import time
from dataclasses import replace

import pytest
import structlog

from doorward.access.record import DecisionRecord
from doorward.audit import BATCH, Audit
from doorward.errors import StoreError

RECORD = DecisionRecord(
    reference="0123456789abcdef",
    at=1_800_000_000,
    kind="request",
    host="wiki.example.com",
    outcome="deny",
    refusal="policy",
    status=403,
    evidence={"identity": {"name": "Evidence Only"}},
    trace=({"policy_name": "Trace Only"},),
)


def numbered(count: int) -> list[DecisionRecord]:
    return [replace(RECORD, reference=f"{number:016x}") for number in range(count)]


class Shelf:
    """A store that keeps what it is given, fails while ``broken``, and waits while ``gate`` is shut."""

    def __init__(self) -> None:
        self.batches: list[list[DecisionRecord]] = []
        self.broken: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.tries = 0

    @property
    def kept(self) -> list[DecisionRecord]:
        return [record for batch in self.batches for record in batch]

    async def write(self, records) -> None:
        self.tries += 1
        await self.gate.wait()
        if self.broken is not None:
            raise self.broken
        self.batches.append(list(records))


@pytest.fixture
def lines():
    return io.StringIO()


@pytest.fixture
def log(lines):
    return structlog.wrap_logger(
        structlog.PrintLogger(lines),
        processors=[structlog.processors.add_log_level, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(0),
    )


def logged(lines: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


@pytest.fixture
async def shelf():
    return Shelf()


async def until(condition) -> None:
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.001)
    pytest.fail("it did not happen within two seconds")


async def test_records_reach_the_store_in_order(shelf, log):
    audit = Audit(shelf.write, log)
    audit.start()
    records = numbered(3 * BATCH)
    for record in records:
        audit.record(record)
    await until(lambda: len(shelf.kept) == len(records))
    assert shelf.kept == records
    assert max(len(batch) for batch in shelf.batches) <= BATCH
    assert audit.lost == 0
    await audit.close()


async def test_a_record_is_stored_soon_after_a_quiet_time(shelf, log):
    audit = Audit(shelf.write, log)
    audit.start()
    for number, record in enumerate(numbered(3), start=1):
        audit.record(record)
        await until(lambda number=number: len(shelf.kept) == number)
    await audit.close()


async def test_what_was_recorded_before_the_start_is_not_forgotten(shelf, log):
    audit = Audit(shelf.write, log)
    audit.record(RECORD)
    audit.start()
    await audit.close()
    assert shelf.kept == [RECORD]


async def test_closing_writes_what_waits(shelf, log):
    audit = Audit(shelf.write, log)
    audit.start()
    for record in numbered(1000):
        audit.record(record)
    await audit.close()
    assert len(shelf.kept) == 1000
    assert audit.lost == 0


async def test_recording_never_waits_for_a_store_that_hangs(shelf, log):
    shelf.gate.clear()
    audit = Audit(shelf.write, log, capacity=100)
    audit.start()
    await asyncio.sleep(0)
    before = time.perf_counter()
    for record in numbered(1000):
        audit.record(record)
    assert time.perf_counter() - before < 2
    assert audit.lost == 900
    shelf.gate.set()
    await audit.close()


async def test_a_queue_that_is_full_gives_up_its_oldest_and_says_how_many(shelf, log, lines):
    audit = Audit(shelf.write, log, capacity=10)
    records = numbered(25)
    for record in records:
        audit.record(record)
    audit.start()
    await audit.close()
    assert shelf.kept == records[15:]
    assert audit.lost == 15
    (error,) = [line for line in logged(lines) if line["level"] == "error"]
    assert error["lost"] == 15


async def test_records_pushed_out_while_they_were_being_written_are_not_counted_as_lost(shelf, log):
    shelf.gate.clear()
    audit = Audit(shelf.write, log, capacity=4)
    records = numbered(6)
    for record in records[:4]:
        audit.record(record)
    audit.start()
    await until(lambda: shelf.tries == 1)
    for record in records[4:]:
        audit.record(record)
    shelf.gate.set()
    await audit.close()
    assert shelf.kept == records
    assert audit.lost == 0


async def test_a_store_that_is_out_of_order_for_a_while_loses_nothing(shelf, log, lines):
    shelf.broken = StoreError("The disk is full")
    audit = Audit(shelf.write, log, patience=0.001)
    audit.start()
    records = numbered(5)
    for record in records:
        audit.record(record)
    await until(lambda: shelf.tries > 2)
    shelf.broken = None
    await audit.close()
    assert shelf.kept == records
    assert audit.lost == 0
    assert any(line.get("reason") == "The disk is full" for line in logged(lines))


async def test_a_batch_that_can_never_be_written_does_not_hold_up_the_next(shelf, log, lines):
    shelf.broken = TypeError("not JSON")
    audit = Audit(shelf.write, log)
    audit.start()
    audit.record(RECORD)
    await until(lambda: audit.lost == 1)
    shelf.broken = None
    audit.record(replace(RECORD, reference="f" * 16))
    await audit.close()
    assert [record.reference for record in shelf.kept] == ["f" * 16]
    assert any("lost" in line["event"] for line in logged(lines))


async def test_closing_does_not_wait_for_ever_and_counts_what_is_lost(shelf, log, lines):
    shelf.gate.clear()
    audit = Audit(shelf.write, log)
    audit.start()
    for record in numbered(3):
        audit.record(record)
    await asyncio.wait_for(audit.close(timeout=0.05), 2)
    assert audit.lost == 3
    assert logged(lines)[-1]["lost"] == 3


async def test_closing_an_audit_that_never_started_is_fine(shelf, log):
    audit = Audit(shelf.write, log)
    audit.record(RECORD)
    await audit.close()
    assert audit.lost == 1


async def test_every_record_is_one_line_without_evidence_and_trace(shelf, log, lines):
    audit = Audit(shelf.write, log)
    audit.record(RECORD)
    (line,) = logged(lines)
    assert line == {
        "event": "decision",
        "level": "info",
        "reference": "0123456789abcdef",
        "kind": "request",
        "outcome": "deny",
        "refusal": "policy",
        "status": 403,
        "host": "wiki.example.com",
    }
    await audit.close()


async def test_an_observer_sees_each_record_at_once(shelf, log):
    seen: list[DecisionRecord] = []
    audit = Audit(shelf.write, log, observe=seen.append)
    audit.record(RECORD)
    assert seen == [RECORD]
    await audit.close()
