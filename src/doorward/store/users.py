"""People, one row per e-mail address: the same address is the same person at every identity provider (access.md 6.3)."""

from __future__ import annotations

import uuid

from sqlalchemy import Connection, text

from doorward.identity import canonical_email
from doorward.store.database import Database

# The name changes with the login that brings one; a login without (one-time PIN) does not wipe it.
_RESOLVE = text(
    "INSERT INTO users (id, email, name, created_at, last_login_at) VALUES (:id, :email, :name, :now, :now) "
    "ON CONFLICT (email) DO UPDATE SET last_login_at = excluded.last_login_at, "
    "name = CASE WHEN excluded.name = '' THEN users.name ELSE excluded.name END "
    "RETURNING id"
)


_FIND = text("SELECT id FROM users WHERE email = :email")


class Users:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def resolve(self, email: str, name: str, now: int) -> str:
        """The UUID of the person with this address (``sub``), created at the first login; letter case does not matter."""
        row = {"id": str(uuid.uuid4()), "email": canonical_email(email), "name": name, "now": now}

        def resolve(connection: Connection) -> str:
            return str(connection.execute(_RESOLVE, row).scalar_one())

        return await self._database.write(resolve)

    async def find(self, email: str) -> str | None:
        """The UUID of the person with this address, if they ever logged in; letter case does not matter."""
        row = {"email": canonical_email(email)}
        found = await self._database.read(lambda connection: connection.execute(_FIND, row).scalar_one_or_none())
        return None if found is None else str(found)
