"""Stable ids for what the configuration declares by name, and since when an application's rules are what they are."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, insert, select, text

from doorward.store import revision
from doorward.store.database import Database
from doorward.store.schema import objects, rules

WITH_AUDIENCE: Final = frozenset({"application"})
"""The kinds whose objects have an audience tag."""

_OF_KIND = select(objects.c.name, objects.c.id, objects.c.aud).where(objects.c.kind == bindparam("kind_is"))
_CREATE = insert(objects)
_RULES = select(rules.c.fingerprint, rules.c.not_before).where(rules.c.application_id == bindparam("application"))
_REMEMBER = text(
    "INSERT INTO rules (application_id, fingerprint, not_before) VALUES (:application, :fingerprint, :not_before) "
    "ON CONFLICT (application_id) DO UPDATE SET fingerprint = excluded.fingerprint, not_before = excluded.not_before"
)


@dataclass(frozen=True, slots=True)
class ObjectId:
    """What a named object is called in the API and in tokens."""

    id: str
    """UUID."""
    aud: str | None = None
    """64 hex characters for applications."""


class Objects:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def identify(self, kind: str, names: Sequence[str]) -> Mapping[str, ObjectId]:
        """The id of each name, the same one forever; new names get theirs now."""
        found = await self._database.read(lambda connection: _of_kind(connection, kind))
        if any(name not in found for name in names):
            found = await self._database.write(lambda connection: _create(connection, kind, names))
        return {name: found[name] for name in names}

    async def known(self, kind: str) -> Mapping[str, ObjectId]:
        """Every name that has an id already, for whoever only wants to look."""
        return await self._database.read(lambda connection: _of_kind(connection, kind))

    async def not_before(self, application_id: str, fingerprint: str, now: int) -> int:
        """Since when this application's rules have this fingerprint; 0 as long as they never changed.

        Tokens issued before that time are judged again by the new rules (``Application.not_before``).
        """
        row = await self._database.read(lambda connection: _known(connection, application_id))
        if row is not None and row[0] == fingerprint:
            return row[1]
        return await self._database.write(lambda connection: _changed(connection, application_id, fingerprint, now))

    async def revoke_tokens(self, application_id: str, now: int) -> None:
        """Have every token of the application that was issued before ``now`` judged again (access.md 5.2, "App")."""

        def revoke_tokens(connection: Connection) -> None:
            revision.bump(connection)
            fingerprint, not_before = _known(connection, application_id) or ("", 0)
            _remember(connection, application_id, fingerprint, max(now, not_before))

        await self._database.write(revoke_tokens)


def _of_kind(connection: Connection, kind: str) -> dict[str, ObjectId]:
    rows = connection.execute(_OF_KIND, {"kind_is": kind})
    return {row.name: ObjectId(row.id, row.aud) for row in rows}


def _create(connection: Connection, kind: str, names: Sequence[str]) -> dict[str, ObjectId]:
    revision.bump(connection)  # first, for its lock
    found = _of_kind(connection, kind)
    for name in names:
        if name not in found:
            found[name] = ObjectId(str(uuid.uuid4()), secrets.token_hex(32) if kind in WITH_AUDIENCE else None)
            row = {"kind": kind, "name": name, "id": found[name].id, "aud": found[name].aud}
            connection.execute(_CREATE, row)
    return found


def _known(connection: Connection, application_id: str) -> tuple[str, int] | None:
    row = connection.execute(_RULES, {"application": application_id}).first()
    return None if row is None else (str(row.fingerprint), int(row.not_before))


def _changed(connection: Connection, application_id: str, fingerprint: str, now: int) -> int:
    revision.bump(connection)  # first, for its lock
    known = _known(connection, application_id)
    if known is None:
        not_before = 0
    elif known[0] == fingerprint:
        return known[1]
    else:
        not_before = max(now, known[1])  # a clock that was set back does not let old tokens in again
    _remember(connection, application_id, fingerprint, not_before)
    return not_before


def _remember(connection: Connection, application_id: str, fingerprint: str, not_before: int) -> None:
    values = {"application": application_id, "fingerprint": fingerprint, "not_before": not_before}
    connection.execute(_REMEMBER, values)
