"""Rate limits: fixed windows, counted in the database so that a restart or a second node does not forget them."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, delete, text

from doorward.store.database import Database
from doorward.store.schema import limits

_HIT = text(
    "INSERT INTO limits (bucket, hits, resets_at) VALUES (:bucket, 1, :resets_at) "
    "ON CONFLICT (bucket) DO UPDATE SET "
    "hits = CASE WHEN limits.resets_at > :now THEN limits.hits + 1 ELSE 1 END, "
    "resets_at = CASE WHEN limits.resets_at > :now THEN limits.resets_at ELSE excluded.resets_at END "
    "RETURNING hits"
)
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


def prune(connection: Connection, now: int) -> None:
    """Drop windows that are over."""
    connection.execute(_PRUNE, {"now": now})
