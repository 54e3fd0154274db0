"""Second factors: what people have set up, and what sessions have shown (access.md 4.7)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from doorward.policy.mfa import Authenticator
from doorward.second_factor import MOST_FACTORS, Factor, Proof, Proofs
from doorward.store.cipher import Cipher
from doorward.store.database import Database
from doorward.store.schema import factor_offers, factor_proofs, factors, recovery_codes, users

_RECOVERY: Final = "recovery"
"""In place of a factor's id and kind, where a recovery code was shown."""
_KEPT: Final = 31 * 86_400
"""Seconds for which a proof can count at most, and a day."""

_USER = select(users.c.id).where(users.c.id == bindparam("user")).with_for_update()
_OF = select(factors).where(factors.c.user_id == bindparam("user")).order_by(factors.c.created_at, factors.c.id)
_SHOWN = select(factor_proofs).where(factor_proofs.c.session_nonce == bindparam("session"))
_ADD = insert(factors)
_STEP = (
    update(factors)
    .where(factors.c.id == bindparam("which"), factors.c.last_step < bindparam("step"))
    .values(last_step=bindparam("step"), last_used_at=bindparam("now"))
)
_COUNT = (
    update(factors)
    .where(factors.c.id == bindparam("which"), factors.c.sign_count == bindparam("before"))
    .values(sign_count=bindparam("count"), last_used_at=bindparam("now"))
)
_USE_CODE = (
    update(recovery_codes)
    .where(
        recovery_codes.c.code_hash == bindparam("hash"),
        recovery_codes.c.user_id == bindparam("user"),
        recovery_codes.c.used_at.is_(None),
    )
    .values(used_at=bindparam("now"))
)
_CODES_LEFT = (
    select(func.count())
    .select_from(recovery_codes)
    .where(recovery_codes.c.user_id == bindparam("user"), recovery_codes.c.used_at.is_(None))
)
_DROP_CODES = delete(recovery_codes).where(recovery_codes.c.user_id == bindparam("user"))
_THIS_PROOF = (
    factor_proofs.c.session_nonce == bindparam("session"),
    factor_proofs.c.factor_id == bindparam("factor"),
)
_THIS_OFFER = (
    factor_offers.c.session_nonce == bindparam("session"),
    factor_offers.c.purpose == bindparam("what"),
)
_OFFERED = select(factor_offers.c.sealed).where(*_THIS_OFFER, factor_offers.c.expires_at > bindparam("now"))
_TAKE = delete(factor_offers).where(*_THIS_OFFER).returning(factor_offers.c.sealed, factor_offers.c.expires_at)
_SEALED = select(factors.c.id, factors.c.sealed)
_RESEALED = update(factors).where(factors.c.id == bindparam("which")).values(sealed=bindparam("now_sealed"))

Permission = Callable[[tuple[Factor, ...], Proofs], bool]
"""Whether an authenticator may be added, by what is there and what the session has shown at that very moment."""


class Enrollment(Enum):
    """What became of a new authenticator."""

    REFUSED = "refused"
    KEPT = "kept"
    WITH_CODES = "with_codes"
    """And the recovery codes that came along are in force: there were none left."""


