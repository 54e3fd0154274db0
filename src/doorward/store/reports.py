"""What was reported about people, deliveries that were used, and the accesses that a report may end."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, select, text, update

from doorward.identity import canonical_email
from doorward.reports import SCORE, Delivery, Held, next_look
from doorward.sessions import Session
from doorward.store import revision
from doorward.store.database import Database
from doorward.store.schema import app_tokens, report_uses, reports, sessions, users
from doorward.store.sessions import session_of

_KEPT: Final = 31 * 86_400
"""Seconds for which a posture that is over is kept. Scores stay: forgetting one would make it ``unscored``."""
_AT_ONCE: Final = 200
"""People whose accesses are looked at in one go."""

_USE = text("INSERT INTO report_uses (jti_hash, exp) VALUES (:jti_hash, :exp) ON CONFLICT (jti_hash) DO NOTHING")
_PUT = text(
    "INSERT INTO reports (user_email, subject, value, source, reported_at, received_at, until, look_at) "
    "VALUES (:user_email, :subject, :value, :source, :reported_at, :received_at, :until, :received_at) "
    "ON CONFLICT (user_email, subject) DO UPDATE SET value = excluded.value, source = excluded.source, "
    "reported_at = excluded.reported_at, received_at = excluded.received_at, until = excluded.until, "
    "look_at = excluded.look_at "
    "WHERE excluded.reported_at >= reports.reported_at OR excluded.source <> reports.source"
)
_ABOUT = select(reports).where(reports.c.user_email == bindparam("user")).order_by(reports.c.subject)
_DUE = (
    select(reports.c.user_email)
    .where(reports.c.look_at <= bindparam("now"))
    .distinct()
    .order_by(reports.c.user_email)
    .limit(_AT_ONCE)
)
_ACCESSES = (
    select(app_tokens.c.nonce.label("token"), app_tokens.c.application_id, app_tokens.c.policy_id, sessions)
    .join(sessions, sessions.c.nonce == app_tokens.c.session_nonce)
    .join(users, users.c.id == sessions.c.user_id)
    .where(users.c.email == bindparam("user"), app_tokens.c.revoked_at.is_(None), app_tokens.c.exp > bindparam("now"))
    .order_by(app_tokens.c.iat, app_tokens.c.nonce)
)
_END = (
    update(app_tokens)
    .where(app_tokens.c.nonce == bindparam("token"), app_tokens.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
)
_LOOKED = (
    update(reports)
    .where(
        reports.c.user_email == bindparam("user"),
        reports.c.subject == bindparam("about"),
        reports.c.received_at == bindparam("received"),
        reports.c.until == bindparam("ends"),
        reports.c.value == bindparam("said"),
    )
    .values(look_at=bindparam("next"))
)
_LOOK_AGAIN = update(reports).values(look_at=bindparam("now"))
_PRUNE_USES = delete(report_uses).where(report_uses.c.exp <= bindparam("now"))
_PRUNE = delete(reports).where(
    reports.c.subject != SCORE, reports.c.until <= bindparam("before"), reports.c.look_at.is_(None)
)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What came of a delivery."""

    accepted: int
    stale: int
    """Reports that were older than what was known."""


@dataclass(frozen=True, slots=True)
class Access:
    """A token that lives, and the login it came from."""

    nonce: str
    """The token's."""
    application_id: str
    policy_id: str | None
    """The policy that granted it."""
    session: Session


class Reports:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def deliver(self, delivery: Delivery, now: int) -> Delivered | None:
        """Keep what a delivery says, once. None: it was delivered before."""
        use = {"jti_hash": _hash(delivery), "exp": delivery.exp}
        rows = [
            {
                "user_email": report.user, "subject": report.subject, "value": report.value, "source": delivery.source,
                "reported_at": delivery.iat, "received_at": now, "until": report.until,
            }
            for report in delivery.reports
        ]  # fmt: skip

        def deliver(connection: Connection) -> Delivered | None:
            if connection.execute(_USE, use).rowcount == 0:
                return None
            accepted = sum(connection.execute(_PUT, row).rowcount for row in rows)
            return Delivered(accepted, len(rows) - accepted)

        return await self._database.write(deliver)

    async def about(self, email: str) -> tuple[Held, ...]:
        """Everything that is known about one person, what is over too."""
        values = {"user": canonical_email(email)}
        rows = await self._database.read(lambda connection: connection.execute(_ABOUT, values).all())
        return tuple(map(_held, rows))

    async def due(self, now: int) -> tuple[str, ...]:
        """People about whom something changed that is not enforced yet."""
        rows = await self._database.read(lambda connection: connection.execute(_DUE, {"now": now}).scalars().all())
        return tuple(rows)

    async def accesses(self, email: str, now: int) -> tuple[Access, ...]:
        """The person's tokens that live."""
        values = {"user": email, "now": now}
        rows = await self._database.read(lambda connection: connection.execute(_ACCESSES, values).all())
        return tuple(Access(row.token, row.application_id, row.policy_id, session_of(row)) for row in rows)

    async def settle(self, looked: Sequence[Held], ended: Sequence[str], now: int) -> None:
        """End the tokens with these nonces; ``looked``: the reports that are enforced by that, as they were looked at."""
        rows: list[Mapping[str, Any]] = [
            {
                "user": held.user, "about": held.subject, "received": held.received_at, "ends": held.until,
                "said": held.value, "next": next_look(held, now),
            }
            for held in looked
        ]  # fmt: skip

        def settle(connection: Connection) -> None:
            if ended:
                revision.bump(connection)
                connection.execute(_END, [{"token": nonce, "now": now} for nonce in ended])
            if rows:
                connection.execute(_LOOKED, rows)

        await self._database.write(settle)

    async def look_again(self, now: int) -> None:
        """Everything has to be enforced once more: who may report what has changed."""

        def look_again(connection: Connection) -> None:
            connection.execute(_LOOK_AGAIN, {"now": now})

        await self._database.write(look_again)


def prune(connection: Connection, now: int) -> None:
    """Drop deliveries that could not be delivered again anyway, and postures that are long over."""
    connection.execute(_PRUNE_USES, {"now": now})
    connection.execute(_PRUNE, {"before": now - _KEPT})


def _hash(delivery: Delivery) -> str:
    return hashlib.sha256(f"{delivery.source}\0{delivery.jti}".encode()).hexdigest()


def _held(row: Row[Any]) -> Held:
    return Held(
        user=row.user_email,
        subject=row.subject,
        value=row.value,
        source=row.source,
        reported_at=row.reported_at,
        received_at=row.received_at,
        until=row.until,
    )
