"""Opening: the first time, at once, with the wrong key, from another version, damaged."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import stat
import sys
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from cryptography.fernet import Fernet
from tests.store.values import NOW, SESSION

from doorward.errors import StoreError
from doorward.store import Cipher, Store
from doorward.store.location import read_url
from doorward.store.migrate import newest
from doorward.store.schema import metadata

OPEN = """
import asyncio, sys
from doorward.store import Cipher, Store

async def main():
    store = await Store.open(sys.argv[1], Cipher([sys.argv[2]], "the test"))
    print(await store.organization.account_id(), await store.revision())
    await store.close()

asyncio.run(main())
"""


def edit(file, *statements: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


async def test_the_first_start_makes_folder_and_file_for_their_owner_only(url, file, cipher):
    store = await Store.open(url, cipher)
    await store.sessions.open(SESSION)
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(entry.stat().st_mode) for entry in file.parent.iterdir()} == {0o600}
    await store.close()


async def test_the_file_is_in_wal_mode_with_the_pragmas_that_matter(url, cipher):
    store = await Store.open(url, cipher)
    for run in (store._database.read, store._database.write):
        answers = [
            await run(lambda connection, pragma=pragma: connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one())
            for pragma in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
        assert answers == ["wal", 1, 1, 15_000]
    await store.close()


async def test_the_migrations_make_exactly_the_schema(url, cipher):
    store = await Store.open(url, cipher)
    differences = await store._database.read(
        lambda connection: compare_metadata(MigrationContext.configure(connection), metadata)
    )
    assert differences == []
    await store.close()


async def test_what_was_stored_is_there_after_opening_again(url, cipher):
    store = await Store.open(url, cipher)
    await store.sessions.open(SESSION)
    account, revision = await store.organization.account_id(), await store.revision()
    await store.close()
    store = await Store.open(url, cipher)
    assert await store.sessions.find(SESSION.nonce) == SESSION
    assert (await store.organization.account_id(), await store.revision()) == (account, revision)
    await store.close()


async def test_four_processes_that_open_a_fresh_file_at_once_all_succeed(url):
    key = Fernet.generate_key().decode()
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", OPEN, url, key, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        for _ in range(4)
    ]
    outputs = await asyncio.gather(*(process.communicate() for process in processes))
    assert [process.returncode for process in processes] == [0] * 4, outputs
    assert len({out for out, _ in outputs}) == 1
    assert re.fullmatch(rb"[0-9a-f]{32} 1\n", outputs[0][0])


async def test_another_process_sees_a_change_and_its_revision_at_once(url, cipher):
    server, command_line = await Store.open(url, cipher), await Store.open(url, cipher)
    await server.sessions.open(SESSION)
    before = await server.revision()
    await command_line.sessions.revoke(SESSION.nonce, NOW)
    assert await server.revision() > before
    assert not (await server.sessions.find(SESSION.nonce)).live(NOW)
    await server.close()
    await command_line.close()


async def test_two_processes_that_write_at_once_lose_nothing(url, cipher):
    stores = [await Store.open(url, cipher) for _ in range(2)]
    hits = [opened.limits.hit("shared", 150, 60, NOW) for opened in stores for _ in range(100)]
    assert sum(await asyncio.gather(*hits)) == 150
    for opened in stores:
        await opened.close()


async def test_the_wrong_key_is_refused_with_what_to_do_and_changes_nothing(url, cipher):
    store = await Store.open(url, cipher)
    await store.sessions.open(SESSION)
    await store.close()
    with pytest.raises(StoreError, match=r"cannot be decrypted with the other key file.*Put back the key"):
        await Store.open(url, Cipher([Fernet.generate_key().decode()], "the other key file"))
    store = await Store.open(url, cipher)
    assert await store.sessions.find(SESSION.nonce) == SESSION
    await store.close()


async def test_a_database_of_a_newer_version_is_refused_and_left_alone(url, file, cipher):
    await (await Store.open(url, cipher)).close()
    edit(file, "UPDATE alembic_version SET version_num = '9999'", "CREATE TABLE from_the_future (x)")
    with pytest.raises(StoreError, match=r"newer version of Doorward \(schema 9999; this version knows up to \d{4}\)"):
        await Store.open(url, cipher)
    edit(file, f"UPDATE alembic_version SET version_num = '{newest()}'")
    await (await Store.open(url, cipher)).close()


async def test_a_database_of_something_else_is_refused_and_left_alone(url, file, cipher):
    file.parent.mkdir()
    edit(file, "CREATE TABLE photos (x)")
    with pytest.raises(StoreError, match=r"holds something else \(table photos\)"):
        await Store.open(url, cipher)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("photos",)]


async def test_a_migration_that_fails_leaves_nothing_behind(url, file, cipher, monkeypatch):
    def broken(*_):
        raise StoreError("stopped after the tables")

    monkeypatch.setattr("doorward.store.store.facts.once", broken)
    with pytest.raises(StoreError, match="stopped"):
        await Store.open(url, cipher)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    monkeypatch.undo()
    await (await Store.open(url, cipher)).close()


async def test_a_file_that_is_no_database_is_refused(url, file, cipher):
    file.parent.mkdir()
    file.write_bytes(b"certainly not a database, but long enough to look at" * 100)
    with pytest.raises(StoreError, match="file is not a database"):
        await Store.open(url, cipher)


async def test_a_place_where_no_file_can_be_made_is_refused(tmp_path, cipher):
    (tmp_path / "taken").touch()
    with pytest.raises(StoreError, match=r"taken/doorward.db cannot be opened: File exists \(.*/taken\)"):
        await Store.open(f"sqlite:///{tmp_path}/taken/doorward.db", cipher)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "is not a database URL"),
        ("/var/lib/doorward.db", "is not a database URL"),
        ("mysql://root:hunter2@db/x", "cannot be mysql"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
    ],
)
async def test_a_wrong_url_is_refused_with_the_forms_that_are_right(url, problem, cipher):
    with pytest.raises(StoreError, match=f"{problem}.*sqlite:////") as refused:
        await Store.open(url, cipher)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_a_postgresql_url_is_mapped_to_the_async_driver(scheme):
    url = read_url(f"{scheme}://ann:secret@db.internal:5433/doorward")
    assert url.render_as_string(hide_password=False) == "postgresql+asyncpg://ann:secret@db.internal:5433/doorward"


async def test_a_closed_store_says_so(url, cipher):
    store = await Store.open(url, cipher)
    await store.close()
    with pytest.raises(StoreError, match="closed"):
        await store.sessions.find("x")
