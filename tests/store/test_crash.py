"""kill -9 in the middle of writing: what was committed is there, and nothing is broken."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from contextlib import closing

import pytest
from cryptography.fernet import Fernet
from tests.store.values import NOW

from doorward.store import Cipher, Store

WRITE = """
import asyncio, sys
from dataclasses import replace
from doorward.store import Cipher, Store
from tests.store.values import ATTEMPT, NOW, SESSION

async def main():
    store = await Store.open(sys.argv[1], Cipher([sys.argv[2]], "the test"))

    async def one(worker):
        number = 0
        while True:
            nonce = f"{worker}-{number}"
            await store.attempts.add(replace(ATTEMPT, state=nonce))
            await store.sessions.open(replace(SESSION, nonce=nonce))
            await store.app_tokens.record("t" + nonce, nonce, "wiki", NOW, NOW + 600)
            if number % 2:
                await store.sessions.revoke(nonce, NOW)
            print(nonce, flush=True)  # only after the commit was confirmed
            number += 1

    await asyncio.gather(*(one(worker) for worker in range(8)))

asyncio.run(main())
"""


@pytest.mark.parametrize("after", [1, 40, 400])
async def test_everything_confirmed_before_kill_9_is_there_afterwards(url, file, after):
    key = Fernet.generate_key().decode()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITE, url, key, stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": "."}
    )
    confirmed = [(await process.stdout.readline()).decode().strip() for _ in range(after)]
    process.send_signal(signal.SIGKILL)
    rest, _ = await process.communicate()
    confirmed += [line.decode() for line in rest.split(b"\n")[:-1]]
    assert process.returncode == -signal.SIGKILL
    assert all(confirmed)

    store = await Store.open(url, Cipher([key], "the test"))
    revoked = (await store.app_tokens.revoked(NOW))["wiki"] if await store.app_tokens.revoked(NOW) else frozenset()
    for nonce in confirmed:
        session = await store.sessions.find(nonce)
        ended = bool(int(nonce.partition("-")[2]) % 2)
        assert session is not None
        assert session.live(NOW) is not ended
        assert (f"t{nonce}" in revoked) is ended, "a session and its tokens end together or not at all"
    assert await store.attempts.take(confirmed[-1], NOW) is not None
    await store.close()

    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        halves = (
            "SELECT count(*) FROM sessions JOIN app_tokens ON session_nonce = sessions.nonce "
            "WHERE (sessions.revoked_at IS NULL) <> (app_tokens.revoked_at IS NULL)"
        )
        assert connection.execute(halves).fetchone() == (0,)
