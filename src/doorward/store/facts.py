"""Values that are written once: whoever comes first decides."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select, text, update

from doorward.store.schema import facts

_OFFER = text("INSERT INTO facts (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING")
_READ = select(facts.c.value).where(facts.c.name == bindparam("name_is"))
_REPLACE = update(facts).where(facts.c.name == bindparam("name_is")).values(value=bindparam("new_value"))


def once(connection: Connection, name: str, value: str) -> str:
    """The value under this name, which becomes ``value`` if there is none."""
    connection.execute(_OFFER, {"name": name, "value": value})
    return str(connection.execute(_READ, {"name_is": name}).scalar_one())


def replace(connection: Connection, name: str, value: str) -> None:
    """Write another value under a name that has one."""
    connection.execute(_REPLACE, {"name_is": name, "new_value": value})
