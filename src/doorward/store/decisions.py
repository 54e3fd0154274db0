"""The record of decisions: what ``doorward explain <reference>`` reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select

from doorward.access.record import DecisionRecord
from doorward.store.database import Database
from doorward.store.schema import decisions

RETENTION: Final = 90 * 86_400
"""Seconds a record is kept."""
MOST: Final = 1_000_000
"""Records kept at most, and as many again about people who were known: strangers cause records, so their number has a
bound that no flood passes for long, and what they cause pushes out nothing about anybody who signed in."""

REFERENCE_DIGITS: Final = 16

_JSON: Final = ("evidence", "trace")
_NAMES: Final = tuple(field.name for field in fields(DecisionRecord))
_COLUMNS = [decisions.c[name] for name in _NAMES]

_APPEND = insert(decisions)
_FIND = (
    select(*_COLUMNS).where(decisions.c.reference == bindparam("reference_is")).order_by(decisions.c.id.desc()).limit(1)
)
_RECENT = select(*_COLUMNS).order_by(decisions.c.id.desc()).limit(bindparam("most"))
_SINCE = select(func.count()).select_from(decisions).where(decisions.c.at >= bindparam("since"))
_PAGE = (
    select(decisions.c.id, *_COLUMNS)
    .where(decisions.c.id > bindparam("after"), decisions.c.at >= bindparam("since"))
    .order_by(decisions.c.id)
    .limit(bindparam("most"))
)
_PRUNE_OLD = delete(decisions).where(decisions.c.at <= bindparam("before"))
_NEWEST = select(func.max(decisions.c.id))
_PRUNE_STRANGERS = delete(decisions).where(decisions.c.id <= bindparam("surplus"), decisions.c.user_id == "")
_ONE_TOO_MANY = (
    select(decisions.c.id)
    .where(decisions.c.user_id != "")
    .order_by(decisions.c.id.desc())
    .offset(bindparam("most"))
    .limit(1)
)
_PRUNE_KNOWN = delete(decisions).where(decisions.c.id <= bindparam("surplus"), decisions.c.user_id != "")


class Decisions:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, records: Sequence[DecisionRecord]) -> None:
        """Keep records, all of them in one transaction."""
        rows = [_row(record) for record in records]

        def append(connection: Connection) -> None:
            if rows:
                connection.execute(_APPEND, rows)

        await self._database.write(append)

    async def find(self, reference: str) -> DecisionRecord | None:
        """The newest record under this reference, or under the request id it comes from.

        Letter case, hyphens and spaces around it do not matter.
        """
        values = {"reference_is": reference.strip().lower().replace("-", "")[:REFERENCE_DIGITS]}
        row = await self._database.read(lambda connection: connection.execute(_FIND, values).first())
        return None if row is None else _record(row)

    async def recent(self, limit: int) -> tuple[DecisionRecord, ...]:
        """The newest records, newest first."""
        rows = await self._database.read(lambda connection: connection.execute(_RECENT, {"most": limit}).all())
        return tuple(_record(row) for row in rows)

    async def count(self, since: int) -> int:
        """How many records there are of decisions made at ``since`` or later."""
        return await self._database.read(lambda connection: connection.execute(_SINCE, {"since": since}).scalar_one())

    async def page(self, since: int, after: int, most: int) -> tuple[int, tuple[DecisionRecord, ...]]:
        """The next records, oldest first, and what to go on ``after``; begin with 0. Empty: there are no more."""
        values = {"since": since, "after": after, "most": most}
        rows = await self._database.read(lambda connection: connection.execute(_PAGE, values).all())
        return (rows[-1][0] if rows else after), tuple(_record(row[1:]) for row in rows)


def prune(connection: Connection, now: int, most: int = MOST) -> None:
    """Drop what is older than the retention, and the oldest of too many."""
    connection.execute(_PRUNE_OLD, {"before": now - RETENTION})
    newest = connection.execute(_NEWEST).scalar_one()
    if newest is None or newest <= most:
        return
    connection.execute(_PRUNE_STRANGERS, {"surplus": newest - most})
    if (surplus := connection.execute(_ONE_TOO_MANY, {"most": most}).scalar_one_or_none()) is not None:
        connection.execute(_PRUNE_KNOWN, {"surplus": surplus})


def _row(record: DecisionRecord) -> dict[str, object]:
    row = {name: getattr(record, name) for name in _NAMES}
    return row | {name: json.dumps(row[name], separators=(",", ":")) for name in _JSON}


def _record(row: Row[Any] | tuple[Any, ...]) -> DecisionRecord:
    values = dict(zip(_NAMES, row, strict=True))
    return DecisionRecord(**(values | {name: json.loads(values[name]) for name in _JSON}))
