"""Identity providers: who somebody is, by the word of a provider, and the mail of the one-time PIN.

The parts that judge are pure (``oidc``, ``one_time_pin``, ``email_address``); ``Providers`` talks to the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

import httpx
import structlog
from pydantic import BaseModel, ValidationError

from doorward.identity import Identity
from doorward.organization import IdentityProvider
from doorward.providers.config import ConfigProblem, config_problems
from doorward.providers.evaluation import Evaluator
from doorward.providers.failure import Failure, ProviderError, Reason
from doorward.providers.oauth.client import OauthClient
from doorward.providers.oidc.client import OidcClient
from doorward.providers.oidc.config import OidcConfig
from doorward.providers.oidc.dialect import Dialect
from doorward.providers.outbound import outbound_client
from doorward.providers.saml.client import SamlClient, SamlMemory, metadata
from doorward.providers.saml.config import SamlConfig
from doorward.providers.saml.metadata import MEDIA_TYPE as SAML_METADATA
from doorward.providers.saml.request import Departure
from doorward.providers.vendors.config import VendorConfig
from doorward.providers.vendors.openid import OPENID, OpenIdVendor, dialect, generic
from doorward.providers.vendors.plain import PLAIN
from doorward.signin import LoginAttempt

__all__ = [
    "SAML_METADATA",
    "ConfigProblem",
    "ProviderError",
    "Providers",
    "Reason",
    "config_problems",
    "outbound_client",
]

Client = OidcClient | OauthClient | SamlClient
_MOST_CLIENTS: Final = 256
_Config = TypeVar("_Config", bound=BaseModel)


class Providers:
    """Every identity provider that sends the browser away and back. One for the process.

    What was learned of a provider (discovery document, keys) is kept for as long as its object stays the same.
    """

    def __init__(self, http: httpx.AsyncClient, saml: SamlMemory | None = None) -> None:
        """``http`` comes from :func:`outbound_client` and is closed with this object.

        ``saml``: what our side of SAML remembers; None: no provider of type ``saml`` can be used.
        """
        self._http = http
        self._saml = saml
        self._log = structlog.get_logger("doorward.providers")
        self.evaluator = Evaluator(http)
        """Asks other services about somebody who has signed in."""
        self._clients: dict[str, tuple[IdentityProvider, Client]] = {}

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

    async def saml_form(self, idp: IdentityProvider, attempt: LoginAttempt, redirect_uri: str, now: int) -> Departure:
        """The form that takes the browser to a SAML provider that wants its requests posted.

        Raises:
            ProviderError: CONFIGURATION.
        """
        try:
            return await self._saml_client(idp).departure(attempt, redirect_uri, now)
        except Failure as failure:
            raise ProviderError(idp.name, failure.reason, failure.detail, failure.said) from failure

    async def saml_metadata(self, redirect_uri: str, now: int, idp: IdentityProvider | None = None) -> str:
        """XML: what any SAML provider, or this one, is told about us.

        Raises:
            ProviderError: CONFIGURATION.
        """
        try:
            if idp is not None:
                return await self._saml_client(idp).metadata(redirect_uri, now)
            return await metadata(self._memory(), redirect_uri, now)
        except Failure as failure:
            name = idp.name if idp is not None else "SAML"
            raise ProviderError(name, failure.reason, failure.detail, failure.said) from failure

    async def close(self) -> None:
        """End what is under way and close the HTTP client."""
        for _, client in self._clients.values():
            await client.close()
        self._clients.clear()
        await self.evaluator.close()
        await self._http.aclose()

    def _saml_client(self, idp: IdentityProvider) -> SamlClient:
        client = self._client(idp)
        if not isinstance(client, SamlClient):
            raise Failure(Reason.CONFIGURATION, f"a provider of type {idp.type} speaks no SAML")
        return client

    def _memory(self) -> SamlMemory:
        if self._saml is None:
            raise Failure(Reason.CONFIGURATION, "SAML needs a store, and there is none")
        return self._saml

    def _client(self, idp: IdentityProvider) -> Client:
        known = self._clients.get(idp.id)
        if known is not None and known[0] == idp:
            return known[1]
        client = self._new_client(idp)
        if len(self._clients) >= _MOST_CLIENTS:
            self._clients.pop(next(iter(self._clients)))
        self._clients[idp.id] = (idp, client)
        return client

    def _new_client(self, idp: IdentityProvider) -> Client:
        if idp.type == "saml":
            return SamlClient(self._memory(), idp, _saml_config(idp))
        if idp.type in PLAIN:
            return OauthClient(self._http, idp, PLAIN[idp.type], _validated(VendorConfig, idp))
        if idp.type in OPENID:
            return OidcClient(self._http, idp, *_spoken(OPENID[idp.type], idp))
        return OidcClient(self._http, idp, _oidc_config(idp))


def _spoken(vendor: OpenIdVendor, idp: IdentityProvider) -> tuple[OidcConfig, Dialect]:
    """The generic configuration of a vendor's provider, and what is otherwise there."""
    config = _validated(VendorConfig, idp)
    try:
        return generic(vendor, config), dialect(vendor, config)
    except ValueError as error:
        raise Failure(Reason.CONFIGURATION, f"config is not valid: {error}") from None


def _oidc_config(idp: IdentityProvider) -> OidcConfig:
    if idp.type != "oidc":
        raise Failure(Reason.CONFIGURATION, f"a provider of type {idp.type} has no sign-in page of its own")
    return _validated(OidcConfig, idp)


def _saml_config(idp: IdentityProvider) -> SamlConfig:
    return _validated(SamlConfig, idp)


def _validated(model: type[_Config], idp: IdentityProvider) -> _Config:
    try:
        return model.model_validate(idp.config)
    except ValidationError as error:
        fields = ", ".join(sorted({".".join(map(str, problem["loc"])) or "config" for problem in error.errors()}))
        raise Failure(Reason.CONFIGURATION, f"config is not valid: {fields}") from None
