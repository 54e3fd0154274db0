"""Login attempts on their way to and from an identity provider (access.md 1.4)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select

from doorward.signin import Destination, LoginAttempt, secret_hash
from doorward.store import destinations
from doorward.store.cipher import Cipher
from doorward.store.database import Database
from doorward.store.schema import attempts

_ADD = insert(attempts)
_TAKE = delete(attempts).where(attempts.c.state_hash == bindparam("state_hash_is")).returning(*attempts.c)
_FIND = select(attempts).where(attempts.c.state_hash == bindparam("state_hash_is"))
_LATEST = (
    select(attempts.c.destination)
    .where(attempts.c.browser_hash.in_(bindparam("browsers", expanding=True)), attempts.c.expires_at > bindparam("now"))
    .order_by(attempts.c.created_at.desc())
    .limit(1)
)
_PRUNE = delete(attempts).where(attempts.c.expires_at <= bindparam("now"))


class Attempts:
    def __init__(self, database: Database, cipher: Cipher) -> None:
        self._database = database
        self._cipher = cipher

    async def add(self, attempt: LoginAttempt) -> None:
        """Keep an attempt: its state as a hash, its nonce and PKCE verifier encrypted."""
        row = {
            "state_hash": secret_hash(attempt.state),
            "idp_id": attempt.idp_id,
            "destination": destinations.write(attempt.destination),
            "browser_hash": attempt.browser_hash,
            "sealed": self._cipher.seal(json.dumps([attempt.nonce, attempt.code_verifier]).encode()),
            "created_at": attempt.created_at,
            "expires_at": attempt.expires_at,
        }

        def add(connection: Connection) -> None:
            connection.execute(_ADD, row)

        await self._database.write(add)

    async def find(self, state: str, now: int) -> LoginAttempt | None:
        """The attempt, which is not used up by that; None: unknown, used or expired."""
        values = {"state_hash_is": secret_hash(state)}
        row = await self._database.read(lambda connection: connection.execute(_FIND, values).first())
        return None if row is None or row.expires_at <= now else self._attempt(state, row)

    async def take(self, state: str, now: int) -> LoginAttempt | None:
        """Use the attempt up. One caller gets it, once; None: unknown, used or expired."""
        values = {"state_hash_is": secret_hash(state)}
        row = await self._database.write(lambda connection: connection.execute(_TAKE, values).first())
        return None if row is None or row.expires_at <= now else self._attempt(state, row)

    async def latest(self, browser_hashes: Sequence[str], now: int) -> Destination | None:
        """Where the login leads that was begun last in this browser, of those under way. Uses nothing up."""
        values = {"browsers": list(browser_hashes), "now": now}
        text = await self._database.read(lambda connection: connection.execute(_LATEST, values).scalar())
        return destinations.read(text)

    def _attempt(self, state: str, row: Row[Any]) -> LoginAttempt:
        nonce, code_verifier = json.loads(self._cipher.open(row.sealed))
        return LoginAttempt(
            state=state,
            idp_id=row.idp_id,
            destination=destinations.read(row.destination),
            browser_hash=row.browser_hash,
            nonce=nonce,
            code_verifier=code_verifier,
            created_at=row.created_at,
            expires_at=row.expires_at,
        )


def prune(connection: Connection, now: int) -> None:
    """Drop attempts that nobody finished."""
    connection.execute(_PRUNE, {"now": now})
