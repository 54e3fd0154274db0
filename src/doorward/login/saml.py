"""The browser's part of SAML: metadata, the form that takes a request to a provider, and the answer that comes by a form.

That form is sent by another site, so cookies with ``SameSite`` do not come along and nothing shows which browser this is.
The answer is therefore kept, unread, beside the attempt that it names, and the browser is sent on by GET: then its
cookies come along, and the callback goes on as with any provider. Nobody can leave an answer without knowing an attempt.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.responses import Response

from doorward.access.address import host_name
from doorward.login import browser
from doorward.login.address import address_bucket, applications_on, safe_path
from doorward.login.answers import (
    application_url,
    destination_url,
    page_answer,
    redirect,
    team_url,
    text_answer,
    widened,
)
from doorward.login.link import hinted_url
from doorward.login.problems import lost_attempt, lost_browser, method_not_offered, not_found, too_many_answers
from doorward.login.trouble import provider_trouble
from doorward.login.visit import Visit
from doorward.organization import IdentityProvider
from doorward.pages import Onward
from doorward.providers import SAML_METADATA, ProviderError
from doorward.services import Services
from doorward.signin import secret_hash
from doorward.store.kept_requests import Space

RESPONSE: Final = "SAMLResponse"
RELAY_STATE: Final = "RelayState"
SPACE: Final = Space(of_client=4 * 2**20, in_all=64 * 2**20)
"""Bytes, encrypted, of answers that wait for their browsers at one time."""
ANSWERS: Final = 1000
"""Answers that one client address (IPv6: one /64), which may be a whole office, may send in ``WINDOW`` seconds."""
LARGE: Final = 65_536
"""Bytes of an answer; larger ones name hundreds of groups, and of them there may be ``LARGE_ANSWERS``."""
LARGE_ANSWERS: Final = 60
WINDOW: Final = 600
"""Seconds."""
_CACHED: Final = "public, max-age=3600"


async def keep_answer(visit: Visit, services: Services) -> Response:
    """``POST /callback`` with a ``SAMLResponse``: keep it and have the browser come back by itself.

    What answers no login that was begun here is not looked at. If its RelayState is an address of one of our
    applications, which is how providers link to them, the visitor is sent there and the login begins properly.
    """
    state = visit.form.get(RELAY_STATE)
    attempt = await services.store.attempts.find(state, visit.now)
    if attempt is None:
        begin = _own_address(visit, state)
        if not begin:
            raise lost_attempt(hinted_url(state, visit))
        return redirect(services.pages, visit.organization, begin, status=303)
    idp = visit.snapshot.identity_providers.get(attempt.idp_id)
    if idp is None or idp.type != "saml":
        raise method_not_offered("")
    await _make_room(visit, services, state, visit.form.get(RESPONSE))
    location = team_url(visit.organization, "/callback", {"state": state})
    return redirect(services.pages, visit.organization, location, status=303)


async def _make_room(visit: Visit, services: Services, state: str, response: str) -> None:
    """Keep it, unless somebody keeps too much."""
    client, hit = secret_hash(address_bucket(visit.ip)), services.store.limits.hit
    within = await hit(f"saml-answer:{client}", ANSWERS, WINDOW, visit.now)
    if within and len(response) > LARGE:
        within = await hit(f"saml-large-answer:{client}", LARGE_ANSWERS, WINDOW, visit.now)
    if not within:
        raise too_many_answers(WINDOW, client=True)
    kept = await services.store.saml.keep_answer(state, response, client, SPACE, visit.now)
    if kept in {"client_full", "full"}:
        raise too_many_answers(WINDOW, client=kept == "client_full")


async def request_form(visit: Visit, services: Services) -> Response:
    """``GET /saml-request``: the request to a provider that wants it by a form, for the browser that began the login."""
    state = visit.query.get("state")
    attempt = await services.store.attempts.find(state, visit.now)
    if attempt is None:
        raise lost_attempt(hinted_url(state, visit))
    again = destination_url(visit.organization, attempt.destination) if attempt.destination is not None else ""
    if not browser.proven(visit, attempt.browser_hash):
        raise lost_browser(again)
    idp = visit.snapshot.identity_providers.get(attempt.idp_id)
    if idp is None or idp.type != "saml":
        raise method_not_offered(again)
    try:
        form = await services.providers.saml_form(idp, attempt, _our_url(visit), visit.now)
    except ProviderError as error:
        raise provider_trouble(visit, services, error, idp, None, again=again) from error
    page = Onward(provider_name=idp.name, action=form.url, fields=form.fields)
    return widened(page_answer(services.pages, visit.organization, page), visit.organization.public)


async def metadata(visit: Visit, services: Services, idp_id: str = "") -> Response:
    """``GET /saml-metadata`` and ``/<idp id>/saml-metadata`` (access.md 1.4)."""
    idp = visit.snapshot.identity_providers.get(idp_id) if idp_id else None
    if idp_id and (idp is None or idp.type != "saml"):
        raise not_found()
    try:
        document = await services.providers.saml_metadata(_our_url(visit), visit.now, idp)
    except ProviderError as error:
        raise not_found() from error
    return text_answer(document, SAML_METADATA, cached=_CACHED)


async def answer_of(visit: Visit, services: Services, idp: IdentityProvider, state: str) -> dict[str, str] | None:
    """The kept answer of a SAML provider, used up; None for other providers."""
    if idp.type != "saml":
        return None
    return {RESPONSE: await services.store.saml.take_answer(state, visit.now) or ""}


def _our_url(visit: Visit) -> str:
    return team_url(visit.organization, "/callback")


def _own_address(visit: Visit, text: str) -> str:
    """The address of an application of ours, rebuilt from its parts; empty for anything else."""
    if len(text) > 2048 or not text.isascii():
        return ""
    try:
        parts = urlsplit(text)
        host = host_name(parts.netloc)
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or host is None or not applications_on(host, visit.snapshot):
        return ""
    path = safe_path((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
    return application_url(visit.organization, host, path)
