"""One door for the tests that leave it as they found it, and a table of what was measured at the end of the run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from tests.breakage.house import text
from tests.door.house import House, standing
from tests.door.running import spawn

_MEASURED = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def lasting_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with standing(tmp_path_factory.mktemp("breakage"), text()) as house:
        yield house


@pytest.fixture
async def house(lasting_house: House) -> House:
    """Ready, whatever the test before did to it."""
    if lasting_house.door.process.poll() is not None:
        lasting_house.door.process = spawn(lasting_house.door.folder)
    await lasting_house.door.ready()
    return lasting_house


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Note a measurement; all of them are printed when the tests are over."""
    notes = request.config.stash.setdefault(_MEASURED, [])
    return lambda note: notes.append(f"{request.node.name}: {note}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    notes = config.stash.get(_MEASURED, [])
    if notes:
        terminalreporter.section(
            f"measured while things broke (load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)"
        )
        for note in notes:
            terminalreporter.line(note)