class Factors:
    def __init__(self, database: Database, cipher: Cipher) -> None:
        self._database = database
        self._cipher = cipher

    async def of(self, user_id: str) -> tuple[Factor, ...]:
        """Everything that one person has set up, the oldest first."""
        return await self._database.read(lambda connection: self._of(connection, user_id))

    async def shown_by(self, session_nonce: str) -> Proofs:
        """What one session has shown."""
        return await self._database.read(lambda connection: _shown_by(connection, session_nonce))

    async def enroll(
        self, factor: Factor, session_nonce: str, code_hashes: Sequence[str], permitted: Permission
    ) -> Enrollment:
        """Keep a new authenticator, which the session has thereby shown. A new TOTP takes the place of the old one.

        Two tabs, or two people, at the same moment take turns: each is judged by what the other one left.
        """

        def enroll(connection: Connection) -> Enrollment:
            connection.execute(_USER, {"user": factor.user_id}).first()
            mine = self._of(connection, factor.user_id)
            replaced = [one.id for one in mine if one.kind is factor.kind is Authenticator.TOTP]
            room = len(mine) - len(replaced) < MOST_FACTORS
            if not room or not permitted(mine, _shown_by(connection, session_nonce)):
                return Enrollment.REFUSED
            _drop(connection, replaced)
            connection.execute(_ADD, self._row(factor))
            _prove(connection, session_nonce, factor.id, factor.kind.value, factor.created_at)
            if connection.execute(_CODES_LEFT, {"user": factor.user_id}).scalar_one():
                return Enrollment.KEPT
            connection.execute(_DROP_CODES, {"user": factor.user_id})
            for code_hash in code_hashes:
                row = {"code_hash": code_hash, "user_id": factor.user_id, "created_at": factor.created_at}
                connection.execute(insert(recovery_codes), row)
            return Enrollment.WITH_CODES

        return await self._database.write(enroll)

    async def show_code(self, factor: Factor, step: int, session_nonce: str, now: int) -> bool:
        """A TOTP code was right: remember its step and that the session showed it. False: another request used it first."""
        values = {"which": factor.id, "step": step, "now": now}
        return await self._shown(_STEP, values, factor, session_nonce, now)

    async def show_passkey(self, factor: Factor, sign_count: int, session_nonce: str, now: int) -> bool:
        """A passkey proved itself. False: it was used elsewhere meanwhile."""
        values = {"which": factor.id, "before": factor.sign_count, "count": sign_count, "now": now}
        return await self._shown(_COUNT, values, factor, session_nonce, now)

    async def recover(self, user_id: str, code_hash: str, session_nonce: str, now: int) -> bool:
        """Use up a recovery code. False: it is none of this person's, or was used."""

        def recover(connection: Connection) -> bool:
            if connection.execute(_USE_CODE, {"hash": code_hash, "user": user_id, "now": now}).rowcount != 1:
                return False
            _prove(connection, session_nonce, _RECOVERY, _RECOVERY, now)
            return True

        return await self._database.write(recover)

    async def codes_left(self, user_id: str) -> int:
        """Unused recovery codes."""
        values = {"user": user_id}
        return await self._database.read(lambda connection: int(connection.execute(_CODES_LEFT, values).scalar_one()))

    async def remove(self, user_id: str, factor_id: str = "") -> int:
        """Drop one authenticator of a person, or all; how many. With the last one go the recovery codes."""

        def remove(connection: Connection) -> int:
            mine = self._of(connection, user_id)
            gone = [factor.id for factor in mine if factor_id in {"", factor.id}]
            _drop(connection, gone)
            if len(gone) == len(mine):
                connection.execute(_DROP_CODES, {"user": user_id})
            return len(gone)

        return await self._database.write(remove)

    async def offer(self, session_nonce: str, purpose: str, fresh: bytes, now: int, lifetime: int) -> bytes:
        """The secret or challenge that a session works with: the one that is open (in another tab), else ``fresh``."""
        values = {"session": session_nonce, "what": purpose, "now": now}
        sealed = self._cipher.seal(fresh)

        def offer(connection: Connection) -> str:
            known = connection.execute(_OFFERED, values).scalar_one_or_none()
            if known is not None:
                return str(known)
            connection.execute(_TAKE, {"session": session_nonce, "what": purpose}).all()
            row = {"session_nonce": session_nonce, "purpose": purpose, "sealed": sealed, "expires_at": now + lifetime}
            connection.execute(insert(factor_offers), row)
            return sealed

        return self._cipher.open(await self._database.write(offer))

    async def offered(self, session_nonce: str, purpose: str, now: int) -> bytes | None:
        """Look at it; None: there is none, or its time is over."""
        values = {"session": session_nonce, "what": purpose, "now": now}
        sealed = await self._database.read(lambda connection: connection.execute(_OFFERED, values).scalar_one_or_none())
        return None if sealed is None else self._cipher.open(sealed)

    async def take(self, session_nonce: str, purpose: str, now: int) -> bytes | None:
        """Use it up; None: there is none, or its time is over."""
        values = {"session": session_nonce, "what": purpose}
        row = await self._database.write(lambda connection: connection.execute(_TAKE, values).first())
        return None if row is None or row.expires_at <= now else self._cipher.open(row.sealed)

    async def _shown(
        self, statement: Any, values: dict[str, object], factor: Factor, session_nonce: str, now: int
    ) -> bool:
        def shown(connection: Connection) -> bool:
            if connection.execute(statement, values).rowcount != 1:
                return False
            _prove(connection, session_nonce, factor.id, factor.kind.value, now)
            return True

        return await self._database.write(shown)

    def _of(self, connection: Connection, user_id: str) -> tuple[Factor, ...]:
        return tuple(self._factor(row) for row in connection.execute(_OF, {"user": user_id}).all())

    def _factor(self, row: Row[Any]) -> Factor:
        return Factor(
            id=row.id,
            user_id=row.user_id,
            kind=Authenticator(row.kind),
            created_at=row.created_at,
            secret=self._cipher.open(row.sealed).decode(),
            credential_id=row.credential_id or "",
            sign_count=row.sign_count,
            last_used_at=row.last_used_at,
            last_step=row.last_step,
        )

    def _row(self, factor: Factor) -> dict[str, object]:
        return {
            "id": factor.id,
            "user_id": factor.user_id,
            "kind": factor.kind.value,
            "created_at": factor.created_at,
            "sealed": self._cipher.seal(factor.secret.encode()),
            "credential_id": factor.credential_id or None,
            "sign_count": factor.sign_count,
            "last_used_at": factor.last_used_at,
            "last_step": factor.last_step,
        }


