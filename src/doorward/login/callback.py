"""The way back: one address for every identity provider and for one-time PINs (access.md 1.4)."""

from __future__ import annotations

from starlette.responses import Response

from doorward.login import browser, saml
from doorward.login.answers import destination_url, empty_answer, team_url
from doorward.login.entry import methods
from doorward.login.establish import establish
from doorward.login.link import hinted_url
from doorward.login.parameters import ParameterError, Parameters
from doorward.login.pin_code import mailed_link, typed_code
from doorward.login.problems import (
    RefusedVisitError,
    application_gone,
    lost_attempt,
    lost_browser,
    method_not_offered,
    provider_left_open,
)
from doorward.login.trouble import provider_trouble
from doorward.login.visit import Visit
from doorward.providers import ProviderError
from doorward.services import Services


async def callback(visit: Visit, services: Services) -> Response:
    """``GET|POST /callback``: a provider's answer (``state``), a typed code, or the link in a mail (``nonce``)."""
    if visit.head:
        return empty_answer()  # whoever asks by HEAD only looks; nothing is used up
    answer = merged(visit.query, visit.form)
    if saml.RESPONSE in visit.form.values:
        return await saml.keep_answer(visit, services)
    if "state" in answer.values:
        return await provider_answer(visit, services, answer)
    if "nonce" in visit.form.values:
        return await typed_code(visit, services)
    if "nonce" in visit.query.values:
        return await mailed_link(visit, services)
    if "error" in answer.values:
        raise await left_open(visit, services)
    raise lost_attempt("")


async def left_open(visit: Visit, services: Services) -> RefusedVisitError:
    """A provider's refusal without ``state``: nobody knows which login it ends, so none is ended. The page leads to the
    application that this browser was on its way to.
    """
    destination = await services.store.attempts.latest(browser.begun_here(visit), visit.now)
    return provider_left_open(destination_url(visit.organization, destination) if destination is not None else "")


async def provider_answer(visit: Visit, services: Services, answer: Parameters) -> Response:
    """Take the attempt, once; check that it is this browser's; ask the provider who came; go on.

    Raises:
        RefusedVisitError: with the page for whatever was wrong. The attempt is used up in every case.
    """
    state = answer.get("state")
    attempt = await services.store.attempts.take(state, visit.now)
    if attempt is None:
        raise lost_attempt(hinted_url(state, visit))
    destination = attempt.destination
    again = destination_url(visit.organization, destination) if destination is not None else ""
    if not browser.proven(visit, attempt.browser_hash):
        raise lost_browser(again, cookies=bool(visit.cookies))
    application = visit.snapshot.application(destination.aud) if destination is not None else None
    if destination is not None and application is None and not destination.on_team:
        raise application_gone()
    idp = visit.snapshot.identity_providers.get(attempt.idp_id)
    if idp is None or (application is not None and idp not in methods(application, visit.snapshot)):
        raise method_not_offered(again)
    redirect_uri = team_url(visit.organization, "/callback")
    kept = await saml.answer_of(visit, services, idp, state)
    values = answer.values if kept is None else kept
    try:
        identity = await services.providers.identity(idp, attempt, values, redirect_uri, visit.now)
    except ProviderError as error:
        raise provider_trouble(visit, services, error, idp, application, again=again) from error
    return await establish(visit, services, identity, destination)


def merged(query: Parameters, form: Parameters) -> Parameters:
    """Query and form as one. Raises ``ParameterError`` when a name stands in both (docs/attacks.md, 100)."""
    both = sorted(query.values.keys() & form.values.keys())
    if both:
        raise ParameterError(f"The parameter {both[0][:40]!r} was sent more than once.")
    return Parameters({**query.values, **form.values})
