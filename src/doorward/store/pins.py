"""One-time PINs that were asked for (access.md 6.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from doorward.signin import PinChallenge, secret_hash
from doorward.store import destinations
from doorward.store.database import Database
from doorward.store.schema import pins

RETENTION = 86_400
"""Seconds a challenge is kept after its end, so that :meth:`Pins.count` can look back that far."""

_ADD = insert(pins)
_REPLACE = (
    update(pins)
    .where(
        pins.c.email == bindparam("same_email"),
        pins.c.browser_hash == bindparam("same_browser"),
        pins.c.used_at.is_(None),
    )
    .values(tries_left=0)
)
_THIS = pins.c.nonce_hash == bindparam("nonce_hash_is")
_ALIVE = (_THIS, pins.c.used_at.is_(None), pins.c.tries_left > 0, pins.c.expires_at > bindparam("now"))
_FIND = select(pins).where(_THIS, pins.c.expires_at > bindparam("now"))
_USE = update(pins).where(*_ALIVE).values(used_at=bindparam("now"))
_USE_RIGHT = _USE.where(pins.c.code_hash == bindparam("code_hash_is"), pins.c.code_hash != "")
_FAIL = (
    update(pins)
    .where(_THIS, pins.c.tries_left > 0)
    .values(tries_left=pins.c.tries_left - 1)
    .returning(pins.c.tries_left)
)
_COUNT = (
    select(func.count())
    .select_from(pins)
    .where(pins.c.email == bindparam("email_is"), pins.c.created_at >= bindparam("since"))
)
_PRUNE = delete(pins).where(pins.c.expires_at <= bindparam("ended_before"))


@dataclass(frozen=True, slots=True)
class Guess:
    """What came of one try at a PIN."""

    right: bool
    """The code was right and is used up now."""
    tries_left: int
    """0 after a right one, and when the challenge is dead, used, expired or unknown."""


class Pins:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, challenge: PinChallenge) -> None:
        """Keep a challenge. Unused ones of the same browser and address die: there is one active code."""
        row = _row(challenge)
        same = {"same_email": challenge.email, "same_browser": challenge.browser_hash}

        def add(connection: Connection) -> None:
            connection.execute(_REPLACE, same)
            connection.execute(_ADD, row)

        await self._database.write(add)

    async def find(self, nonce: str, now: int) -> PinChallenge | None:
        """The challenge, unless it is expired; dead and used ones too, so that a page can say which it is."""
        values = {"nonce_hash_is": secret_hash(nonce), "now": now}
        row = await self._database.read(lambda connection: connection.execute(_FIND, values).first())
        return None if row is None else _challenge(nonce, row)

    async def guess(self, nonce: str, code_hash: str, now: int) -> Guess:
        """Try a code, in one transaction: a right one is used up, a wrong one costs a try.

        Comparing here, not in the caller, is what keeps a thousand guesses sent at once down to the few that are allowed.
        """
        values = {"nonce_hash_is": secret_hash(nonce), "code_hash_is": code_hash, "now": now}

        def guess(connection: Connection) -> Guess:
            if connection.execute(_USE_RIGHT, values).rowcount:
                return Guess(right=True, tries_left=0)
            return Guess(right=False, tries_left=_fail(connection, values))

        return await self._database.write(guess)

    async def fail(self, nonce: str) -> int:
        """Cost a try; how many are left."""
        values = {"nonce_hash_is": secret_hash(nonce)}
        return await self._database.write(lambda connection: _fail(connection, values))

    async def use(self, nonce: str, now: int) -> bool:
        """Use the challenge up. True for one caller, once, while it is alive."""
        values = {"nonce_hash_is": secret_hash(nonce), "now": now}
        return await self._database.write(lambda connection: connection.execute(_USE, values).rowcount == 1)

    async def count(self, email: str, since: int) -> int:
        """How many challenges were asked for this address from ``since`` on (Unix seconds)."""
        values = {"email_is": email, "since": since}
        return await self._database.read(lambda connection: int(connection.execute(_COUNT, values).scalar_one()))


def prune(connection: Connection, now: int) -> None:
    """Drop challenges that ended longer ago than anybody counts back."""
    connection.execute(_PRUNE, {"ended_before": now - RETENTION})


def _fail(connection: Connection, values: Mapping[str, object]) -> int:
    return int(connection.execute(_FAIL, values).scalar_one_or_none() or 0)


def _row(challenge: PinChallenge) -> dict[str, object]:
    return {
        "nonce_hash": secret_hash(challenge.nonce),
        "email": challenge.email,
        "code_hash": challenge.code_hash,
        "idp_id": challenge.idp_id,
        "destination": destinations.write(challenge.destination),
        "browser_hash": challenge.browser_hash,
        "tries_left": challenge.tries_left,
        "created_at": challenge.created_at,
        "expires_at": challenge.expires_at,
        "used_at": challenge.used_at,
    }


def _challenge(nonce: str, row: Row[Any]) -> PinChallenge:
    return PinChallenge(
        nonce=nonce,
        email=row.email,
        code_hash=row.code_hash,
        idp_id=row.idp_id,
        destination=destinations.read(row.destination),
        browser_hash=row.browser_hash,
        tries_left=row.tries_left,
        created_at=row.created_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
    )
