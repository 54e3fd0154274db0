"""Bringing a database to the schema of this version, and refusing one from a later version. Imported when that is due."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from doorward.errors import StoreError


def upgrade(connection: Connection) -> None:
    """Run what is missing, inside the caller's transaction: all of it or nothing.

    Raises:
        StoreError: the database was written by a newer version, or is not ours.
    """
    config = _config(connection)
    scripts = ScriptDirectory.from_config(config)
    present = set(MigrationContext.configure(connection).get_current_heads())
    _refuse_strangers(connection, present, scripts)
    if present != set(scripts.get_heads()):
        command.upgrade(config, "head")


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _refuse_strangers(connection: Connection, present: set[str], scripts: ScriptDirectory) -> None:
    known = {script.revision for script in scripts.walk_revisions()}
    if newer := present - known:
        raise StoreError(
            f"The database was written by a newer version of Doorward (schema {', '.join(sorted(newer))}; this version "
            f"knows up to {', '.join(scripts.get_heads())}). Run the newer version, or restore a backup made before it"
        )
    if not present and (tables := inspect(connection).get_table_names()):
        raise StoreError(
            f"The database holds something else (table {tables[0]}); give Doorward a file or database of its own"
        )
