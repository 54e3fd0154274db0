"""Alembic's entry: migrates over the connection, and in the transaction, that ``doorward.store.migrate`` opened."""

from __future__ import annotations

from alembic import context

from doorward.store.schema import metadata

# No begin_transaction() of Alembic's: on SQLite it would be none at all, and the caller's covers every step.
context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
