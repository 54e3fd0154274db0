"""The thin client: asks one OpenID provider, in the order the flow needs, and leaves every judgement to the pure parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import httpx

from doorward.organization import IdentityProvider
from doorward.providers.failure import Failure, Reason
from doorward.providers.membership import memberships
from doorward.providers.oidc import claims as claim
from doorward.providers.oidc import id_token, messages
from doorward.providers.oidc.config import OidcConfig
from doorward.providers.oidc.dialect import PLAIN, Dialect
from doorward.providers.oidc.endpoints import Endpoints, discovery_address, endpoints
from doorward.providers.oidc.key_set import KeySet, read_key_set
from doorward.providers.outbound import Call, exchange
from doorward.providers.remembered import Pace, Remembered
from doorward.signin import LoginAttempt

DISCOVERY_PACE: Final = Pace(fresh=3600, after_failure=5, between=30)
KEY_SET_PACE: Final = Pace(fresh=3600, after_failure=5, between=30)


class OidcClient:
    """One configured provider, with its discovery document and key set remembered."""

    def __init__(
        self, http: httpx.AsyncClient, idp: IdentityProvider, config: OidcConfig, dialect: Dialect = PLAIN
    ) -> None:
        self._http = http
        self._dialect = dialect
        self._idp = idp
        self._config = config
        self._discovered = Remembered(self._discover, DISCOVERY_PACE)
        self._keys = Remembered(self._fetch_keys, KEY_SET_PACE)
        self._key_set_address = ""

    async def authorization_url(self, attempt: LoginAttempt, redirect_uri: str, prompt: str, now: int) -> str:
        """Where to send the browser. Raises Failure if discovery is needed and fails."""
        where = await self._endpoints(now)
        more = self._dialect.parameters
        return messages.authorization_url(self._config, where, attempt, redirect_uri, prompt, more)

    async def read(self, attempt: LoginAttempt, answer: Mapping[str, str], redirect_uri: str, now: int) -> claim.Read:
        """Who came back with ``answer``. Raises Failure."""
        where = await self._endpoints(now)
        code = messages.read_callback(answer, attempt, where)
        request = messages.token_request(self._config, where, attempt, redirect_uri, code)
        tokens = messages.read_tokens(await exchange(self._http, request, "token endpoint"))
        expected = id_token.Expected(where, self._config.client_id, attempt.nonce, code, tokens.access_token)
        proven = await self._proven(tokens.unverified_id_token, expected, now)
        if where.userinfo and tokens.access_token and claim.missing(self._config, proven):
            proven = claim.merged(proven, await self._userinfo(where.userinfo, tokens.access_token, proven["sub"]))
        proven = self._dialect.adapt(proven)
        read = claim.read_identity(self._idp, self._config, proven)
        return await self._with_groups(read, proven, tokens.access_token)

    async def close(self) -> None:
        await self._discovered.close()
        await self._keys.close()

    async def _with_groups(self, read: claim.Read, proven: id_token.VerifiedClaims, access_token: str) -> claim.Read:
        """``read`` with the groups of the vendor's directory, where it has to be asked. They replace those of the token."""
        listings = self._dialect.listings(access_token, proven) if self._dialect.listings is not None else ()
        if not listings:
            complete = read.identity.groups_complete and self._dialect.claims_tell_groups(proven)
            return claim.Read(read.identity.model_copy(update={"groups_complete": complete}), read.notes)
        groups = await memberships(self._http, listings)
        return claim.Read(read.identity.model_copy(update={"groups": groups, "groups_complete": True}), ())

    async def _proven(self, token: str, expected: id_token.Expected, now: int) -> id_token.VerifiedClaims:
        header = id_token.read_header(token, self._config.allowed_algorithms)
        self._key_set_address = expected.endpoints.key_set
        keys = await self._keys.get(now)
        try:
            claims = id_token.verify_signature(token, header, keys)
        except id_token.KeyUnknown:
            newer = await self._keys.renew(now, keys)
            if newer is None:
                raise
            claims = id_token.verify_signature(token, header, newer)
        return id_token.check_claims(claims, header.algorithm, expected, now)

    async def _userinfo(self, address: str, access_token: str, sub: str) -> Mapping[str, Any]:
        """A failure here ends the login: a rule that keeps a group out must not be passed for want of an answer."""
        request = messages.userinfo_request(address, access_token)
        return messages.read_userinfo(await exchange(self._http, request, "userinfo"), sub)

    async def _endpoints(self, now: int) -> Endpoints:
        if not self._config.needs_discovery:
            return endpoints(self._config, None)
        return await self._discovered.get(now)

    async def _discover(self) -> Endpoints:
        address = discovery_address(self._config.issuer or "")
        reply = await exchange(self._http, Call("GET", address), "discovery document")
        if reply.status != 200:
            raise Failure(Reason.CONFIGURATION, f"discovery document: status {reply.status} at {address}")
        return endpoints(self._config, reply.document)

    async def _fetch_keys(self) -> KeySet:
        reply = await exchange(self._http, Call("GET", self._key_set_address), "key set")
        if reply.status != 200:
            raise Failure(Reason.UNAVAILABLE, f"key set: status {reply.status}")
        return read_key_set(reply.document)
