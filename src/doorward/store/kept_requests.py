"""Forms that wait for a login to end: encrypted, for minutes, for the browser that sent them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from doorward.resumption import Field, Form, KeptRequest
from doorward.signin import secret_hash
from doorward.store.cipher import Cipher
from doorward.store.database import Database
from doorward.store.schema import kept_requests

_SPACE: Final = select(func.coalesce(func.sum(kept_requests.c.size), 0)).where(
    kept_requests.c.expires_at > bindparam("now")
)
_OF_CLIENT: Final = _SPACE.where(kept_requests.c.client == bindparam("client"))
_OF_STRANGERS: Final = _SPACE.where(kept_requests.c.former_user == "")
_ADD = insert(kept_requests)
_THIS = kept_requests.c.id_hash == bindparam("id_hash_is")
_FIND = select(kept_requests).where(_THIS)
_ADMIT = (
    update(kept_requests)
    .where(_THIS, kept_requests.c.browser_hash == bindparam("browser"), kept_requests.c.expires_at > bindparam("now"))
    .values(session_nonce=bindparam("session"))
)
_TAKE = delete(kept_requests).where(_THIS).returning(kept_requests.c.expires_at)
_PRUNE = delete(kept_requests).where(kept_requests.c.expires_at <= bindparam("now"))


@dataclass(frozen=True, slots=True)
class Space:
    """Bytes, encrypted, that may be kept at one time."""

    of_client: int
    in_all: int
    reserved: int = 0
    """Of all, the part that strangers cannot fill: for those whose expired token names them."""


class KeptRequests:
    def __init__(self, database: Database, cipher: Cipher) -> None:
        self._database = database
        self._cipher = cipher

    async def keep(self, kept: KeptRequest, space: Space) -> bool:
        """Keep a request; of its id only the hash. False: there is no room for it, and nothing was kept."""
        sealed = self._cipher.seal(_written(kept))
        row = {
            "id_hash": secret_hash(kept.id),
            "aud": kept.aud,
            "hostname": kept.hostname,
            "browser_hash": kept.browser_hash,
            "former_user": kept.former_user,
            "client": kept.client,
            "size": len(sealed),
            "sealed": sealed,
            "session_nonce": kept.session_nonce,
            "created_at": kept.created_at,
            "expires_at": kept.expires_at,
        }

        def keep(connection: Connection) -> bool:
            values = {"now": kept.created_at, "client": kept.client}
            own = int(connection.execute(_OF_CLIENT, values).scalar_one())
            every = int(connection.execute(_SPACE, {"now": kept.created_at}).scalar_one())
            if own + len(sealed) > space.of_client or every + len(sealed) > space.in_all:
                return False
            if not kept.former_user:
                strangers = int(connection.execute(_OF_STRANGERS, {"now": kept.created_at}).scalar_one())
                if strangers + len(sealed) > space.in_all - space.reserved:
                    return False
            connection.execute(_ADD, row)
            return True

        return await self._database.write(keep)

    async def find(self, request_id: str, now: int) -> KeptRequest | None:
        """Look at it; None: unknown, sent already, or expired."""
        values = {"id_hash_is": secret_hash(request_id)}
        row = await self._database.read(lambda connection: connection.execute(_FIND, values).first())
        return None if row is None or row.expires_at <= now else self._kept(request_id, row)

    async def admit(self, request_id: str, browser_hash: str, session_nonce: str, now: int) -> bool:
        """Remember the session that a login for this request led to, in the browser that sent it. Whether it was there."""
        values = {"id_hash_is": secret_hash(request_id), "browser": browser_hash, "session": session_nonce, "now": now}
        return await self._database.write(lambda connection: connection.execute(_ADMIT, values).rowcount) == 1

    async def take(self, request_id: str, now: int) -> bool:
        """Use it up. One caller may send it, once."""
        values = {"id_hash_is": secret_hash(request_id)}
        row = await self._database.write(lambda connection: connection.execute(_TAKE, values).first())
        return row is not None and row.expires_at > now

    def _kept(self, request_id: str, row: Row[Any]) -> KeptRequest:
        target, kind, fields = json.loads(self._cipher.open(row.sealed))
        return KeptRequest(
            id=request_id,
            aud=row.aud,
            hostname=row.hostname,
            target=target,
            form=Form(kind, tuple(Field(name, value, file) for name, value, file in fields)),
            browser_hash=row.browser_hash,
            former_user=row.former_user,
            client=row.client,
            created_at=row.created_at,
            expires_at=row.expires_at,
            session_nonce=row.session_nonce,
        )


def prune(connection: Connection, now: int) -> None:
    """Drop what nobody sent in time."""
    connection.execute(_PRUNE, {"now": now})


def _written(kept: KeptRequest) -> bytes:
    fields = [[field.name, field.value, field.file] for field in kept.form.fields]
    return json.dumps([kept.target, kept.form.type, fields]).encode()
