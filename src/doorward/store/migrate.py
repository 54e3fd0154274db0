"""Is a database at the schema of this version? If not, ``upgrade`` brings it there, or refuses it.

Alembic is imported only then. It takes a fifth of the control plane's start, for which visitors wait after a crash.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

_LOCK: Final = 0x646F6F72
"""Advisory lock of PostgreSQL: two processes that start at once take turns."""
_VERSIONS: Final = Path(__file__).parent / "migrations" / "versions"


def migrate(connection: Connection) -> None:
    """Run what is missing, inside the caller's transaction: all of it or nothing.

    Raises:
        StoreError: the database was written by a newer version, or is not ours.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    if not _is_current(connection):
        import_module("doorward.store.upgrade").upgrade(connection)


def newest() -> str:
    """The last migration. Their files are named by their numbers: ``0002_service_tokens.py``."""
    return max(file.name for file in _VERSIONS.glob("[0-9]*_*.py")).partition("_")[0]


def _is_current(connection: Connection) -> bool:
    if not inspect(connection).has_table("alembic_version"):
        return False
    return list(connection.execute(text("SELECT version_num FROM alembic_version")).scalars()) == [newest()]
