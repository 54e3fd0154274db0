"""Service tokens, and the app tokens they earned (access.md 3.4)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, insert, or_, select, text, update

from doorward.access.revocation import whose_service_token
from doorward.service_tokens import Authenticated, Changes, Declared, ServiceToken, reconcile
from doorward.store import revision
from doorward.store.database import Database
from doorward.store.schema import app_tokens, objects, service_tokens

KIND: Final = "service_token"
"""Under which ``objects`` keeps the id of a name, so that policies in the file can name a token before it is made."""

_ALL = select(service_tokens).order_by(service_tokens.c.name)
_BY_CLIENT = select(service_tokens).where(service_tokens.c.client_id == bindparam("client"))
_BY_ID = select(service_tokens).where(service_tokens.c.id == bindparam("token"))
_NAMED = select(service_tokens).where(
    or_(service_tokens.c.id == bindparam("reference"), service_tokens.c.name == bindparam("reference"))
)
_WRITE = text(
    "INSERT INTO service_tokens (id, name, client_id, secret_hash, duration, created_at, updated_at, expires_at, "
    "enabled, client_secret_version, previous_secret_hash, previous_expires_at, declared) VALUES (:id, :name, "
    ":client_id, :secret_hash, :duration, :created_at, :updated_at, :expires_at, :enabled, :client_secret_version, "
    ":previous_secret_hash, :previous_expires_at, :declared) ON CONFLICT (id) DO UPDATE SET name = excluded.name, "
    "client_id = excluded.client_id, secret_hash = excluded.secret_hash, duration = excluded.duration, "
    "updated_at = excluded.updated_at, expires_at = excluded.expires_at, enabled = excluded.enabled, "
    "client_secret_version = excluded.client_secret_version, previous_secret_hash = excluded.previous_secret_hash, "
    "previous_expires_at = excluded.previous_expires_at, declared = excluded.declared"
)
_DELETE = delete(service_tokens).where(service_tokens.c.id == bindparam("token"))
_OFFER_ID = text("INSERT INTO objects (kind, name, id) VALUES (:kind, :name, :id) ON CONFLICT (kind, name) DO NOTHING")
_ID_OF = select(objects.c.id).where(objects.c.kind == KIND, objects.c.name == bindparam("name_is"))
_FORGET_ID = delete(objects).where(objects.c.kind == KIND, objects.c.id == bindparam("token"))
_EARNED = (
    select(service_tokens, app_tokens.c.client_secret_version.label("version"))
    .join(app_tokens, app_tokens.c.service_token_id == service_tokens.c.id)
    .where(app_tokens.c.nonce == bindparam("nonce"), app_tokens.c.revoked_at.is_(None))
)
_RECORD = insert(app_tokens)
_LIVE_OF = select(app_tokens.c.nonce, app_tokens.c.client_secret_version).where(
    app_tokens.c.service_token_id == bindparam("token"),
    app_tokens.c.revoked_at.is_(None),
    app_tokens.c.exp > bindparam("now"),
)
_REVOKE = update(app_tokens).where(app_tokens.c.nonce == bindparam("revoked")).values(revoked_at=bindparam("now"))


@dataclass(frozen=True, slots=True)
class Changed:
    """A token after a change, and how many app tokens ended by it."""

    token: ServiceToken
    ended: int


class ServiceTokens:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> tuple[ServiceToken, ...]:
        """Every token, by name."""
        rows = await self._database.read(lambda connection: connection.execute(_ALL).all())
        return tuple(_token(row) for row in rows)

    async def find(self, client_id: str) -> ServiceToken | None:
        """The token with this client id."""
        row = await self._database.read(
            lambda connection: connection.execute(_BY_CLIENT, {"client": client_id}).first()
        )
        return None if row is None else _token(row)

    async def named(self, reference: str) -> ServiceToken | None:
        """The token with this id or name."""
        row = await self._database.read(lambda connection: connection.execute(_NAMED, {"reference": reference}).first())
        return None if row is None else _token(row)

    async def create(self, token: ServiceToken, *, keep_id: bool = False) -> ServiceToken | None:
        """Keep a new token under the id that belongs to its name; None: the name or the client id is taken.

        ``keep_id``: under its own id (the file gives it one).
        """

        def create(connection: Connection) -> ServiceToken | None:
            revision.bump(connection)  # first, for its lock
            kept = [_token(row) for row in connection.execute(_ALL)]
            if any(token.name == other.name or token.client_id == other.client_id for other in kept):
                return None
            made = token if keep_id else replace(token, id=_id_of(connection, token.name))
            connection.execute(_WRITE, _row(made))
            return made

        return await self._database.write(create)

    async def change(self, token_id: str, what: Callable[[ServiceToken], ServiceToken], now: int) -> Changed | None:
        """Replace a token by ``what`` (a pure function) makes of it, and end the app tokens that it no longer stands for.

        None: there is no such token.
        """

        def change(connection: Connection) -> Changed | None:
            revision.bump(connection)  # first, for its lock
            row = connection.execute(_BY_ID, {"token": token_id}).first()
            if row is None:
                return None
            after = what(_token(row))
            connection.execute(_WRITE, _row(after))
            return Changed(after, _end_app_tokens(connection, after, now))

        return await self._database.write(change)

    async def declare(self, declared: Sequence[Declared], now: int) -> None:
        """Make what is kept agree with the configuration file.

        Raises:
            ConfigurationError: two tokens would have the same name or client id.
        """
        kept = {token.id: token for token in await self.all()}
        if not reconcile(kept, declared, now):
            return

        def declare(connection: Connection) -> None:
            revision.bump(connection)  # first, for its lock
            present = [_token(row) for row in connection.execute(_ALL)]
            _apply(connection, reconcile({token.id: token for token in present}, declared, now), now)

        await self._database.write(declare)

    async def record(
        self, nonce: str, application_id: str, earned_by: Authenticated, iat: int, exp: int, policy_id: str = ""
    ) -> bool:
        """Remember an app token before it is handed out; False: its service token ended meanwhile, do not hand it out."""
        row = {
            "nonce": nonce, "session_nonce": "", "application_id": application_id, "iat": iat, "exp": exp,
            "revoked_at": None, "service_token_id": earned_by.token.id, "client_secret_version": earned_by.version,
            "policy_id": policy_id or None,
        }  # fmt: skip

        def record(connection: Connection) -> bool:
            found = connection.execute(_BY_ID.with_for_update(read=True), {"token": earned_by.token.id}).first()
            if found is None or not _token(found).accepts(earned_by.version, iat):
                return False
            connection.execute(_RECORD, row)
            return True

        return await self._database.write(record)

    async def earned(self, nonce: str) -> Authenticated | None:
        """What earned the app token with this nonce, as it is now; None: no service token did, or it was revoked."""
        row = await self._database.read(lambda connection: connection.execute(_EARNED, {"nonce": nonce}).first())
        return None if row is None else Authenticated(_token(row), row.version)


def _apply(connection: Connection, changes: Changes, now: int) -> None:
    for token_id in changes.deleted:
        _end_app_tokens(connection, token_id, now)
        _delete(connection, token_id)
    for token in changes.written:
        connection.execute(_WRITE, _row(token))
        _end_app_tokens(connection, token, now)


def end(connection: Connection, target: str, now: int) -> int:
    """Delete the token that ``target`` (:func:`~doorward.access.revocation.service_token_target`) names, and end what it earned.

    How many app tokens those were. A token made later under the same name has another id: rules that name the old one
    do not mean it.
    """
    token_id = whose_service_token(target)
    ended = _end_app_tokens(connection, token_id, now)
    _delete(connection, token_id)
    return ended


def _delete(connection: Connection, token_id: str) -> None:
    connection.execute(_FORGET_ID, {"token": token_id})
    connection.execute(_DELETE, {"token": token_id})


def _end_app_tokens(connection: Connection, token: ServiceToken | str, now: int) -> int:
    """Revoke what was earned with secrets that are no longer accepted; by id: everything that the token earned."""
    token_id = token if isinstance(token, str) else token.id
    live = connection.execute(_LIVE_OF, {"token": token_id, "now": now}).all()
    over = [nonce for nonce, version in live if isinstance(token, str) or not token.accepts(version, now)]
    if over:
        connection.execute(_REVOKE, [{"revoked": nonce, "now": now} for nonce in over])
    return len(over)


def _id_of(connection: Connection, name: str) -> str:
    connection.execute(_OFFER_ID, {"kind": KIND, "name": name, "id": str(uuid.uuid4())})
    return str(connection.execute(_ID_OF, {"name_is": name}).scalar_one())


def _row(token: ServiceToken) -> dict[str, object]:
    duration = None if token.duration is None else int(token.duration.total_seconds())
    return {
        "id": token.id,
        "name": token.name,
        "client_id": token.client_id,
        "secret_hash": token.secret_hash,
        "duration": duration,
        "created_at": token.created_at,
        "updated_at": token.updated_at,
        "expires_at": token.expires_at,
        "enabled": token.enabled,
        "client_secret_version": token.client_secret_version,
        "previous_secret_hash": token.previous_secret_hash,
        "previous_expires_at": token.previous_expires_at,
        "declared": token.declared,
    }


def _token(row: Row[Any]) -> ServiceToken:
    return ServiceToken(
        id=row.id,
        name=row.name,
        client_id=row.client_id,
        secret_hash=row.secret_hash,
        duration=None if row.duration is None else timedelta(seconds=row.duration),
        created_at=row.created_at,
        updated_at=row.updated_at,
        expires_at=row.expires_at,
        enabled=bool(row.enabled),
        client_secret_version=row.client_secret_version,
        previous_secret_hash=row.previous_secret_hash,
        previous_expires_at=row.previous_expires_at,
        declared=bool(row.declared),
    )
