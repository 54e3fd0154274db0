"""What is decided about the account once and for all."""

from __future__ import annotations

import secrets

from doorward.store import facts
from doorward.store.database import Database


class OrganizationFacts:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def account_id(self) -> str:
        """32 hex characters: ``account_id`` in tokens and identities; made when first asked for."""
        offer = secrets.token_hex(16)
        return await self._database.write(lambda connection: facts.once(connection, "account_id", offer))
