"""The database of a configuration, for commands that look into it while the door runs or rests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from doorward.errors import StoreError
from doorward.settings import Settings
from doorward.store import Cipher, Store


@asynccontextmanager
async def opened(settings: Settings, environ: dict[str, str]) -> AsyncIterator[Store]:
    """The store, closed at the end.

    Raises:
        StoreError: it was never created, or cannot be opened.
    """
    database = Path(settings.store_url.removeprefix("sqlite:///"))
    if not database.exists():  # noqa: ASYNC240 - one command, one task: nobody waits meanwhile
        raise StoreError(f"There is no database at {database} yet; start the door once with 'doorward serve'")
    store = await Store.open(settings.store_url, Cipher.load(settings.secret_key_file, environ))
    try:
        yield store
    finally:
        await store.close()
