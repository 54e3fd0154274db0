"""Sessions: logins that hold (access.md section 5)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, exists, insert, select, update

from doorward.identity import Identity
from doorward.sessions import Session
from doorward.store import revision
from doorward.store.database import Database
from doorward.store.schema import app_tokens, evaluations, factor_offers, factor_proofs, grants, kept_requests, sessions

_OPEN = insert(sessions)
_FIND = select(sessions).where(sessions.c.nonce == bindparam("nonce"))
_BY_USER = (
    select(sessions)
    .where(
        sessions.c.user_id == bindparam("user_id"),
        sessions.c.revoked_at.is_(None),
        sessions.c.expires_at > bindparam("now"),
    )
    .order_by(sessions.c.created_at.desc(), sessions.c.nonce)
)
_ALL_OF_USER = select(sessions.c.nonce).where(sessions.c.user_id == bindparam("user_id"))
_REVOKE = (
    update(sessions)
    .where(sessions.c.nonce == bindparam("session"), sessions.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
)
_REVOKE_TOKENS = (
    update(app_tokens)
    .where(app_tokens.c.session_nonce == bindparam("session"), app_tokens.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
)
# A session outlives its end while tokens of it live: whoever revokes the person must still find those.
_PRUNE = delete(sessions).where(
    sessions.c.expires_at <= bindparam("now"), ~exists().where(app_tokens.c.session_nonce == sessions.c.nonce)
)


_EARNED: Final = (factor_proofs, evaluations, grants, kept_requests)
"""What goes along when a session gets another name. Its tokens and hand-offs do not: they name the old one."""
_LARGE: Final = 16_384
"""Characters of an identity from which reading it again is worth avoiding: thousands of groups take ten milliseconds."""


class Sessions:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, session: Session) -> None:
        """Keep a new session."""
        row = _row(session)
        await self._database.write(lambda connection: _run(connection, _OPEN, row))

    async def find(self, nonce: str) -> Session | None:
        """The session of this ``identity_nonce``, revoked and expired ones too: ask :meth:`Session.live`."""
        row = await self._database.read(lambda connection: connection.execute(_FIND, {"nonce": nonce}).first())
        return None if row is None else session_of(row)

    async def live_of(self, user_id: str, now: int) -> tuple[Session, ...]:
        """The live sessions of one person, newest first."""
        values = {"user_id": user_id, "now": now}
        rows = await self._database.read(lambda connection: connection.execute(_BY_USER, values).all())
        return tuple(session_of(row) for row in rows)

    async def renew(self, nonce: str, new: Session, now: int) -> bool:
        """``new`` takes the place of a session: it gets what that one has earned, which ends with every app token of it.

        False: the old one is ended already; then nothing was changed. Whoever ends sessions at the same moment ends the
        new one too: they take turns by the lock of the revision.
        """

        def renew(connection: Connection) -> bool:
            revision.bump(connection)  # first, for its lock
            values = {"session": nonce, "now": now}
            if connection.execute(_REVOKE, values).rowcount != 1:
                return False
            connection.execute(_REVOKE_TOKENS, values)
            connection.execute(_OPEN, _row(new))
            connection.execute(delete(factor_offers).where(factor_offers.c.session_nonce == nonce))
            for table in _EARNED:
                moved = update(table).where(table.c.session_nonce == nonce)
                connection.execute(moved.values(session_nonce=new.nonce))
            return True

        return await self._database.write(renew)

    async def revoke(self, nonce: str, now: int) -> int:
        """End a session and every app token of it, in one transaction. Counts both; 0: there was nothing to end."""
        return await self._database.write(lambda connection: _revoke(connection, (nonce,), now))

    async def revoke_user(self, user_id: str, now: int) -> int:
        """End all sessions of a person and all app tokens of those, in one transaction. Counts both."""

        def revoke_user(connection: Connection) -> int:
            nonces = connection.execute(_ALL_OF_USER, {"user_id": user_id}).scalars().all()
            return _revoke(connection, tuple(nonces), now)

        return await self._database.write(revoke_user)


def prune(connection: Connection, now: int) -> None:
    """Drop sessions that are over and have no token left (prune those first)."""
    connection.execute(_PRUNE, {"now": now})


def _revoke(connection: Connection, nonces: tuple[str, ...], now: int) -> int:
    ended = 0
    for nonce in nonces:
        values = {"session": nonce, "now": now}
        # The session first: its row lock keeps out a token that is being recorded at the same moment on another node.
        ended += connection.execute(_REVOKE, values).rowcount
        ended += connection.execute(_REVOKE_TOKENS, values).rowcount
    if ended:
        revision.bump(connection)
    return ended


def _run(connection: Connection, statement: Any, row: dict[str, object]) -> None:
    connection.execute(statement, row)


def _row(session: Session) -> dict[str, object]:
    return {
        "nonce": session.nonce,
        "user_id": session.user_id,
        "identity": session.identity.model_dump_json(),
        "created_at": session.created_at,
        "expires_at": session.expires_at,
        "ip": session.ip,
        "country": session.country,
        "revoked_at": session.revoked_at,
    }


def session_of(row: Row[Any]) -> Session:
    """A row of ``sessions`` as a value."""
    return Session(
        nonce=row.nonce,
        user_id=row.user_id,
        identity=_identity(row.identity),
        created_at=row.created_at,
        expires_at=row.expires_at,
        ip=row.ip,
        country=row.country,
        revoked_at=row.revoked_at,
    )


def _identity(text: str) -> Identity:
    return _large_identity(text) if len(text) > _LARGE else Identity.model_validate_json(text)


@lru_cache(maxsize=32)
def _large_identity(text: str) -> Identity:
    return Identity.model_validate_json(text)
