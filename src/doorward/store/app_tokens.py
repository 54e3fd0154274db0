"""App tokens that were handed out, by their ``nonce`` claim: what revocation names (access.md 5.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from doorward.store import revision
from doorward.store.database import Database
from doorward.store.schema import app_tokens, grants, sessions

_SESSION = select(sessions.c.revoked_at).where(sessions.c.nonce == bindparam("session")).with_for_update(read=True)
_GRANT = (
    select(grants.c.revoked_at, grants.c.ends_at).where(grants.c.id == bindparam("grant")).with_for_update(read=True)
)
_RECORD = insert(app_tokens)
_AFTERLIFE = 60
"""Seconds after ``exp`` for which a token is still known: verifiers may have another clock, and Envoy's grants a second."""
_REVOKED = select(app_tokens.c.application_id, app_tokens.c.nonce).where(
    app_tokens.c.revoked_at.is_not(None), app_tokens.c.exp > bindparam("now")
)
_REVOKE = (
    update(app_tokens)
    .where(app_tokens.c.nonce == bindparam("token"), app_tokens.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
)
_BY_SESSION = (
    select(app_tokens)
    .where(app_tokens.c.session_nonce == bindparam("session"))
    .order_by(app_tokens.c.iat, app_tokens.c.nonce)
)
_PRUNE = delete(app_tokens).where(app_tokens.c.exp <= bindparam("now"))


@dataclass(frozen=True, slots=True)
class AppToken:
    """One token that was handed out; never the token itself. Times are Unix seconds."""

    nonce: str
    session_nonce: str
    """Empty for tokens without an identity."""
    application_id: str
    iat: int
    exp: int
    revoked_at: int | None = None
    service_token_id: str | None = None
    """The service token that earned it."""
    client_secret_version: int | None = None
    policy_id: str | None = None
    """The policy that granted it."""


class AppTokens:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(
        self,
        nonce: str,
        session_nonce: str,
        application_id: str,
        iat: int,
        exp: int,
        policy_id: str = "",
        grant_id: str = "",
    ) -> bool:
        """Remember a token before it is handed out.

        False: its session was revoked (or is gone) meanwhile, or the grant that it rests on. The token is then on the
        list of revoked ones already; do not hand it out. ``session_nonce`` is empty for tokens without an identity,
        ``grant_id`` for those that rest on none.
        """
        row = {
            "nonce": nonce,
            "session_nonce": session_nonce,
            "application_id": application_id,
            "iat": iat,
            "exp": exp,
            "revoked_at": None,
            "policy_id": policy_id or None,
        }
        return await self._database.write(lambda connection: _record(connection, row, grant_id))

    async def revoked(self, now: int) -> Mapping[str, frozenset[str]]:
        """Application id → nonces of its revoked tokens, until a minute after they have expired."""
        moment = {"now": now - _AFTERLIFE}
        rows = await self._database.read(lambda connection: connection.execute(_REVOKED, moment).all())
        nonces: dict[str, set[str]] = {}
        for application_id, nonce in rows:
            nonces.setdefault(application_id, set()).add(nonce)
        return {application_id: frozenset(found) for application_id, found in nonces.items()}

    async def revoke(self, nonce: str, now: int) -> bool:
        """Revoke one token; False: it is unknown or was revoked before."""

        def revoke(connection: Connection) -> bool:
            if connection.execute(_REVOKE, {"token": nonce, "now": now}).rowcount == 0:
                return False
            revision.bump(connection)
            return True

        return await self._database.write(revoke)

    async def by_session(self, session_nonce: str) -> tuple[AppToken, ...]:
        """Every token of a session that is still kept, oldest first."""
        values = {"session": session_nonce}
        rows = await self._database.read(lambda connection: connection.execute(_BY_SESSION, values).all())
        return tuple(AppToken(*row) for row in rows)


def prune(connection: Connection, now: int) -> None:
    """Drop tokens that have expired by themselves."""
    connection.execute(_PRUNE, {"now": now - _AFTERLIFE})


def _record(connection: Connection, row: dict[str, object], grant_id: str) -> bool:
    # A share lock on the session (a no-op on SQLite, where writers take turns anyway): either the one who revokes it
    # waits and then finds this token, or this token finds the session revoked.
    if row["session_nonce"]:
        session = connection.execute(_SESSION, {"session": row["session_nonce"]}).first()
        if session is None or session.revoked_at is not None:
            connection.execute(_RECORD, {**row, "revoked_at": row["iat"]})
            revision.bump(connection)
            return False
    if grant_id:  # likewise
        grant = connection.execute(_GRANT, {"grant": grant_id}).first()
        if grant is None or grant.revoked_at is not None or grant.ends_at is None or grant.ends_at < row["exp"]:
            connection.execute(_RECORD, {**row, "revoked_at": row["iat"]})
            revision.bump(connection)
            return False
    connection.execute(_RECORD, row)
    return True
