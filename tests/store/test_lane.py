from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import create_engine, text

from doorward.errors import StoreError
from doorward.store.embedded import writing_engine
from doorward.store.lane import BATCH, Lane


@pytest.fixture
async def lane(tmp_path):
    url = f"sqlite:///{tmp_path}/lane.db"
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE marks (mark INTEGER PRIMARY KEY)"))
    engine.dispose()
    opened = Lane(writing_engine(engine.url), "test")
    yield opened
    await opened.close()


def mark(number: int):
    return lambda connection: connection.execute(text("INSERT INTO marks VALUES (:mark)"), {"mark": number}).rowcount


def marks(connection) -> list[int]:
    return list(connection.execute(text("SELECT mark FROM marks ORDER BY mark")).scalars())


async def test_operations_run_in_the_order_they_came(lane):
    seen: list[int] = []
    await asyncio.gather(*(lane.run(lambda _, number=number: seen.append(number)) for number in range(50)))
    assert seen == list(range(50))


async def test_more_than_a_batch_at_once_all_run(lane):
    assert sum(await asyncio.gather(*(lane.run(mark(number)) for number in range(2 * BATCH + 1)))) == 2 * BATCH + 1


async def test_one_failure_reaches_its_caller_only(lane):
    await lane.run(mark(7))
    answers = await asyncio.gather(*(lane.run(mark(number)) for number in (5, 7, 9)), return_exceptions=True)
    assert answers[0] == answers[2] == 1
    assert isinstance(answers[1], StoreError)
    assert await lane.run(marks) == [5, 7, 9]


async def test_a_failed_operation_leaves_no_trace(lane):
    def half(connection):
        mark(1)(connection)
        raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        await lane.run(half)
    assert await lane.run(marks) == []


async def test_an_error_of_the_database_quotes_no_value(lane):
    def insert(connection):
        connection.execute(text("INSERT INTO nowhere VALUES (:secret)"), {"secret": "hunter2"})

    with pytest.raises(StoreError, match="no such table: nowhere") as refused:
        await lane.run(insert)
    assert "hunter2" not in f"{refused.value} {refused.value.__cause__}"


async def test_a_caller_that_gives_up_does_not_undo_it_nor_stop_the_others(lane):
    waiting = [asyncio.create_task(lane.run(mark(number))) for number in range(3)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert await lane.run(marks) == [0, 1, 2]


async def test_closing_finishes_what_waits(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/lane.db")
    lane = Lane(engine, "test")
    await lane.run(
        lambda connection: connection.execute(text("CREATE TABLE marks (mark INTEGER PRIMARY KEY)")) and None
    )
    waiting = [asyncio.create_task(lane.run(mark(number))) for number in range(20)]
    await asyncio.sleep(0)
    await lane.close()
    assert await asyncio.gather(*waiting) == [1] * 20
    with pytest.raises(StoreError, match="closed"):
        await lane.run(marks)
