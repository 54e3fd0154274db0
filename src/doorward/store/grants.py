"""Access that was asked for and granted for a time (access.md 4.5, 4.6)."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from doorward.access.revocation import whose_grant
from doorward.grants import Approval, Grant, State
from doorward.store.database import Database
from doorward.store.schema import app_tokens, grants, sessions

MOST: Final = 20
"""Requests of one session at one application that are looked at: the newest."""
KEPT: Final = 7 * 86_400
"""Seconds for which they are kept after they are over, for whoever looks at the list."""

_SESSION = select(sessions.c.revoked_at).where(sessions.c.nonce == bindparam("session")).with_for_update()
_ADD = insert(grants)
_FIND = select(grants).where(grants.c.id == bindparam("which"))
_OF = (
    select(grants)
    .where(grants.c.session_nonce == bindparam("session"), grants.c.application_id == bindparam("application"))
    .order_by(grants.c.asked_at.desc(), grants.c.id)
    .limit(MOST)
)
_ALL = select(grants).order_by(grants.c.asked_at.desc(), grants.c.id)
_ANSWER = (
    update(grants)
    .where(grants.c.id == bindparam("which"))
    .values(
        approvals=bindparam("new_approvals"), granted_at=bindparam("new_granted_at"), ends_at=bindparam("new_ends_at")
    )
)
_REVOKE = (
    update(grants)
    .where(grants.c.id == bindparam("which"), grants.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
)
_PRUNE = delete(grants).where(func.coalesce(grants.c.ends_at, grants.c.lapses_at) <= bindparam("before"))


class Grants:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, grant: Grant, insufficient: Collection[str] = ()) -> tuple[Grant, bool]:
        """Keep a new request, unless one of the same session for the same is pending or in force: then that one.

        Args:
            grant: the new one.
            insufficient: ids of those in force that are known not to be enough (any more).

        Returns:
            What is kept, and whether it is the new one. A request of a session that is revoked is kept as a revoked one.
        """
        return await self._database.write(lambda connection: _add(connection, grant, insufficient))

    async def find(self, grant_id: str) -> Grant | None:
        """The one with this id, whatever became of it."""
        values = {"which": grant_id}
        row = await self._database.read(lambda connection: connection.execute(_FIND, values).first())
        return None if row is None else _grant(row)

    async def of(self, session_nonce: str, application_id: str) -> tuple[Grant, ...]:
        """What one session asked for at one application, the newest first."""
        values = {"session": session_nonce, "application": application_id}
        rows = await self._database.read(lambda connection: connection.execute(_OF, values).all())
        return tuple(_grant(row) for row in rows)

    async def all(self) -> tuple[Grant, ...]:
        """Everything that is still kept, the newest first."""
        rows = await self._database.read(lambda connection: connection.execute(_ALL).all())
        return tuple(_grant(row) for row in rows)

    async def answer(self, grant_id: str, change: Callable[[Grant], Grant]) -> Grant | None:
        """Replace the approvals by what ``change`` makes of it; None: it is gone.

        Two approvers at the same moment take turns: each sees what the other one said. What ``change`` raises is raised
        here, and nothing is changed.
        """

        def answer(connection: Connection) -> Grant | None:
            row = connection.execute(_FIND.with_for_update(), {"which": grant_id}).first()
            if row is None:
                return None
            after = change(_grant(row))
            said = {
                "new_approvals": _approvals(after),
                "new_granted_at": after.granted_at,
                "new_ends_at": after.ends_at,
            }
            connection.execute(_ANSWER, {"which": grant_id, **said})
            return after

        return await self._database.write(answer)


def end(connection: Connection, grant_id: str, now: int) -> int:
    """End one grant with every token that rests on it. How many sessions still had access by it: one or none."""
    row = connection.execute(_FIND.with_for_update(), {"which": whose_grant(grant_id)}).first()
    if row is None:
        return 0
    connection.execute(_REVOKE, {"which": row.id, "now": now})
    rests_on_it = (
        app_tokens.c.session_nonce == row.session_nonce,
        app_tokens.c.application_id == row.application_id,
        app_tokens.c.policy_id == row.policy_id,
        app_tokens.c.revoked_at.is_(None),
    )
    live = select(func.count()).select_from(app_tokens).where(*rests_on_it, app_tokens.c.exp > now)
    had_access = bool(connection.execute(live).scalar_one())
    connection.execute(update(app_tokens).where(*rests_on_it).values(revoked_at=now))
    return int(had_access)


def prune(connection: Connection, now: int) -> None:
    """Drop what has been over for a week."""
    connection.execute(_PRUNE, {"before": now - KEPT})


def _add(connection: Connection, grant: Grant, insufficient: Collection[str]) -> tuple[Grant, bool]:
    # The session's row lock makes two clicks of one visitor take turns, and whoever revokes the session as well.
    session = connection.execute(_SESSION, {"session": grant.session_nonce}).first()
    revoked = session is None or session.revoked_at is not None
    values = {"session": grant.session_nonce, "application": grant.application_id}
    for row in connection.execute(_OF, values).all():
        known = _grant(row)
        state = known.state(grant.asked_at)
        enough = state is State.IN_FORCE and known.id not in insufficient
        if known.policy_id == grant.policy_id and (enough or state is State.PENDING):
            return known, False
    row_values = _row(grant) | {"revoked_at": grant.asked_at if revoked else None}
    connection.execute(_ADD, row_values)
    return _grant_of(row_values), True


def _row(grant: Grant) -> dict[str, Any]:
    return {
        "id": grant.id,
        "session_nonce": grant.session_nonce,
        "user_id": grant.user_id,
        "email": grant.email,
        "application_id": grant.application_id,
        "policy_id": grant.policy_id,
        "reason": grant.reason,
        "asked_at": grant.asked_at,
        "lapses_at": grant.lapses_at,
        "needs_approval": grant.needs_approval,
        "approvals": _approvals(grant),
        "granted_at": grant.granted_at,
        "ends_at": grant.ends_at,
        "revoked_at": grant.revoked_at,
    }


def _approvals(grant: Grant) -> str:
    return json.dumps([asdict(approval) for approval in grant.approvals])


def _grant(row: Row[Any]) -> Grant:
    return _grant_of(row._asdict())


def _grant_of(values: dict[str, Any]) -> Grant:
    approvals = tuple(Approval(**one) for one in json.loads(values["approvals"]))
    return Grant(**values | {"approvals": approvals, "needs_approval": bool(values["needs_approval"])})
