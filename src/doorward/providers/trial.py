"""Trying an identity provider out, as far as that goes without a person: step by step, and what to do about a step that fails.

The client secret is tried with an authorization code that cannot exist. A provider looks at who asks before it looks at
the code, so what it complains about tells which of the two it did not like.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

import httpx
from pydantic import ValidationError

from doorward.errors import MailError
from doorward.organization import IdentityProvider
from doorward.providers import mail
from doorward.providers.failure import Failure
from doorward.providers.oauth.client import OauthClient
from doorward.providers.oidc import messages
from doorward.providers.oidc.config import OidcConfig
from doorward.providers.oidc.endpoints import Endpoints, discovery_address, endpoints
from doorward.providers.oidc.key_set import read_key_set
from doorward.providers.outbound import TIMEOUT, Call, Reply, exchange
from doorward.providers.saml.config import SamlConfig
from doorward.providers.vendors.config import VendorConfig
from doorward.providers.vendors.openid import OPENID, generic
from doorward.providers.vendors.plain import PLAIN
from doorward.signin import LoginAttempt

_NO_CODE: Final = "doorward-tries-whether-the-client-is-known"
_CODE_REFUSED: Final = frozenset({"bad_verification_code", "invalid_code", "invalid_grant"})
_CLIENT_REFUSED: Final = frozenset({"incorrect_client_credentials", "invalid_client", "unauthorized_client"})
_REDIRECT_REFUSED: Final = frozenset({"invalid_redirect_uri", "redirect_uri_mismatch"})
_FACEBOOK_CODE: Final = 100
"""Number of Facebook's complaint about a code; 1 and 101 are about the client."""
_SOON: Final = 30 * 86_400


class Outcome(StrEnum):
    GOOD = "good"
    BAD = "bad"
    UNCLEAR = "unclear"
    """Nothing is known to be wrong, and it was not proven right."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was tried."""

    name: str
    outcome: Outcome
    found: str
    advice: str = ""
    """What to do; empty: nothing."""


async def trial(
    http: httpx.AsyncClient, idp: IdentityProvider, redirect_uri: str, now: int, server: mail.MailServer | None
) -> tuple[Step, ...]:
    """Every step up to the first that makes the next ones pointless. Nobody is signed in and nothing is kept.

    ``server``: the mail server, for one-time PINs.
    """
    steps: list[Step] = []
    try:
        async for step in _steps(http, idp, redirect_uri, now, server):
            steps.append(step)  # noqa: PERF401 - what came before a failure is kept
    except Failure as failure:
        place, _, detail = failure.detail.partition(": ")
        found = detail or place
        steps.append(Step(place if detail else "configuration", Outcome.BAD, found, _ADVICE.get(place, "")))
    except ValidationError as error:
        fields = ", ".join(sorted({".".join(map(str, problem["loc"])) or "config" for problem in error.errors()}))
        steps.append(Step("configuration", Outcome.BAD, f"not valid: {fields}", "run 'doorward check'"))
    except ValueError as error:
        steps.append(Step("configuration", Outcome.BAD, str(error), "run 'doorward check'"))
    return tuple(steps)


_ADVICE: Final = {
    "discovery document": "open <issuer>/.well-known/openid-configuration in a browser; issuer must be exactly what it says",
    "key set": "the provider publishes its keys at jwks_uri (certs_url); that address must answer with JSON",
    "token endpoint": "check token_url, and that this machine may reach it",
}


def _steps(
    http: httpx.AsyncClient, idp: IdentityProvider, redirect_uri: str, now: int, server: mail.MailServer | None
) -> AsyncIterator[Step]:
    if idp.type == "onetimepin":
        return _mail(server)
    if idp.type == "saml":
        return _saml(http, SamlConfig.model_validate(idp.config), now)
    if idp.type in PLAIN:
        client = OauthClient(http, idp, PLAIN[idp.type], VendorConfig.model_validate(idp.config))
        return _client(http, client.registration, client.endpoints, redirect_uri)
    if idp.type in OPENID:
        return _openid(http, generic(OPENID[idp.type], VendorConfig.model_validate(idp.config)), redirect_uri)
    return _openid(http, OidcConfig.model_validate(idp.config), redirect_uri)


async def _openid(http: httpx.AsyncClient, config: OidcConfig, redirect_uri: str) -> AsyncIterator[Step]:
    document: dict[str, Any] | None = None
    if config.needs_discovery:
        reply = await exchange(http, Call("GET", discovery_address(config.issuer or "")), "discovery document")
        if reply.status != 200:
            yield Step("discovery document", Outcome.BAD, f"status {reply.status}", _ADVICE["discovery document"])
            return
        document = reply.document
    where = endpoints(config, document)
    if document is not None:
        yield Step("discovery document", Outcome.GOOD, f"it is that of {where.issuer}")
        yield algorithms(document, config)
    reply = await exchange(http, Call("GET", where.key_set), "key set")
    if reply.status != 200:
        yield Step("key set", Outcome.BAD, f"status {reply.status}", _ADVICE["key set"])
        return
    count = len(read_key_set(reply.document).keys)
    yield Step("key set", Outcome.GOOD, f"{count} key{'' if count == 1 else 's'} to verify signatures by")
    async for step in _client(http, config, where, redirect_uri):
        yield step


