"""A door of its own: applications that want a second factor."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from tests.door.house import House
from tests.door.visitor import Visitor
from tests.second_factor.house import with_factors


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with with_factors(tmp_path_factory.mktemp("factors")) as house:
        yield house


@pytest.fixture
async def visitor(house: House) -> AsyncIterator[Visitor]:
    """A browser that has been nowhere."""
    async with Visitor(house) as visitor:
        yield visitor
