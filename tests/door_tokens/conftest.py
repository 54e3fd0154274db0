"""Two doors, one for each way of judging service tokens."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from tests.door.house import standing
from tests.door.visitor import Visitor
from tests.door_tokens.place import OWN_SECRET, Programs, configuration, programs


@pytest.fixture(scope="session")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programs]:
    yield from _door(tmp_path_factory, strict=True)


@pytest.fixture(scope="session")
def classic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programs]:
    yield from _door(tmp_path_factory, strict=False)


@pytest.fixture(params=["strict", "classic"])
def either(request: pytest.FixtureRequest) -> Programs:
    """What is the same in both ways."""
    return request.getfixturevalue(request.param)


@pytest.fixture
async def visitor(classic: Programs) -> AsyncIterator[Visitor]:
    """A browser at the classic door."""
    async with Visitor(classic.house) as visitor:
        yield visitor


def _door(factory: pytest.TempPathFactory, *, strict: bool) -> Iterator[Programs]:
    files = {"declared.secret": OWN_SECRET.encode()}
    with standing(factory.mktemp("programs"), configuration(strict=strict), files=files) as house:
        found = programs(house)
        yield found
        log = house.door.log.read_text(errors="replace")
        for secret in (OWN_SECRET, found.ci.client_secret, found.stranger.client_secret, "cfast_"):
            assert secret not in log, "a client secret stands in the log"
