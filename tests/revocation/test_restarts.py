"""What was revoked stays revoked, and what was open stays open, whichever process dies (docs/attacks.md, 156 and 159)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3

from tests.door.running import claims_of, eventually, spawn, stop
from tests.revocation.house import CALLS, FEED, WIKI
from tests.revocation.streams import Streams, signed_in


async def killed(house, *names: str) -> None:
    """Kill these children and wait until the door is whole again."""
    before = house.door.children()
    for name in names:
        os.kill(before[name], signal.SIGKILL)
    await eventually(lambda: all(house.door.children().get(name, before[name]) != before[name] for name in names), 30)
    await house.door.ready()


async def revoke_session(house, visitor) -> None:
    session = claims_of(visitor.cookie(WIKI))["identity_nonce"]
    done = await asyncio.to_thread(house.door.run, "sessions", "revoke", session)
    assert done.returncode == 0, done.stderr


async def test_open_streams_survive_the_control_plane(house, streams):
    async with signed_in(house, "alice", WIKI, FEED, CALLS) as alice:
        before = (await streams.websocket(alice, WIKI), await streams.events(alice), await streams.calls(alice))
        await killed(house, "control")
        await asyncio.sleep(1)
        assert all(stream.open for stream in before)
        assert await before[0].say("still here") == "still here"
        after = await streams.websocket(alice, WIKI)
        await revoke_session(house, alice)
        await after.end()
        assert (await alice.get(WIKI)).status_code == 302


async def test_streams_can_be_opened_while_the_control_plane_is_dead(house, streams):
    async with signed_in(house, "alice", WIKI) as alice:
        os.kill(house.door.children()["control"], signal.SIGSTOP)
        try:
            socket = await streams.websocket(alice, WIKI)
            assert await socket.say("held by nobody") == "held by nobody"
        finally:
            os.kill(house.door.children()["control"], signal.SIGCONT)
        await house.door.ready()


async def test_g12_156_a_revocation_survives_the_restart_of_both_processes(house, streams):
    async with signed_in(house, "alice", WIKI) as alice, signed_in(house, "bob", WIKI) as bob:
        await revoke_session(house, alice)
        await killed(house, "control", "envoy")
        assert (await alice.get(WIKI)).status_code == 302
        assert (await bob.get(WIKI)).status_code == 200


async def test_g12_156_what_is_revoked_while_the_door_is_shut_is_refused_when_it_opens(house):
    async with signed_in(house, "alice", WIKI) as alice, signed_in(house, "bob", WIKI) as bob:
        stop(house.door)
        done = await asyncio.to_thread(house.door.run, "revoke", "user", "alice@example.test", "--json")
        assert '"sessions": 1' in done.stdout, done.stderr
        assert '"streams": 0' in done.stdout
        house.door.process = spawn(house.door.folder)
        await house.door.ready()
        assert (await alice.get(WIKI)).status_code == 302
        assert (await bob.get(WIKI)).status_code == 200


async def test_g12_159_a_restored_backup_revives_nobody(house):
    database = house.door.folder / "state" / "doorward.db"
    async with signed_in(house, "alice", WIKI) as alice, signed_in(house, "bob", WIKI) as bob:
        backup = house.door.folder / "backup.db"
        with (
            contextlib.closing(sqlite3.connect(database)) as source,
            contextlib.closing(sqlite3.connect(backup)) as copy,
        ):
            source.backup(copy)
        await revoke_session(house, alice)
        async with signed_in(house, "bob", WIKI) as late:
            stop(house.door)
            for name in ("doorward.db-wal", "doorward.db-shm"):
                (database.parent / name).unlink(missing_ok=True)
            backup.replace(database)
            house.door.process = spawn(house.door.folder)
            await house.door.ready()
            assert (await alice.get(WIKI)).status_code == 302
            assert (await late.get(WIKI)).status_code == 302, "the database does not know this token, and refuses it"
        assert "older_database" in house.door.log.read_text()
        assert "Directory" in (await bob.open(WIKI)).text, "the org session is over as well"
        await asyncio.sleep(1.1)  # what is issued within the second of the discovery is refused as well
        async with signed_in(house, "bob", WIKI) as again, Streams(house) as streams:
            assert (await again.get(WIKI)).status_code == 200
            assert (await streams.websocket(again, WIKI)).open
