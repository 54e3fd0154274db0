"""The thin client of one such vendor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import SecretStr

from doorward.identity import Identity
from doorward.organization import IdentityProvider
from doorward.providers.failure import Failure, Reason
from doorward.providers.membership import memberships
from doorward.providers.oidc import messages
from doorward.providers.oidc.claims import Read
from doorward.providers.oidc.endpoints import Endpoints
from doorward.providers.outbound import Answer, Call, exchange, fetch
from doorward.providers.vendors.config import VendorConfig
from doorward.providers.vendors.plain import PlainVendor
from doorward.signin import LoginAttempt


@dataclass(frozen=True, slots=True)
class Registration:
    """Our client at the vendor."""

    client_id: str
    client_secret: SecretStr
    scopes: tuple[str, ...]
    pkce_enabled: bool
    prompt: str = ""


class OauthClient:
    """Asks one vendor, in the order the flow needs."""

    def __init__(
        self, http: httpx.AsyncClient, idp: IdentityProvider, vendor: PlainVendor, config: VendorConfig
    ) -> None:
        self._http = http
        self._idp = idp
        self._vendor = vendor
        self._config = config
        self.registration = Registration(config.client_id, config.client_secret, vendor.scopes, vendor.pkce)
        self.endpoints = Endpoints(
            issuer=None,
            authorization=vendor.authorization_url(config),
            token=vendor.token_url(config),
            key_set=vendor.authorization_url(config),  # there are no keys; this only says whose answers we take
            userinfo=None,
            auth_method="client_secret_post",
            names_itself=False,
        )

    async def authorization_url(self, attempt: LoginAttempt, redirect_uri: str, prompt: str, _: int) -> str:
        """Where to send the browser. These vendors do not know ``prompt``; it is sent all the same."""
        return messages.authorization_url(self.registration, self.endpoints, attempt, redirect_uri, prompt)

    async def read(self, attempt: LoginAttempt, answer: Mapping[str, str], redirect_uri: str, _: int) -> Read:
        """Who came back with ``answer``. Raises Failure."""
        code = messages.read_callback(answer, attempt, self.endpoints)
        request = messages.token_request(self.registration, self.endpoints, attempt, redirect_uri, code)
        token = messages.read_access_token(await exchange(self._http, request, "token endpoint"))
        if not token:
            raise Failure(Reason.INVALID_ANSWER, "token endpoint: no access_token in the answer")
        profile = await self._ask(self._vendor.profile_url(self._config), token, "profile")
        if not isinstance(profile.value, dict):
            raise Failure(Reason.INVALID_ANSWER, "profile: not a JSON object")
        return Read(await self._identity(profile.value, token), ())

    async def close(self) -> None:
        """Nothing is remembered here."""

    async def _identity(self, profile: Mapping[str, Any], token: str) -> Identity:
        address = self._vendor.emails_url(self._config)
        emails = (await self._ask(address, token, "emails")).value if address else None
        person = self._vendor.read(profile, emails)
        return Identity(
            id=person.id,
            email=person.email,
            name=person.name,
            idp_id=self._idp.id,
            idp_type=self._idp.type,
            groups=await memberships(self._http, self._vendor.listings(self._config, token, profile)),
        )

    async def _ask(self, url: str, token: str, what: str) -> Answer:
        call = Call("GET", url, (("authorization", f"{self._vendor.scheme} {token}"),))
        answer = await fetch(self._http, call, what)
        if not 200 <= answer.status < 300:
            raise Failure(Reason.INVALID_ANSWER, f"{what}: status {answer.status}")
        return answer
