"""Users and groups as identity providers tell of them (SCIM). Nobody gets in by being here; somebody may be kept out."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, exists, insert, select, update

from doorward.store.database import Database
from doorward.store.schema import directory

USER: Final = "User"
GROUP: Final = "Group"
_DELETED: Final = "Deleted"
"""Kind of what stays of a deleted user: the name, which gets no session by this provider until it is created again."""

_KEY = (
    directory.c.idp_id == bindparam("of"),
    directory.c.kind == bindparam("what"),
    directory.c.id == bindparam("which"),
)
_FIND = select(directory).where(*_KEY)
_ALL = (
    select(directory)
    .where(directory.c.idp_id == bindparam("of"), directory.c.kind == bindparam("what"))
    .order_by(directory.c.created_at, directory.c.id)
)
_NAMED = _ALL.where(directory.c.unique_name == bindparam("name"))
_TAKEN = select(
    exists().where(
        directory.c.idp_id == bindparam("of"),
        directory.c.kind == bindparam("what"),
        directory.c.unique_name == bindparam("name"),
        directory.c.id != bindparam("which"),
    )
)
_ADD = insert(directory)
_REMOVE = delete(directory).where(*_KEY)
_REVIVE = delete(directory).where(
    directory.c.idp_id == bindparam("of"),
    directory.c.kind == _DELETED,
    directory.c.unique_name == bindparam("name"),
)
_SWITCHED_OFF = select(
    exists().where(
        directory.c.idp_id == bindparam("of"),
        directory.c.kind.in_([USER, _DELETED]),
        directory.c.unique_name == bindparam("name"),
        directory.c.active.is_(False),
    )
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One user or group of one identity provider."""

    idp_id: str
    kind: str
    id: str
    unique_name: str | None
    """Of users: the canonical user name, which no other user of the provider has."""
    active: bool
    version: int
    created_at: int
    modified_at: int
    """Unix seconds, both."""
    document: str
    """JSON, as SCIM has it."""


class Written(StrEnum):
    """What became of a change."""

    DONE = "done"
    GONE = "gone"
    """There is no such entry (any more)."""
    CHANGED = "changed"
    """It has another version than the caller saw."""
    TAKEN = "taken"
    """The name belongs to another."""


class Directory:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, idp_id: str, kind: str, entry_id: str) -> Entry | None:
        """The one with this id."""
        values = {"of": idp_id, "what": kind, "which": entry_id}
        row = await self._database.read(lambda connection: connection.execute(_FIND, values).first())
        return None if row is None else _entry(row)

    async def all(self, idp_id: str, kind: str) -> tuple[Entry, ...]:
        """Every one of this kind, oldest first."""
        values = {"of": idp_id, "what": kind}
        rows = await self._database.read(lambda connection: connection.execute(_ALL, values).all())
        return tuple(map(_entry, rows))

    async def named(self, idp_id: str, kind: str, name: str) -> tuple[Entry, ...]:
        """The one with this unique name, or none."""
        values = {"of": idp_id, "what": kind, "name": name}
        rows = await self._database.read(lambda connection: connection.execute(_NAMED, values).all())
        return tuple(map(_entry, rows))

    async def switched_off(self, idp_id: str, name: str) -> bool:
        """True if the provider has told that the user of this canonical name is not active, or has deleted them."""
        values = {"of": idp_id, "name": name}
        return bool(await self._database.read(lambda connection: connection.execute(_SWITCHED_OFF, values).scalar()))

    async def add(self, entry: Entry) -> Written:
        """Keep a new one: DONE or TAKEN."""

        def add(connection: Connection) -> Written:
            if _taken(connection, entry):
                return Written.TAKEN
            _revive(connection, entry)
            connection.execute(_ADD, asdict(entry))
            return Written.DONE

        return await self._database.write(add)

    async def replace(self, entry: Entry, expected: int | None) -> Written:
        """Put ``entry`` in the place of the one with its id; ``expected``: the version that has to be there."""

        def replace(connection: Connection) -> Written:
            there = _there(connection, entry.idp_id, entry.kind, entry.id, expected)
            if there is not Written.DONE:
                return there
            if _taken(connection, entry):
                return Written.TAKEN
            _revive(connection, entry)
            key = {"of": entry.idp_id, "what": entry.kind, "which": entry.id}
            connection.execute(update(directory).where(*_KEY).values(asdict(entry)), key)
            return Written.DONE

        return await self._database.write(replace)

    async def remove(self, idp_id: str, kind: str, entry_id: str, expected: int | None) -> Written:
        """Forget one: DONE, GONE or CHANGED. Of a user the name stays, for :meth:`switched_off`."""

        def remove(connection: Connection) -> Written:
            there = _there(connection, idp_id, kind, entry_id, expected)
            if there is Written.DONE:
                row = connection.execute(_FIND, {"of": idp_id, "what": kind, "which": entry_id}).one()
                connection.execute(_REMOVE, {"of": idp_id, "what": kind, "which": entry_id})
                if kind == USER and row.unique_name:
                    _bury(connection, _entry(row))
            return there

        return await self._database.write(remove)


def _there(connection: Connection, idp_id: str, kind: str, entry_id: str, expected: int | None) -> Written:
    values = {"of": idp_id, "what": kind, "which": entry_id}
    row = connection.execute(_FIND.with_for_update(), values).first()
    if row is None:
        return Written.GONE
    return Written.DONE if expected is None or row.version == expected else Written.CHANGED


def _bury(connection: Connection, user: Entry) -> None:
    _revive(connection, user)
    connection.execute(_ADD, asdict(replace(user, kind=_DELETED, active=False, document="{}")))


def _revive(connection: Connection, entry: Entry) -> None:
    if entry.kind == USER and entry.unique_name:
        connection.execute(_REVIVE, {"of": entry.idp_id, "name": entry.unique_name})


def _taken(connection: Connection, entry: Entry) -> bool:
    if entry.unique_name is None:
        return False
    values = {"of": entry.idp_id, "what": entry.kind, "name": entry.unique_name, "which": entry.id}
    return bool(connection.execute(_TAKEN, values).scalar())


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        idp_id=row.idp_id,
        kind=row.kind,
        id=row.id,
        unique_name=row.unique_name,
        active=bool(row.active),
        version=int(row.version),
        created_at=int(row.created_at),
        modified_at=int(row.modified_at),
        document=row.document,
    )
