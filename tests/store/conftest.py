from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import create_async_engine

from doorward.store import Cipher, Store
from doorward.store.embedded import configure, prepare
from doorward.store.location import read_url
from doorward.store.pooled import Pooled, engine_for
from doorward.store.store import set_up


@pytest.fixture
def secret_key() -> str:
    return Fernet.generate_key().decode()


@pytest.fixture
def cipher(secret_key):
    return Cipher([secret_key], "the test")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "doorward.db"


@pytest.fixture
def url(file: Path) -> str:
    return f"sqlite:///{file}"


POSTGRESQL = os.environ.get("DOORWARD_TEST_POSTGRESQL", "")
"""URL of a PostgreSQL database that may be emptied; when it is set, every test of the store runs against it too."""


@pytest.fixture(params=["embedded", "pooled", *(["postgresql"] if POSTGRESQL else [])])
async def store(request, file, url, cipher):
    """The store over every way to reach a database; the pooled one over SQLite's async driver."""
    opened = await {"embedded": embedded, "pooled": pooled, "postgresql": postgresql}[request.param](file, url, cipher)
    yield opened
    await opened.close()


async def embedded(file, url, cipher) -> Store:
    return await Store.open(url, cipher)


async def pooled(file, url, cipher) -> Store:
    prepare(URL.create("sqlite", database=str(file)), lambda connection: set_up(connection, cipher))
    engine = create_async_engine(f"sqlite+aiosqlite:///{file}", hide_parameters=True)
    configure(engine.sync_engine, "BEGIN IMMEDIATE")
    return Store(Pooled(engine), cipher)


async def postgresql(file, url, cipher) -> Store:
    engine = engine_for(read_url(POSTGRESQL))
    async with engine.begin() as connection:
        await connection.execute(text("DROP SCHEMA public CASCADE"))
        await connection.execute(text("CREATE SCHEMA public"))
    await engine.dispose()
    return await Store.open(POSTGRESQL, cipher)
