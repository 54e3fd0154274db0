"""Gathering what is known of the service token in a request: few programs ask often, so what the store said is kept."""

from __future__ import annotations

from typing import Final

from doorward.access.credential import Credential
from doorward.access.request import Request
from doorward.access.service_auth import NO_SERVICE, ServiceCredential, by_app_token, by_headers, presented, replayed
from doorward.access.snapshot import Snapshot
from doorward.applications import Application
from doorward.service_tokens import Authenticated, Presented, Rejection, ServiceToken
from doorward.store import Store

MOST: Final = 4096
"""Tokens that are kept of one snapshot."""


class KnownServiceTokens:
    """What the store said about service tokens since the current snapshot was loaded.

    Every change of a service token makes a new snapshot, and a new snapshot starts with nothing known: so a token that
    was disabled is as unusable as fast as anything else that is revoked. Secrets are compared each time.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._snapshot: Snapshot | None = None
        self._by_client: dict[str, ServiceToken] = {}
        self._by_nonce: dict[str, Authenticated] = {}

    async def credential(
        self,
        request: Request,
        application: Application | None,
        credential: Credential | None,
        snapshot: Snapshot,
        now: int,
    ) -> ServiceCredential:
        """What the request proves of a service token: by its headers, or else by an app token that one earned."""
        if application is None or credential is None:
            return NO_SERVICE
        match presented(request):
            case Rejection() as rejection:
                return by_headers(rejection, None, now)
            case Presented() as shown:
                return by_headers(shown, await self._found(shown.client_id, snapshot), now)
            case None:
                nonce = replayed(credential, application, snapshot)
                return by_app_token(credential, await self._earned(nonce, snapshot), now) if nonce else NO_SERVICE

    async def _found(self, client_id: str, snapshot: Snapshot) -> ServiceToken | None:
        self._turn_to(snapshot)
        known = self._by_client  # of this snapshot, whichever is the current one when the store has answered
        token = known.get(client_id)
        if token is None:
            token = await self._store.service_tokens.find(client_id)
            if token is not None and len(known) < MOST:
                known[client_id] = token
        return token

    async def _earned(self, nonce: str, snapshot: Snapshot) -> Authenticated | None:
        self._turn_to(snapshot)
        known = self._by_nonce
        earned_by = known.get(nonce)
        if earned_by is None:
            earned_by = await self._store.service_tokens.earned(nonce)
            if earned_by is not None and len(known) < MOST:
                known[nonce] = earned_by
        return earned_by

    def _turn_to(self, snapshot: Snapshot) -> None:
        if self._snapshot is not snapshot:
            self._snapshot, self._by_client, self._by_nonce = snapshot, {}, {}
