"""Signing keys: encrypted at rest, made and rotated here by the plan of ``tokens.keys`` (access.md 2.7)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from doorward.errors import StoreError
from doorward.store import revision
from doorward.store.cipher import Cipher
from doorward.store.database import Database
from doorward.store.schema import signing_keys
from doorward.tokens.keys import KEY_SIZE, PUBLIC_EXPONENT, KeyRing, Plan, SigningKey, issue, plan

_ALL = select(signing_keys).order_by(signing_keys.c.active_from, signing_keys.c.kid)
_ADD = insert(signing_keys)
_THIS = signing_keys.c.kid == bindparam("kid_is")
_DROP = delete(signing_keys).where(_THIS)
_RETIMED = (
    update(signing_keys).where(_THIS).values(active_from=bindparam("active_from"), retired_at=bindparam("retired_at"))
)
_RESEALED = update(signing_keys).where(_THIS).values(sealed=bindparam("sealed"))
_SEALED = select(signing_keys.c.kid, signing_keys.c.sealed)


def generate_signing_key(active_from: int, auth_domain: str) -> SigningKey:
    """A new RSA-2048 key with its self-signed certificate, which names the team domain. Takes a tenth of a second."""
    private_key = rsa.generate_private_key(public_exponent=PUBLIC_EXPONENT, key_size=KEY_SIZE)
    return issue(private_key, auth_domain, active_from)


class SigningKeys:
    def __init__(self, database: Database, cipher: Cipher) -> None:
        self._database = database
        self._cipher = cipher
        self._opened: dict[
            str, rsa.RSAPrivateKey
        ] = {}  # reading and checking a key takes a while, and it never changes

    async def ring(self) -> KeyRing:
        """Every key that is kept.

        Raises:
            StoreError: a key cannot be decrypted, or is damaged.
        """
        rows = await self._database.read(lambda connection: connection.execute(_ALL).all())
        ring = await asyncio.to_thread(self._ring, rows)
        self._opened = {key.kid: key.private_key for key in ring.keys}
        return ring

    async def add(self, key: SigningKey) -> None:
        """Keep a key."""
        row = self._row(key)

        def add(connection: Connection) -> None:
            revision.bump(connection)
            connection.execute(_ADD, row)

        await self._database.write(add)

    async def retire(self, kid: str, at: int) -> None:
        """Say when a key stopped signing; it verifies on for the overlap."""

        def retire(connection: Connection) -> None:
            revision.bump(connection)
            for row in connection.execute(_ALL).all():
                if row.kid == kid:
                    _retime(connection, kid, row.active_from, at)

        await self._database.write(retire)

    async def drop(self, kid: str) -> None:
        """Forget a key: nothing it signed verifies any more, at once. The answer to a key that got out."""

        def drop(connection: Connection) -> None:
            revision.bump(connection)
            connection.execute(_DROP, {"kid_is": kid})

        await self._database.write(drop)

    async def ensure(self, now: int, auth_domain: str) -> KeyRing:
        """Do what rotation needs at ``now``: the first key, the next one in advance, none whose time is over.

        Cheap when nothing is due. Several processes may call it at once: one acts, the others find it done.
        """
        ring = await self.ring()
        while (due := plan(ring, now)) != Plan():
            fresh = await self._fresh(due.create_next_at, auth_domain)
            await self._database.write(lambda connection, fresh=fresh: self._turn(connection, fresh, now))  # type: ignore[misc]
            ring = await self.ring()
        return ring

    async def rotate(self, now: int, auth_domain: str) -> KeyRing:
        """Have another key sign from ``now`` on: the next one, or a new one when none is waiting.

        A waiting key has been published since it was made, so verifiers know it. A new one signs at once, before any
        cached key set has it: verifiers that fetch the key set again on an unknown ``kid`` (all common ones) go on;
        one that only fetches by the clock refuses its tokens until it has fetched. The old key verifies on for the overlap; if it
        got out, :meth:`drop` it too.
        """
        fresh = await self._fresh(now, auth_domain)

        def rotate(connection: Connection) -> None:
            revision.bump(connection)  # first, for its lock
            rows = connection.execute(_ALL).all()
            waiting = [row for row in rows if row.active_from > now and row.retired_at is None]
            for row in rows:
                if row.active_from <= now and (row.retired_at is None or row.retired_at > now):
                    _retime(connection, row.kid, row.active_from, now)
            if waiting:
                _retime(connection, waiting[0].kid, now, None)
            elif fresh is not None:
                connection.execute(_ADD, self._row(fresh))

        await self._database.write(rotate)
        return await self.ring()

    async def _fresh(self, active_from: int | None, auth_domain: str) -> SigningKey | None:
        """A key made outside of any transaction, for it takes long."""
        if active_from is None:
            return None
        return await asyncio.to_thread(generate_signing_key, active_from, auth_domain)

    def _turn(self, connection: Connection, fresh: SigningKey | None, now: int) -> None:
        """Plan again inside the transaction, where nobody else can act, and do that."""
        revision.bump(connection)  # first, for its lock
        due = plan(self._ring(connection.execute(_ALL).all()), now)
        for kid in due.drop:
            connection.execute(_DROP, {"kid_is": kid})
        if due.create_next_at is not None and fresh is not None:
            connection.execute(_ADD, self._row(replace(fresh, active_from=due.create_next_at)))

    def _ring(self, rows: Any) -> KeyRing:
        return KeyRing(tuple(self._key(row) for row in rows))

    def _key(self, row: Row[Any]) -> SigningKey:
        private_key = self._opened.get(row.kid) or private_key_of(self._cipher.open(row.sealed), row.kid)
        try:
            return SigningKey(row.kid, private_key, row.certificate, row.active_from, row.retired_at)
        except ValueError as error:
            raise StoreError(f"The signing key {row.kid[:12]}… in the database is damaged: {error}") from error

    def _row(self, key: SigningKey) -> dict[str, object]:
        secret = key.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return {
            "kid": key.kid,
            "sealed": self._cipher.seal(secret),
            "certificate": key.certificate,
            "active_from": key.active_from,
            "retired_at": key.retired_at,
        }


def reseal(connection: Connection, cipher: Cipher) -> None:
    """Encrypt again, under the cipher's first key, every signing key that is under an older one."""
    for kid, sealed in connection.execute(_SEALED).all():
        if not cipher.is_current(sealed):
            connection.execute(_RESEALED, {"kid_is": kid, "sealed": cipher.seal(cipher.open(sealed))})


def _retime(connection: Connection, kid: str, active_from: int, retired_at: int | None) -> None:
    connection.execute(_RETIMED, {"kid_is": kid, "active_from": active_from, "retired_at": retired_at})


def private_key_of(secret: bytes, kid: str) -> rsa.RSAPrivateKey:
    """The key out of its PKCS #8 bytes. Raises ``StoreError`` when they are damaged."""
    try:
        key = load_der_private_key(secret, password=None)
    except ValueError as error:
        raise StoreError(f"The signing key {kid[:12]}… in the database is damaged; drop it and rotate") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise StoreError(f"The signing key {kid[:12]}… in the database is not an RSA key; drop it and rotate")
    return key
