"""How far this database once counted, kept beside it: by this a restored backup is recognised (docs/attacks.md, 159).

A backup holds sessions and tokens as they were, among them some that were revoked since. Its revision is lower than the
highest that was ever seen, and then nothing that it grants counts any more: everybody signs in again.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from doorward.store.store import Store

_EMBEDDED: Final = "sqlite:///"
NAME: Final = "revision"
"""The file in the state folder. It must not be put back together with a backup of the database."""


class HighWater:
    """The highest revision that was seen. Blocks for a millisecond when it rises."""

    def __init__(self, folder: Path, store_url: str = "") -> None:
        self._file = folder / NAME
        self._log = Path(store_url.removeprefix(_EMBEDDED) + "-wal") if store_url.startswith(_EMBEDDED) else None
        self._seen = -1

    def seen(self) -> int:
        """0 when there is no file, or none that can be read."""
        try:
            self._seen = max(self._seen, int(self._file.read_text(encoding="ascii")))
        except (OSError, ValueError):
            self._seen = max(self._seen, 0)
        return self._seen

    def rise(self, revision: int) -> None:
        """Keep ``revision`` if it is higher.

        Raises:
            OSError: it cannot be written.
        """
        if revision <= self.seen():
            return
        self._make_durable()
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self._file.with_name(f"{NAME}.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(descriptor, f"{revision}\n".encode("ascii"))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        fresh.replace(self._file)
        self._seen = revision

    def _make_durable(self) -> None:
        """What was committed is on the disk before the mark is: a power cut must not look like a restored backup."""
        if self._log is not None:
            with suppress(FileNotFoundError):  # everything is in the database file, which SQLite has synchronised
                _synchronise(self._log)


def _synchronise(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


async def end_what_was_restored(store: Store, mark: HighWater, now: int) -> bool:
    """If the database is older than one that was in use before, end all sessions and tokens in it. Whether it was.

    Tokens that it does not know of are refused as well, by the time at which they were issued.
    """
    seen = mark.seen()
    if await store.revision() >= seen:
        return False
    await store.revocations.forget_older_state(now + 1, seen)  # what is issued within this second too
    return True
