"""One door for all tests here."""

from __future__ import annotations

import sqlite3
import time
import uuid
from collections.abc import AsyncIterator, Iterator

import pytest
from tests.approvals.house import approving
from tests.door.house import House
from tests.door.visitor import Visitor
from tests.revocation.streams import Streams

from doorward.access.revocation import Revocation, Scope


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with approving(tmp_path_factory.mktemp("approving")) as house:
        yield house


@pytest.fixture(autouse=True)
async def a_new_day(house: House) -> None:
    """Nobody is signed in, and nobody has asked for anything."""
    async with house.store() as store:
        await store.revocations.revoke(Revocation(str(uuid.uuid4()), Scope.EVERYONE, "", int(time.time())))
    with sqlite3.connect(house.door.folder / "state" / "doorward.db", timeout=30) as database:
        database.execute("delete from limits")
    database.close()


@pytest.fixture
async def streams(house: House) -> AsyncIterator[Streams]:
    async with Streams(house) as streams:
        yield streams


@pytest.fixture
async def alice(house: House) -> AsyncIterator[Visitor]:
    async with Visitor(house) as visitor:
        yield visitor


@pytest.fixture
async def bob(house: House) -> AsyncIterator[Visitor]:
    async with Visitor(house) as visitor:
        yield visitor