def algorithms(document: dict[str, Any], config: OidcConfig) -> Step:
    """Whether the provider signs in a way that is accepted here."""
    offered = document.get("id_token_signing_alg_values_supported")
    if not isinstance(offered, list):
        return Step("signatures", Outcome.UNCLEAR, "the provider does not say how it signs")
    common = [name for name in config.allowed_algorithms if name in offered]
    if common:
        return Step("signatures", Outcome.GOOD, f"both sides know {', '.join(common)}")
    said = ", ".join(str(name)[:20] for name in offered[:10])
    advice = f"have the provider sign with one of {', '.join(config.allowed_algorithms)}"
    return Step("signatures", Outcome.BAD, f"it signs with {said}", advice)


async def _client(
    http: httpx.AsyncClient, client: messages.Client, where: Endpoints, redirect_uri: str
) -> AsyncIterator[Step]:
    request = messages.token_request(client, where, _nobodys_attempt(), redirect_uri, _NO_CODE)
    yield client_step(await exchange(http, request, "token endpoint"), redirect_uri)


def client_step(reply: Reply, redirect_uri: str) -> Step:
    """What the token endpoint's complaint about a code that cannot exist says about the client."""
    name, error = "client", reply.document.get("error")
    if isinstance(error, dict):
        error = "invalid_grant" if error.get("code") == _FACEBOOK_CODE else "invalid_client"
    if error in _CODE_REFUSED:
        return Step(name, Outcome.GOOD, "the provider knows client_id and client_secret")
    if error in _CLIENT_REFUSED:
        advice = "copy client_id and client_secret from the provider again; a secret may have expired there"
        return Step(name, Outcome.BAD, f"the provider does not accept them ({error})", advice)
    if error in _REDIRECT_REFUSED:
        return Step(name, Outcome.BAD, f"the redirect URI is not known there ({error})", f"register {redirect_uri}")
    said = str(error)[:100] if error else f"status {reply.status}"
    return Step(name, Outcome.UNCLEAR, f"the provider said {said}", "sign in once to be sure")


async def _saml(http: httpx.AsyncClient, config: SamlConfig, now: int) -> AsyncIterator[Step]:
    time, current = datetime.fromtimestamp(now, UTC), 0
    for number, certificate in enumerate(config.certificates, 1):
        since, until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        current += since <= time < until
        yield certificate_step(number, since, until, time)
    if not current:
        yield Step("certificates", Outcome.BAD, "none of them counts now", "add the provider's present one")
    try:
        async with asyncio.timeout(TIMEOUT):
            response = await http.get(config.sso_target_url, headers={"accept": "*/*"})
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:  # TimeoutError is an OSError
        found = f"not reached ({type(error).__name__})"
        yield Step(
            "sign-in address", Outcome.UNCLEAR, found, "browsers have to reach sso_target_url; this machine need not"
        )
        return
    good = response.status_code < 500 and response.status_code != 404
    yield Step(
        "sign-in address", Outcome.GOOD if good else Outcome.BAD, f"it answers with status {response.status_code}"
    )


def certificate_step(number: int, since: datetime, until: datetime, now: datetime) -> Step:
    """Whether a certificate in ``idp_public_certs`` counts. Signatures by one that is over, or not valid yet, are refused."""
    name = f"certificate {number}"
    if now < since or now >= until:
        found = f"valid from {since:%Y-%m-%d} to {until:%Y-%m-%d}"
        return Step(
            name, Outcome.UNCLEAR, found, "ask whether the provider has a new one, and add it to idp_public_certs"
        )
    if (until - now).total_seconds() < _SOON:
        return Step(
            name, Outcome.UNCLEAR, f"ends on {until:%Y-%m-%d}", "add the next one beside it when the provider has it"
        )
    return Step(name, Outcome.GOOD, f"good until {until:%Y-%m-%d}")


async def _mail(server: mail.MailServer | None) -> AsyncIterator[Step]:
    if server is None:
        yield Step("mail server", Outcome.BAD, "none is set", "add 'mail:' with host and sender")
        return
    try:
        await mail.reach(server)
    except MailError as error:
        yield Step("mail server", Outcome.BAD, str(error))
        return
    yield Step("mail server", Outcome.GOOD, f"{server.host}:{server.port} lets us in; no mail was sent")


def _nobodys_attempt() -> LoginAttempt:
    return LoginAttempt(
        state="",
        idp_id="",
        destination=None,
        browser_hash="0" * 64,
        nonce="",
        code_verifier="0" * 43,
        created_at=0,
        expires_at=0,
    )
