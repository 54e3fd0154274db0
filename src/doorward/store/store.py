"""The store as a whole: opened once, one attribute for each noun."""

from __future__ import annotations

from typing import Final, Self

from sqlalchemy import Connection

from doorward.store import (
    app_tokens,
    attempts,
    decisions,
    evaluations,
    factors,
    facts,
    grants,
    handoffs,
    kept_requests,
    limits,
    pins,
    reports,
    revision,
    revocations,
    saml,
    sessions,
)
from doorward.store.app_tokens import AppTokens
from doorward.store.attempts import Attempts
from doorward.store.cipher import Cipher
from doorward.store.database import Database
from doorward.store.decisions import Decisions
from doorward.store.directory import Directory
from doorward.store.evaluations import Evaluations
from doorward.store.factors import Factors
from doorward.store.grants import Grants
from doorward.store.handoffs import Handoffs
from doorward.store.kept_requests import KeptRequests
from doorward.store.limits import Limits
from doorward.store.location import open_database, read_url
from doorward.store.migrate import migrate
from doorward.store.objects import Objects
from doorward.store.organization import OrganizationFacts
from doorward.store.pins import Pins
from doorward.store.reports import Reports
from doorward.store.revocations import Revocations
from doorward.store.saml import Saml
from doorward.store.service_tokens import ServiceTokens
from doorward.store.sessions import Sessions
from doorward.store.signing_keys import SigningKeys, reseal
from doorward.store.users import Users

_PROOF: Final = "cipher_proof"


class Store:
    """Everything Doorward remembers. Make one with :meth:`open`; several processes may have the same database open."""

    def __init__(self, database: Database, cipher: Cipher) -> None:
        """Over a database that :func:`set_up` has seen."""
        self._database = database
        self.users = Users(database)
        self.sessions = Sessions(database)
        self.app_tokens = AppTokens(database)
        self.revocations = Revocations(database)
        self.service_tokens = ServiceTokens(database)
        self.attempts = Attempts(database, cipher)
        self.handoffs = Handoffs(database)
        self.kept_requests = KeptRequests(database, cipher)
        self.grants = Grants(database)
        self.pins = Pins(database)
        self.reports = Reports(database)
        self.evaluations = Evaluations(database)
        self.factors = Factors(database, cipher)
        self.directory = Directory(database)
        self.limits = Limits(database)
        self.signing_keys = SigningKeys(database, cipher)
        self.saml = Saml(database, cipher)
        self.objects = Objects(database)
        self.organization = OrganizationFacts(database)
        self.decisions = Decisions(database)

    @classmethod
    async def open(cls, url: str, cipher: Cipher) -> Self:
        """Open the database, create or migrate it where needed, and check that the key fits.

        Raises:
            StoreError: the URL or the key is wrong, the database cannot be opened, or a newer version wrote it.
        """
        database = await open_database(read_url(url), lambda connection: set_up(connection, cipher))
        return cls(database, cipher)

    async def close(self) -> None:
        """Finish what was begun, then let go of the database."""
        await self._database.close()

    async def revision(self) -> int:
        """Grows with every change that snapshots depend on, whichever process made it. Cheap enough to poll."""
        return await self._database.read(revision.read)

    async def prune(self, now: int) -> None:
        """Drop what nobody can need any more. Short transactions, so that logins do not wait for all of it."""
        for prune in (limits.prune, pins.prune, handoffs.prune, attempts.prune, app_tokens.prune, sessions.prune):
            await self._database.write(lambda connection, prune=prune: prune(connection, now))  # type: ignore[misc]
        await self._database.write(lambda connection: revocations.prune(connection, now))
        await self._database.write(lambda connection: kept_requests.prune(connection, now))
        await self._database.write(lambda connection: grants.prune(connection, now))
        await self._database.write(evaluations.prune)
        await self._database.write(lambda connection: factors.prune(connection, now))
        await self._database.write(lambda connection: reports.prune(connection, now))
        await self._database.write(lambda connection: saml.prune(connection, now))
        await self._database.write(lambda connection: decisions.prune(connection, now))


def set_up(connection: Connection, cipher: Cipher) -> None:
    """Migrate, prove the key, and renew the encryption of what is under an older key. For one transaction.

    Raises:
        StoreError: a newer version wrote the database, or another key was used.
    """
    migrate(connection)
    proof = facts.once(connection, _PROOF, cipher.seal(_PROOF.encode()))
    cipher.open(proof)
    if not cipher.is_current(proof):
        facts.replace(connection, _PROOF, cipher.seal(_PROOF.encode()))
        reseal(connection, cipher)
        saml.reseal(connection, cipher)
        factors.reseal(connection, cipher)
