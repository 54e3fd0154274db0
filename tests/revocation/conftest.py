"""One door for all tests here that do not stop it."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Iterator

import pytest
from tests.door.house import House
from tests.revocation.house import revocable
from tests.revocation.streams import Streams

from doorward.access.revocation import Revocation, Scope


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with revocable(tmp_path_factory.mktemp("revocable")) as house:
        yield house


@pytest.fixture(autouse=True)
async def nobody_is_signed_in(house: House) -> None:
    async with house.store() as store:
        await store.revocations.revoke(Revocation(str(uuid.uuid4()), Scope.EVERYONE, "", int(time.time())))


@pytest.fixture
async def streams(house: House) -> AsyncIterator[Streams]:
    async with Streams(house) as streams:
        yield streams
