"""What the nouns need of a database: run a function over a connection, in a transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from doorward.errors import StoreError

T = TypeVar("T")
Operation = Callable[[Connection], T]
"""A few statements that belong together. Runs inside a transaction it does not end itself, off the event loop, and may
be run again from the start, so it has no effect but on the connection."""


class Database(Protocol):
    """One open database."""

    async def read(self, operation: Operation[T]) -> T:
        """Run an operation that changes nothing; it sees everything committed before."""
        ...

    async def write(self, operation: Operation[T]) -> T:
        """Run an operation and return when it is committed.

        Raises:
            StoreError: it failed and has left no trace.
        """
        ...

    async def close(self) -> None:
        """Finish what was begun, then let go."""
        ...


def store_error(error: SQLAlchemyError) -> StoreError:
    """The error of the database as ours. Engines are made with ``hide_parameters``, so no stored value is in it."""
    reason = getattr(error, "orig", None) or error
    told = StoreError(
        f"The database refused: {reason}. Look at its free space, its permissions and who else has it open"
    )
    told.__cause__ = error
    return told
