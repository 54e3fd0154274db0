"""What the SAML service provider remembers: its keys, answers on their way through the browser, assertions already used."""

from __future__ import annotations

import asyncio
from typing import Any, Final, Literal

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, text, update

from doorward.errors import StoreError
from doorward.saml_keys import Due, SamlKeys, Use, due
from doorward.signin import secret_hash
from doorward.store import revision
from doorward.store.cipher import Cipher
from doorward.store.database import Database
from doorward.store.kept_requests import Space
from doorward.store.schema import saml_answers, saml_assertions, saml_keys
from doorward.store.signing_keys import generate_signing_key, private_key_of
from doorward.tokens.keys import SigningKey

_NAMES: Final[dict[Use, str]] = {"signing": "Doorward SAML signing", "encryption": "Doorward SAML encryption"}
_KEYS = select(saml_keys).order_by(saml_keys.c.active_from, saml_keys.c.kid)
_ADD_KEY = insert(saml_keys)
_THIS_KEY = saml_keys.c.kid == bindparam("kid_is")
_DROP_KEY = delete(saml_keys).where(_THIS_KEY)
_RESEALED = update(saml_keys).where(_THIS_KEY).values(sealed=bindparam("sealed"))
_KEEP = text(
    "INSERT INTO saml_answers (state_hash, response, client, size, expires_at) "
    "SELECT state_hash, :response, :client, CAST(:size AS BIGINT), "
    "CASE WHEN expires_at < :until THEN expires_at ELSE :until END "
    "FROM attempts WHERE state_hash = :state_hash AND expires_at > :now "
    "ON CONFLICT (state_hash) DO NOTHING"
)
_SPACE: Final = select(func.coalesce(func.sum(saml_answers.c.size), 0)).where(
    saml_answers.c.expires_at > bindparam("now")
)
_OF_CLIENT: Final = _SPACE.where(saml_answers.c.client == bindparam("client"))
_TAKE = (
    delete(saml_answers)
    .where(saml_answers.c.state_hash == bindparam("state_hash_is"))
    .returning(saml_answers.c.response, saml_answers.c.expires_at)
)
_USE = text(
    "INSERT INTO saml_assertions (idp_id, assertion_hash, expires_at) VALUES (:idp_id, :assertion_hash, :expires_at) "
    "ON CONFLICT (idp_id, assertion_hash) DO NOTHING"
)
_PRUNE_ANSWERS = delete(saml_answers).where(saml_answers.c.expires_at <= bindparam("now"))
_PRUNE_ASSERTIONS = delete(saml_assertions).where(saml_assertions.c.expires_at <= bindparam("now"))


KEPT_FOR: Final = 600
"""Seconds that an answer waits for its browser, which comes by itself and at once."""

Keeping = Literal["kept", "not_awaited", "client_full", "full"]
"""What became of an answer: there may be no login that waits for it, or no room, for this client or for anybody."""


