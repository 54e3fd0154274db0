"""The counter that says when snapshots are stale."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from doorward.store.schema import revision

_READ = select(revision.c.value)
_BUMP = update(revision).values(value=revision.c.value + 1)


def bump(connection: Connection) -> None:
    """Count one change.

    The row stays locked until the commit, so on a database server this also makes writers of what snapshots depend on
    take turns: an operation that reads before it writes calls it first.
    """
    connection.execute(_BUMP)


def read(connection: Connection) -> int:
    """The current count; two equal answers mean that nothing changed between them."""
    return int(connection.execute(_READ).scalar_one())


def raise_above(connection: Connection, seen: int) -> None:
    """Count one change, and go beyond ``seen``: what another state of this database once counted to."""
    bump(connection)
    connection.execute(update(revision).where(revision.c.value <= seen).values(value=seen + 1))
