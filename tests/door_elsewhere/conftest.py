"""One door for all tests here."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import delete
from tests.door.house import House
from tests.door.visitor import Visitor
from tests.door_elsewhere.place import elsewhere
from tests.providers.evaluating import Service
from tests.revocation.streams import Streams

from doorward.access.revocation import Revocation, Scope
from doorward.store.schema import reports


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Service]]:
    with elsewhere(tmp_path_factory.mktemp("elsewhere")) as place:
        yield place


@pytest.fixture
def house(place: tuple[House, Service]) -> House:
    return place[0]


@pytest.fixture
def service(place: tuple[House, Service]) -> Service:
    found = place[1]
    found.decide, found.answer, found.raw = (lambda _claims: True), None, None
    found.asked.clear()
    return found


@pytest.fixture(autouse=True)
async def nobody_is_signed_in_and_nothing_reported(house: House) -> None:
    async with house.store() as store:
        await store._database.write(lambda connection: connection.execute(delete(reports)))
        await store.revocations.revoke(Revocation(str(uuid.uuid4()), Scope.EVERYONE, "", int(time.time())))


@pytest.fixture
async def visitor(house: House) -> AsyncIterator[Visitor]:
    async with Visitor(house) as visitor:
        yield visitor


@pytest.fixture
async def streams(house: House) -> AsyncIterator[Streams]:
    async with Streams(house) as streams:
        yield streams
