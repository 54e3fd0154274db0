"""The embedded database: one SQLite file in WAL mode, one lane that writes and one that reads.

In WAL mode with ``synchronous=NORMAL`` a commit is in the operating system's hands when it returns: it survives
``kill -9`` of the process at any moment. Only a crash of the machine itself may undo the last commits, never half of
one; a person then signs in once more, and what was revoked in that instant must be revoked again.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from doorward.errors import StoreError
from doorward.store.database import Operation, T, store_error
from doorward.store.lane import Lane

BUSY_SECONDS: Final = 15
"""How long a transaction waits for another process (the command line, a second server starting)."""
OLDEST: Final = (3, 35, 0)
"""The first SQLite with RETURNING."""


class Embedded:
    """A :class:`~doorward.store.database.Database` in one file."""

    def __init__(self, url: URL) -> None:
        self._writes = Lane(writing_engine(url), "store-writes")
        self._reads = Lane(reading_engine(url), "store-reads")

    async def read(self, operation: Operation[T]) -> T:
        return await self._reads.run(operation)

    async def write(self, operation: Operation[T]) -> T:
        return await self._writes.run(operation)

    async def close(self) -> None:
        await self._writes.close()
        await self._reads.close()


def prepare(url: URL, setup: Operation[None]) -> None:
    """Create folder and file (for their owner only), switch to WAL, run ``setup`` in one transaction. Blocks.

    Processes that open the same file at once take turns; the second finds everything done.

    Raises:
        StoreError: the file cannot be created or is no database, or ``setup`` failed.
    """
    if sqlite3.sqlite_version_info < OLDEST:
        raise StoreError(f"SQLite {sqlite3.sqlite_version} is too old; 3.35 or newer is needed (it comes with Python)")
    if not url.database or url.database == ":memory:":
        raise StoreError("The store needs a file: write store: sqlite:////var/lib/doorward/doorward.db")
    file = Path(url.database)
    try:
        with _locked(file):
            _create(file)
            _set_up(url, setup)
    except OSError as error:
        raise StoreError(f"The database {file} cannot be opened: {error.strerror} ({error.filename})") from error
    except DatabaseError as error:
        raise StoreError(f"The database {file} cannot be opened: {error.orig}. {_advice(error)}") from error
    except SQLAlchemyError as error:
        raise store_error(error) from error


def _advice(error: DatabaseError) -> str:
    ruined = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
    if ruined:
        return "Restore a backup, or move the file away and start fresh: then everybody signs in again"
    return "Look at its free space, its permissions and who else has it open"


def writing_engine(url: URL) -> Engine:
    """Transactions take the write lock when they begin: one that read first could not wait for another process."""
    return _engine(url, begin="BEGIN IMMEDIATE")


def reading_engine(url: URL) -> Engine:
    """Transactions that see one state and never wait for a writer."""
    return _engine(url, begin="BEGIN")


def configure(engine: Engine, begin: str) -> None:
    """Pragmas for each new connection, and our own BEGIN in place of the driver's late one."""

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver begins no transactions; that is done below
        cursor = connection.cursor()
        for pragma in (f"busy_timeout={BUSY_SECONDS * 1000}", "synchronous=NORMAL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


def _engine(url: URL, begin: str) -> Engine:
    engine = create_engine(url, hide_parameters=True)
    configure(engine, begin)
    return engine


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Hold ``<file>.lock``. The kernel lets go of it when the process ends, however it ends."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(f"{file}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _create(file: Path) -> None:
    """An empty file with narrow permissions; SQLite gives the same ones to the files it puts beside it."""
    os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))


def _set_up(url: URL, setup: Operation[None]) -> None:
    engine = writing_engine(url)
    try:
        with engine.connect() as connection:
            # Outside of a transaction, where alone it works; it stays with the file.
            connection.connection.cursor().execute("PRAGMA journal_mode=WAL")
            with connection.begin():
                setup(connection)
    finally:
        engine.dispose()
