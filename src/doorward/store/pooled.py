"""A database server, reached through SQLAlchemy's async engine: a transaction for each operation, many at once.

Operations are the same functions as for the embedded database. Two control planes may write at the same time here, so
an operation that reads and then writes takes a row lock first.
"""

from __future__ import annotations

from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from doorward.errors import StoreError
from doorward.store.database import Operation, T, store_error


class Pooled:
    """A :class:`~doorward.store.database.Database` over an async engine."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def read(self, operation: Operation[T]) -> T:
        return await self.write(operation)

    async def write(self, operation: Operation[T]) -> T:
        try:
            async with self._engine.begin() as connection:
                return await connection.run_sync(operation)
        except SQLAlchemyError as error:
            raise store_error(error) from error
        except OSError as error:
            raise StoreError(
                f"The database server cannot be reached: {error}. Is it running, is the URL right?"
            ) from error

    async def close(self) -> None:
        await self._engine.dispose()


def engine_for(url: URL) -> AsyncEngine:
    """The engine for ``postgresql+asyncpg://…``.

    Raises:
        StoreError: the driver is not installed.
    """
    try:
        return create_async_engine(url, hide_parameters=True, pool_size=10, max_overflow=10, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise StoreError(f"The driver {error.name} is not installed; run: pip install {error.name}") from error
