"""One door for all tests here that do not change it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.door.house import House
from tests.door_certificates.place import devices_door


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with devices_door(tmp_path_factory.mktemp("devices")) as house:
        yield house
