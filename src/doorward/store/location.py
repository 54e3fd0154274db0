"""The store's URL, and what it opens."""

from __future__ import annotations

import asyncio
from importlib import import_module

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from doorward.errors import StoreError
from doorward.store import embedded
from doorward.store.database import Database, Operation

_FORMS = "write sqlite:////path/to/doorward.db or postgresql://user:password@host/database"


def read_url(text: str) -> URL:
    """Parse ``sqlite:///…`` or ``postgresql://…``, filling in the driver.

    Raises:
        StoreError: it is neither. The text is not repeated: a password may be in it.
    """
    try:
        url = make_url(text)
    except ArgumentError:
        raise StoreError(f"The store is not a database URL; {_FORMS}") from None
    match url.drivername:
        case "sqlite":
            return url
        case "postgresql" | "postgres" | "postgresql+asyncpg":
            return url.set(drivername="postgresql+asyncpg")
        case other:
            raise StoreError(f"The store cannot be {other}; {_FORMS}")


async def open_database(url: URL, setup: Operation[None]) -> Database:
    """Connect, run ``setup`` (migrations) in one transaction, and be ready.

    Raises:
        StoreError: any of it failed.
    """
    if url.drivername == "sqlite":
        await asyncio.to_thread(embedded.prepare, url, setup)
        return embedded.Embedded(url)
    # SQLAlchemy's async part brings the whole object mapper with it, which the embedded database can do without.
    pooled = import_module("doorward.store.pooled")
    database: Database = pooled.Pooled(pooled.engine_for(url))
    try:
        await database.write(setup)
    except BaseException:
        await database.close()
        raise
    return database