def prune(connection: Connection, now: int) -> None:
    """Drop what was begun and not finished, and proofs that count no more."""
    connection.execute(delete(factor_offers).where(factor_offers.c.expires_at <= now))
    connection.execute(delete(factor_proofs).where(factor_proofs.c.at <= now - _KEPT))


def reseal(connection: Connection, cipher: Cipher) -> None:
    """Encrypt again, under the cipher's first key, every secret that is under an older one."""
    for factor_id, sealed in connection.execute(_SEALED).all():
        if not cipher.is_current(sealed):
            connection.execute(_RESEALED, {"which": factor_id, "now_sealed": cipher.seal(cipher.open(sealed))})


def _drop(connection: Connection, factor_ids: Sequence[str]) -> None:
    """With what sessions have shown by them: a token that is issued from now on rests on something that is there."""
    connection.execute(delete(factor_proofs).where(factor_proofs.c.factor_id.in_(factor_ids)))
    connection.execute(delete(factors).where(factors.c.id.in_(factor_ids)))


def _prove(connection: Connection, session_nonce: str, factor_id: str, kind: str, now: int) -> None:
    connection.execute(delete(factor_proofs).where(*_THIS_PROOF), {"session": session_nonce, "factor": factor_id})
    row = {"session_nonce": session_nonce, "factor_id": factor_id, "kind": kind, "at": now}
    connection.execute(insert(factor_proofs), row)


def _shown_by(connection: Connection, session_nonce: str) -> Proofs:
    rows = connection.execute(_SHOWN, {"session": session_nonce}).all()
    own = tuple(Proof(Authenticator(row.kind), row.at, row.factor_id) for row in rows if row.factor_id != _RECOVERY)
    recovered = next((row.at for row in rows if row.factor_id == _RECOVERY), None)
    return Proofs(session_nonce, own, recovered)
