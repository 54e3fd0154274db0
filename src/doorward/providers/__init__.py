"""Identity providers: who somebody is, by the word of a provider, and the mail of the one-time PIN.

The parts that judge are pure (``oidc``, ``one_time_pin``, ``email_address``); ``Providers`` talks to the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import httpx
import structlog
from pydantic import ValidationError

from doorward.identity import Identity
from doorward.organization import IdentityProvider
from doorward.providers.config import ConfigProblem, config_problems
from doorward.providers.failure import Failure, ProviderError, Reason
from doorward.providers.oidc.client import OidcClient
from doorward.providers.oidc.config import OidcConfig
from doorward.providers.outbound import outbound_client
from doorward.signin import LoginAttempt

__all__ = ["ConfigProblem", "ProviderError", "Providers", "Reason", "config_problems", "outbound_client"]

_MOST_CLIENTS: Final = 256


class Providers:
    """Every identity provider that sends the browser away and back. One for the process.

    What was learned of a provider (discovery document, keys) is kept for as long as its object stays the same.
    """

    def __init__(self, http: httpx.AsyncClient) -> None:
        """``http`` comes from :func:`outbound_client` and is closed with this object."""
        self._http = http
        self._log = structlog.get_logger("doorward.providers")
        self._clients: dict[str, tuple[IdentityProvider, OidcClient]] = {}

    async def authorization_url(
        self, idp: IdentityProvider, attempt: LoginAttempt, redirect_uri: str, now: int, *, prompt: str = ""
    ) -> str:
        """Where to send the browser. ``prompt="login"`` makes the provider ask again even if it knows the visitor.

        Raises:
            ProviderError: UNAVAILABLE, INVALID_ANSWER, CONFIGURATION. A one-time PIN has no such address.
        """
        try:
            return await self._client(idp).authorization_url(attempt, redirect_uri, prompt, now)
        except Failure as failure:
            raise ProviderError(idp.name, failure.reason, failure.detail, failure.said) from failure

    async def identity(
        self, idp: IdentityProvider, attempt: LoginAttempt, answer: Mapping[str, str], redirect_uri: str, now: int
    ) -> Identity:
        """Who came back from ``idp``.

        Args:
            idp: the provider the attempt was begun with.
            attempt: taken from the store, once.
            answer: the callback's query parameters; the caller has refused duplicates.
            redirect_uri: the same as in :meth:`authorization_url`.
            now: Unix seconds.

        Raises:
            ProviderError: with its reason; nobody is signed in.
        """
        if attempt.idp_id != idp.id:
            raise ProviderError(
                idp.name, Reason.INVALID_ANSWER, "callback: the attempt was begun with another provider"
            )
        try:
            read = await self._client(idp).read(attempt, answer, redirect_uri, now)
        except Failure as failure:
            raise ProviderError(idp.name, failure.reason, failure.detail, failure.said) from failure
        for note in read.notes:
            self._log.warning("provider answer not usable in full", identity_provider=idp.name, note=note)
        return read.identity

    async def close(self) -> None:
        """End what is under way and close the HTTP client."""
        for _, client in self._clients.values():
            await client.close()
        self._clients.clear()
        await self._http.aclose()

    def _client(self, idp: IdentityProvider) -> OidcClient:
        known = self._clients.get(idp.id)
        if known is not None and known[0] == idp:
            return known[1]
        client = OidcClient(self._http, idp, _oidc_config(idp))
        if len(self._clients) >= _MOST_CLIENTS:
            self._clients.pop(next(iter(self._clients)))
        self._clients[idp.id] = (idp, client)
        return client


def _oidc_config(idp: IdentityProvider) -> OidcConfig:
    if idp.type != "oidc":
        raise Failure(Reason.CONFIGURATION, f"a provider of type {idp.type} has no sign-in page of its own")
    try:
        return OidcConfig.model_validate(idp.config)
    except ValidationError as error:
        fields = ", ".join(sorted({".".join(map(str, problem["loc"])) or "config" for problem in error.errors()}))
        raise Failure(Reason.CONFIGURATION, f"config is not valid: {fields}") from None
