"""Decided logins on their way from the team domain to the application's host (access.md 1.3)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert

from doorward.signin import Handoff, secret_hash
from doorward.store import destinations
from doorward.store.database import Database
from doorward.store.schema import handoffs

_ADD = insert(handoffs)
_TAKE = delete(handoffs).where(handoffs.c.nonce_hash == bindparam("nonce_hash_is")).returning(*handoffs.c)
_PRUNE = delete(handoffs).where(handoffs.c.expires_at <= bindparam("now"))


class Handoffs:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, handoff: Handoff) -> None:
        """Keep a hand-off; of its nonce only the hash."""
        row = {
            "nonce_hash": secret_hash(handoff.nonce),
            "destination": destinations.write(handoff.destination),
            "session_nonce": handoff.session_nonce,
            "policy_id": handoff.policy_id,
            "token_lifetime": handoff.token_lifetime,
            "created_at": handoff.created_at,
            "expires_at": handoff.expires_at,
        }

        def add(connection: Connection) -> None:
            connection.execute(_ADD, row)

        await self._database.write(add)

    async def take(self, nonce: str, now: int) -> Handoff | None:
        """Use the hand-off up. One caller gets it, once; None: unknown, used or expired."""
        values = {"nonce_hash_is": secret_hash(nonce)}
        row = await self._database.write(lambda connection: connection.execute(_TAKE, values).first())
        return None if row is None or row.expires_at <= now else _handoff(nonce, row)


def prune(connection: Connection, now: int) -> None:
    """Drop hand-offs that nobody took."""
    connection.execute(_PRUNE, {"now": now})


def _handoff(nonce: str, row: Row[Any]) -> Handoff:
    destination = destinations.read(row.destination)
    assert destination is not None  # noqa: S101  # the column is NOT NULL
    return Handoff(
        nonce=nonce,
        destination=destination,
        session_nonce=row.session_nonce,
        policy_id=row.policy_id,
        token_lifetime=row.token_lifetime,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
