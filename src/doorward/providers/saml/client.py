"""The thin shell: keys and memory from outside, every judgement by the pure parts, off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import urlencode

from doorward.identity import Identity
from doorward.organization import IdentityProvider
from doorward.providers.saml.assertion import Expected
from doorward.providers.saml.claims import read_identity
from doorward.providers.saml.config import SamlConfig
from doorward.providers.saml.flaw import Flaw, flawed
from doorward.providers.saml.metadata import sp_metadata
from doorward.providers.saml.request import Departure, departure, request_id
from doorward.providers.saml.response import Trust, read_response
from doorward.saml_keys import SamlKeys
from doorward.signin import LoginAttempt

CALLBACK: Final = "/callback"
FORM: Final = "/saml-request"
"""Of the team domain, below the same prefix: the page with the form."""


class SamlMemory(Protocol):
    """What every node of a door knows: our keys, and which assertions were used."""

    async def keys(self, now: int) -> SamlKeys:
        """Our keys, rotated when it is time."""

    async def first_use(self, idp_id: str, assertion_id: str, expires_at: int, now: int) -> bool:
        """True for one caller only; until ``expires_at`` false for all others."""


@dataclass(frozen=True, slots=True)
class Read:
    """An identity, and what in the answer was not usable (for the log)."""

    identity: Identity
    notes: tuple[str, ...]


class SamlClient:
    """One configured provider."""

    def __init__(self, memory: SamlMemory, idp: IdentityProvider, config: SamlConfig) -> None:
        self._memory = memory
        self._idp = idp
        self._config = config

    async def authorization_url(self, attempt: LoginAttempt, our_url: str, _prompt: str, now: int) -> str:
        """Where to send the browser: to the provider, or to a page of ours with a form that leads there.

        ``_prompt`` adds nothing: who refreshes an identity, which is all that asks for one, is always asked again.
        """
        if self._config.request_binding == "post":
            return f"{our_url.removesuffix(CALLBACK)}{FORM}?{urlencode({'state': attempt.state})}"
        return (await self.departure(attempt, our_url, now)).url

    async def departure(self, attempt: LoginAttempt, our_url: str, now: int) -> Departure:
        """The request itself, in the provider's binding."""
        key = (await self._memory.keys(now)).signs(now) if self._config.sign_request else None
        return await asyncio.to_thread(departure, self._config, attempt, our_url, key, force=self._forced(attempt))

    async def close(self) -> None:
        """Nothing is under way."""

    async def read(self, attempt: LoginAttempt, answer: Mapping[str, str], our_url: str, now: int) -> Read:
        """Who came back with ``answer``. Raises Failure."""
        expected = Expected(
            issuer=self._config.issuer_url,
            audience=our_url,
            recipient=our_url,
            request_id=request_id(attempt),
            requested_at=attempt.created_at,
            fresh=self._forced(attempt),
            now=now,
        )
        keys = (await self._memory.keys(now)).decrypting if self._config.enable_encryption else ()
        trust = Trust(self._config.certificates, tuple(key.private_key for key in keys))
        said = await asyncio.to_thread(read_response, answer.get("SAMLResponse", ""), expected, trust)
        if not await self._memory.first_use(self._idp.id, said.id, said.expires_at, now):
            raise flawed(Flaw.REPLAY, "the assertion was used before")
        return Read(read_identity(self._idp, self._config, said), said.notes)

    async def metadata(self, our_url: str, now: int) -> str:
        """What this provider is told about us."""
        return await metadata(self._memory, our_url, now, self._config)

    def _forced(self, attempt: LoginAttempt) -> bool:
        """Whoever refreshes an identity, so that no application waits, is to be asked again."""
        return self._config.force_authn or attempt.destination is None


async def metadata(memory: SamlMemory, our_url: str, now: int, config: SamlConfig | None = None) -> str:
    """What any provider, or that of ``config``, is told about us."""
    keys = await memory.keys(now)
    encryption = keys.encrypts(now) if config is not None and config.enable_encryption else None
    return sp_metadata(
        our_url, keys.signers(now), encryption, signs_requests=config is not None and config.sign_request
    )
