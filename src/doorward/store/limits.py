"""Rate limits: fixed windows, counted in the database so that a restart or a second node does not forget them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, select, text, update

from doorward.store.database import Database
from doorward.store.schema import limits

_HIT = text(
    "INSERT INTO limits (bucket, hits, resets_at) VALUES (:bucket, 1, :resets_at) "
    "ON CONFLICT (bucket) DO UPDATE SET "
    "hits = CASE WHEN limits.resets_at > :now THEN limits.hits + 1 ELSE 1 END, "
    "resets_at = CASE WHEN limits.resets_at > :now THEN limits.resets_at ELSE excluded.resets_at END "
    "RETURNING hits"
)
_GIVE_BACK = (
    update(limits)
    .where(limits.c.bucket == bindparam("which"), limits.c.hits > 0, limits.c.resets_at > bindparam("now"))
    .values(hits=limits.c.hits - 1)
)
_MARK = text(
    "INSERT INTO limits (bucket, hits, resets_at) VALUES (:bucket, 1, :until) "
    "ON CONFLICT (bucket) DO UPDATE SET hits = 1, resets_at = excluded.resets_at"
)
_MARKED = select(limits.c.hits).where(limits.c.bucket == bindparam("which"), limits.c.resets_at > bindparam("now"))
_PRUNE = delete(limits).where(limits.c.resets_at <= bindparam("now"))


class Limits:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def hit(self, bucket: str, limit: int, window: int, now: int) -> bool:
        """Count one event; True: it is among the first ``limit`` of its window.

        Args:
            bucket: what is limited, such as ``pin-email:ann@example.com``.
            limit: how many are allowed in a window.
            window: seconds from the first event to the end of its window.
            now: Unix seconds.
        """
        values = {"bucket": bucket, "resets_at": now + window, "now": now}

        def hit(connection: Connection) -> int:
            return int(connection.execute(_HIT, values).scalar_one())

        return await self._database.write(hit) <= limit

    async def succeeded(self, buckets: Sequence[str], mark: str, until: int, now: int) -> None:
        """Give one event of each bucket back, and mark who was right until then; in one transaction.

        Args:
            buckets: each was hit for this very event, before anybody knew that it was a right one.
            mark: a bucket of its own, which nothing is counted in; empty: mark nobody.
            until: Unix seconds.
            now: Unix seconds.
        """

        def succeeded(connection: Connection) -> None:
            for bucket in buckets:
                connection.execute(_GIVE_BACK, {"which": bucket, "now": now})
            if mark:
                connection.execute(_MARK, {"bucket": mark, "until": until})

        await self._database.write(succeeded)

    async def marked(self, mark: str, now: int) -> bool:
        """Whether this was marked, and the mark is not over."""
        values = {"which": mark, "now": now}
        return await self._database.read(lambda connection: connection.execute(_MARKED, values).first() is not None)


def prune(connection: Connection, now: int) -> None:
    """Drop windows that are over."""
    connection.execute(_PRUNE, {"now": now})
