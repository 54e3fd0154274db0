"""The database of a configuration, for commands that look into it while the door runs or rests."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from doorward.errors import StoreError
from doorward.settings import Settings
from doorward.store import Cipher, Store
from doorward.store.high_water import HighWater, end_what_was_restored


@asynccontextmanager
async def opened(settings: Settings, environ: dict[str, str], *, fresh: bool = False) -> AsyncIterator[Store]:
    """The store, closed at the end. ``fresh``: it may be created, for what can be prepared before the first start.

    Raises:
        StoreError: it was never created, or cannot be opened.
    """
    database = Path(settings.store_url.removeprefix("sqlite:///"))
    if not fresh and not database.exists():  # noqa: ASYNC240 - one command, one task: nobody waits meanwhile
        raise StoreError(f"There is no database at {database} yet; start the door once with 'doorward serve'")
    store = await Store.open(settings.store_url, Cipher.load(settings.secret_key_file, environ))
    try:
        mark = HighWater(settings.state_dir, settings.store_url)
        await end_what_was_restored(store, mark, int(time.time()))
        try:
            yield store
        finally:
            with suppress(OSError):  # the door itself will say that it cannot write there
                mark.rise(await store.revision())
    finally:
        await store.close()
