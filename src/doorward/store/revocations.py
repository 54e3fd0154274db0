"""Access taken away (access.md 5.2): what ends by a revocation, in one transaction, and how many streams ended with it.

Tokens that were issued in an earlier second than "all tokens of this application" or "everything" was revoked are
refused by that time alone; those of the very second are named one by one, because others of the same second come later
and are good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Select,
    Update,
    bindparam,
    delete,
    distinct,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    update,
)

from doorward.access.revocation import Revocation, Scope
from doorward.sessions import Session
from doorward.store import grants, revision, service_tokens
from doorward.store.app_tokens import AppToken
from doorward.store.database import Database
from doorward.store.schema import (
    app_tokens,
    attempts,
    handoffs,
    kept_requests,
    pins,
    revocations,
    revoked_before,
    sessions,
)
from doorward.store.sessions import session_of

EVERY_APPLICATION: Final = ""
_KEPT: Final = 86_400
"""Seconds for which a revocation itself is remembered; what it ended stays ended without it."""

_ADD = insert(revocations)
_PENDING = select(revocations).where(revocations.c.streams.is_(None)).order_by(revocations.c.at)
_SETTLE = (
    update(revocations)
    .where(revocations.c.id == bindparam("which"))
    .values(streams=func.coalesce(revocations.c.streams, 0) + bindparam("ended"))
)
_STREAMS = select(revocations.c.streams).where(revocations.c.id == bindparam("which"))
_PRUNE = delete(revocations).where(revocations.c.at < bindparam("before"))
_MARKS = select(revoked_before.c.application_id, revoked_before.c.at)
_MARK = text(
    "INSERT INTO revoked_before (application_id, at) VALUES (:application, :at) "
    "ON CONFLICT (application_id) DO UPDATE SET at = excluded.at WHERE excluded.at > revoked_before.at"
)
_UNDER_A_MARK = exists().where(
    revoked_before.c.application_id.in_([app_tokens.c.application_id, EVERY_APPLICATION]),
    revoked_before.c.at > app_tokens.c.iat,
)
_LIVE_TOKEN = (app_tokens.c.revoked_at.is_(None), app_tokens.c.exp > bindparam("now"), ~_UNDER_A_MARK)
_GIVING_ACCESS = (
    sessions.c.revoked_at.is_(None),
    or_(
        sessions.c.expires_at > bindparam("now"),
        # One that is over gives access for as long as tokens of it live.
        sessions.c.nonce.in_(select(app_tokens.c.session_nonce).where(*_LIVE_TOKEN)),
    ),
)
_ONGOING = select(sessions).where(*_GIVING_ACCESS).order_by(sessions.c.created_at.desc(), sessions.c.nonce)
_COUNT = select(func.count()).select_from(sessions).where(*_GIVING_ACCESS)
_TOKENS = select(app_tokens).where(*_LIVE_TOKEN, app_tokens.c.session_nonce != "").order_by(app_tokens.c.iat)
_UNFINISHED = (delete(attempts), delete(handoffs), delete(pins), delete(kept_requests))


@dataclass(frozen=True, slots=True)
class Ongoing:
    """A login that still gives access, and the tokens it does so by."""

    session: Session
    tokens: tuple[AppToken, ...]


class Revocations:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def revoke(self, revocation: Revocation) -> int:
        """End what it covers. How many sessions that were; control planes end the open streams and tell how many.

        For an application or a policy: how many people's (or programs') access to it ended; their logins stay.
        """

        def revoke(connection: Connection) -> int:
            revision.bump(connection)  # first, for its lock
            ended = _END[revocation.scope](connection, revocation.target, revocation.at)
            connection.execute(_ADD, {**_row(revocation), "sessions": ended, "streams": None})
            return ended

        return await self._database.write(revoke)

    async def pending(self) -> tuple[Revocation, ...]:
        """Those whose open streams were not ended yet, oldest first."""
        rows = await self._database.read(lambda connection: connection.execute(_PENDING).all())
        return tuple(Revocation(row.id, Scope(row.scope), row.target, row.at) for row in rows)

    async def settle(self, ended: Mapping[str, int]) -> None:
        """Keep how many streams were ended by each revocation, by its id."""
        rows = [{"which": which, "ended": count} for which, count in ended.items()]
        if rows:
            await self._database.write(lambda connection: _each(connection, _SETTLE, rows))

    async def streams(self, revocation_id: str) -> int | None:
        """How many streams it ended; None: no control plane has said so yet."""
        values = {"which": revocation_id}
        return await self._database.read(lambda connection: connection.execute(_STREAMS, values).scalar_one_or_none())

    async def marks(self, application_ids: Sequence[str]) -> Mapping[str, int]:
        """Application id → Unix seconds: tokens issued before that were revoked all together. 0: never."""
        rows = await self._database.read(lambda connection: connection.execute(_MARKS).all())
        found = {row.application_id: int(row.at) for row in rows}
        every = found.get(EVERY_APPLICATION, 0)
        return {application: max(every, found.get(application, 0)) for application in application_ids}

    async def ongoing(self, now: int, user_id: str | None = None) -> tuple[Ongoing, ...]:
        """Logins that still give access, newest first. One that is over counts for as long as tokens of it live."""

        def ongoing(connection: Connection) -> tuple[Ongoing, ...]:
            query = _ONGOING if user_id is None else _ONGOING.where(sessions.c.user_id == user_id)
            found = [session_of(row) for row in connection.execute(query, {"now": now})]
            tokens: dict[str, list[AppToken]] = {session.nonce: [] for session in found}
            for row in connection.execute(_TOKENS, {"now": now}):
                token = AppToken(*row)
                if token.session_nonce in tokens:
                    tokens[token.session_nonce].append(token)
            return tuple(Ongoing(session, tuple(tokens[session.nonce])) for session in found)

        return await self._database.read(ongoing)

    async def forget_older_state(self, now: int, revision_seen: int) -> None:
        """The database is an older one than was in use before (a restored backup): end all that it holds.

        Logins that were under way are forgotten too, so that no code or hand-off in it can be used a second time.
        ``revision_seen``: the highest that was ever seen; the database's goes beyond it.
        """

        def forget(connection: Connection) -> None:
            revision.raise_above(connection, revision_seen)
            _everyone(connection, "", now)
            for statement in _UNFINISHED:
                connection.execute(statement)

        await self._database.write(forget)


def prune(connection: Connection, now: int) -> None:
    """Drop revocations that nobody asks about any more."""
    connection.execute(_PRUNE, {"before": now - _KEPT})


def _sessions(connection: Connection, nonces: Select[Any], values: Mapping[str, object]) -> int:
    """End the sessions whose nonces ``nonces`` selects, and every token of them. How many still gave access."""
    now = values["now"]
    ended = int(connection.execute(_COUNT.where(sessions.c.nonce.in_(nonces)), dict(values)).scalar_one())
    # The sessions first: their row locks keep out a token that is being recorded at the same moment on another node.
    revoked: Update = update(sessions).where(sessions.c.nonce.in_(nonces), sessions.c.revoked_at.is_(None))
    connection.execute(revoked.values(revoked_at=now), dict(values))
    tokens = update(app_tokens).where(app_tokens.c.session_nonce.in_(nonces), app_tokens.c.revoked_at.is_(None))
    connection.execute(tokens.values(revoked_at=now), dict(values))
    return ended


def _session(connection: Connection, nonce: str, now: int) -> int:
    chosen = select(sessions.c.nonce).where(sessions.c.nonce == bindparam("target"))
    return _sessions(connection, chosen, {"target": nonce, "now": now})


def _user(connection: Connection, user_id: str, now: int) -> int:
    chosen = select(sessions.c.nonce).where(sessions.c.user_id == bindparam("target"))
    return _sessions(connection, chosen, {"target": user_id, "now": now})


def _application(connection: Connection, application_id: str, now: int) -> int:
    ended = _accesses(connection, (*_LIVE_TOKEN, app_tokens.c.application_id == application_id), now)
    connection.execute(_MARK, {"application": application_id, "at": now})
    late = (app_tokens.c.application_id == application_id, app_tokens.c.iat >= now, app_tokens.c.revoked_at.is_(None))
    connection.execute(update(app_tokens).where(*late).values(revoked_at=now))
    return ended


def _policy(connection: Connection, policy_id: str, now: int) -> int:
    whose = (*_LIVE_TOKEN, app_tokens.c.policy_id == policy_id)
    ended = _accesses(connection, whose, now)
    connection.execute(update(app_tokens).where(*whose).values(revoked_at=now), {"now": now})
    return ended


def _everyone(connection: Connection, _target: str, now: int) -> int:
    ended = int(connection.execute(_COUNT, {"now": now}).scalar_one())
    connection.execute(update(sessions).where(sessions.c.revoked_at.is_(None)).values(revoked_at=now))
    connection.execute(_MARK, {"application": EVERY_APPLICATION, "at": now})
    late = (app_tokens.c.iat >= now, app_tokens.c.revoked_at.is_(None))
    connection.execute(update(app_tokens).where(*late).values(revoked_at=now))
    return ended


_END: Final = {
    Scope.SESSION: _session,
    Scope.USER: _user,
    Scope.APPLICATION: _application,
    Scope.POLICY: _policy,
    Scope.GRANT: grants.end,
    Scope.SERVICE_TOKEN: service_tokens.end,
    Scope.EVERYONE: _everyone,
}


def _accesses(connection: Connection, whose: Sequence[Any], now: int) -> int:
    """How many sessions hold these tokens; a token without a session counts for itself."""
    of_people = select(func.count(distinct(app_tokens.c.session_nonce))).where(*whose, app_tokens.c.session_nonce != "")
    of_programs = select(func.count()).select_from(app_tokens).where(*whose, app_tokens.c.session_nonce == "")
    return sum(int(connection.execute(query, {"now": now}).scalar_one()) for query in (of_people, of_programs))


def _row(revocation: Revocation) -> dict[str, object]:
    return {
        "id": revocation.id,
        "scope": revocation.scope.value,
        "target": revocation.target,
        "at": revocation.at,
    }


def _each(connection: Connection, statement: Any, rows: list[dict[str, Any]]) -> None:
    connection.execute(statement, rows)