class Saml:
    def __init__(self, database: Database, cipher: Cipher) -> None:
        self._database = database
        self._cipher = cipher
        self._opened: dict[str, rsa.RSAPrivateKey] = {}

    async def keys(self, now: int) -> SamlKeys:
        """Our keys, with whatever rotation is due at ``now`` done. Several processes may call it at once.

        Raises:
            StoreError: a key cannot be decrypted, or is damaged.
        """
        keys = await self._read()
        while (wanted := due(keys, now)) != Due():
            fresh = {use: await asyncio.to_thread(generate_signing_key, at, _NAMES[use]) for use, at in wanted.create}
            await self._database.write(lambda connection, fresh=fresh: self._turn(connection, fresh, now))  # type: ignore[misc]
            keys = await self._read()
        return keys

    async def keep_answer(self, state: str, response: str, client: str, space: Space, now: int) -> Keeping:
        """Keep, encrypted, what was posted in answer to a live attempt. Only the first counts."""
        sealed = self._cipher.seal(response.encode())
        values = {
            "state_hash": secret_hash(state), "response": sealed, "client": client, "size": len(sealed),
            "until": now + KEPT_FOR, "now": now,
        }  # fmt: skip

        def keep(connection: Connection) -> Keeping:
            of_client = {"client": client, "now": now}
            if int(connection.execute(_OF_CLIENT, of_client).scalar_one()) + len(sealed) > space.of_client:
                return "client_full"
            if int(connection.execute(_SPACE, {"now": now}).scalar_one()) + len(sealed) > space.in_all:
                return "full"
            return "kept" if connection.execute(_KEEP, values).rowcount == 1 else "not_awaited"

        return await self._database.write(keep)

    async def take_answer(self, state: str, now: int) -> str | None:
        """The kept answer, for one caller, once."""
        values = {"state_hash_is": secret_hash(state)}
        row = await self._database.write(lambda connection: connection.execute(_TAKE, values).first())
        return None if row is None or row.expires_at <= now else self._cipher.open(row.response).decode()

    async def first_use(self, idp_id: str, assertion_id: str, expires_at: int, now: int) -> bool:
        """True for one caller only; until ``expires_at`` false for all others, on whichever node."""
        values = {"idp_id": idp_id, "assertion_hash": secret_hash(assertion_id), "expires_at": max(expires_at, now + 1)}
        return await self._database.write(lambda connection: connection.execute(_USE, values).rowcount == 1)

    async def _read(self) -> SamlKeys:
        rows = await self._database.read(lambda connection: connection.execute(_KEYS).all())
        keys = await asyncio.to_thread(self._held, rows)
        self._opened = {key.kid: key.private_key for key in (*keys.signing, *keys.encryption)}
        return keys

    def _turn(self, connection: Connection, fresh: dict[Use, SigningKey], now: int) -> None:
        """Plan again inside the transaction, where nobody else can act, and do that."""
        revision.bump(connection)  # first, for its lock
        wanted = due(self._held(connection.execute(_KEYS).all()), now)
        for kid in wanted.drop:
            connection.execute(_DROP_KEY, {"kid_is": kid})
        for use, _ in wanted.create:
            if use in fresh:
                connection.execute(_ADD_KEY, self._row(use, fresh[use]))

    def _held(self, rows: Any) -> SamlKeys:
        held = [(row.use, self._key(row)) for row in rows]
        return SamlKeys(
            signing=tuple(key for use, key in held if use == "signing"),
            encryption=tuple(key for use, key in held if use == "encryption"),
        )

    def _key(self, row: Row[Any]) -> SigningKey:
        private_key = self._opened.get(row.kid) or private_key_of(self._cipher.open(row.sealed), row.kid)
        try:
            return SigningKey(row.kid, private_key, row.certificate, row.active_from)
        except ValueError as error:
            raise StoreError(f"The SAML key {row.kid[:12]}… in the database is damaged: {error}") from error

    def _row(self, use: Use, key: SigningKey) -> dict[str, object]:
        secret = key.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        sealed = self._cipher.seal(secret)
        return {
            "kid": key.kid, "use": use, "sealed": sealed, "certificate": key.certificate, "active_from": key.active_from,
        }  # fmt: skip


def reseal(connection: Connection, cipher: Cipher) -> None:
    """Encrypt again, under the cipher's first key, every key that is under an older one."""
    for row in connection.execute(select(saml_keys.c.kid, saml_keys.c.sealed)).all():
        if not cipher.is_current(row.sealed):
            connection.execute(_RESEALED, {"kid_is": row.kid, "sealed": cipher.seal(cipher.open(row.sealed))})


def prune(connection: Connection, now: int) -> None:
    """Drop answers that nobody came for, and assertions that are too old to be presented again."""
    connection.execute(_PRUNE_ANSWERS, {"now": now})
    connection.execute(_PRUNE_ASSERTIONS, {"now": now})
