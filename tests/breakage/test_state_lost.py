"""The database is lost or ruined while the door is open, and the control plane cannot start again."""

from __future__ import annotations

import os
import shutil
import signal
import time

import pytest
from tests.breakage.house import ANONYMOUS, FAST, database, is_intact, log_since, mark, signed_in
from tests.breakage.traffic import Traffic, first
from tests.door.running import eventually

pytestmark = [pytest.mark.edge, pytest.mark.timeout(240)]


@pytest.mark.parametrize("ruin", ["garbage", "another key"])
async def test_the_signed_in_go_on_nothing_opens_the_log_says_why_and_putting_it_back_heals_it(house, tmp_path, ruin):
    door, somebody = house.door, await signed_in(house)
    state, kept, at = database(door).parent, tmp_path / "kept", mark(door)
    async with (
        Traffic(door.port, FAST, somebody.headers, clients=2, pause=0.02) as inside,
        Traffic(door.port, FAST, ANONYMOUS, path="/anonymous/lost", clients=1, pause=0.05) as outside,
    ):
        await inside.flowing()
        os.kill(door.children()["control"], signal.SIGKILL)
        shutil.copytree(state, kept)  # before the next one is up
        _ruin(state, ruin)
        reason = {"garbage": "not a database", "another key": "cannot be decrypted"}[ruin]
        await eventually(lambda: reason in log_since(door, at), 40)
        tries = log_since(door, at).count(reason)
        await eventually(lambda: log_since(door, at).count(reason) > tries, 60)  # it keeps trying
        await inside.flowing(20)
        shutil.rmtree(state)
        kept.rename(state)
        healed = time.monotonic()
        await first(outside, healed, status=302, seconds=60)
        await inside.flowing(20)
    assert not inside.other_than(200), inside.other_than(200)[:5]
    assert not outside.other_than(302, 503), outside.other_than(302, 503)[:5]
    assert not house.reached("/anonymous/lost")
    assert "Traceback" not in log_since(door, at)
    await door.ready()
    assert (await signed_in(house)).token
    assert is_intact(door)


def _ruin(state, how) -> None:
    if how == "garbage":
        for beside in ("-wal", "-shm"):
            (state / f"doorward.db{beside}").unlink(missing_ok=True)
        (state / "doorward.db").write_bytes(b"no database at all\n" * 500)
    else:
        (key,) = [path for path in state.iterdir() if "key" in path.name]
        key.unlink()
