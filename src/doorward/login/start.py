"""The login page, and the start of a trip to an identity provider (access.md 1.4)."""

from __future__ import annotations

from starlette.responses import Response

from doorward.applications import Application
from doorward.login import browser
from doorward.login.answers import Header, destination_url, redirect, team_url
from doorward.login.chooser import chooser
from doorward.login.entry import enter, methods, refuse
from doorward.login.link import Proven, Stale, hinted, read_link
from doorward.login.problems import method_not_offered, no_methods
from doorward.login.trouble import provider_trouble
from doorward.login.verdict import login_verdict
from doorward.login.visit import Visit
from doorward.organization import IdentityProvider
from doorward.policy.verdict import Outcome
from doorward.providers import ProviderError
from doorward.services import Services
from doorward.signin import ATTEMPT_LIFETIME, Destination, LoginAttempt, secret_hash


async def login(visit: Visit, services: Services, host: str) -> Response:
    """``GET /login/<host>``: straight through with a session that may enter, else the ways to sign in."""
    link = read_link(visit, host)
    if isinstance(link, Stale):
        return restart(visit, services, link)
    application, visit = link.application, visit.to(link.destination)
    offered = methods(application, visit.snapshot)
    session = await browser.signed_in(visit, services)
    if session is not None and session.identity.idp_id in {idp.id for idp in offered}:
        return await enter(visit, services, session, application, link.destination, single_sign_on=True)
    verdict = login_verdict(application, visit.evidence(), visit.snapshot)
    if verdict.outcome is Outcome.DENY:
        return refuse(visit, services, application, link.destination, verdict, session=None)
    again = destination_url(visit.organization, link.destination)
    if not offered:
        raise no_methods(again, domain_header(application))
    straight = straight_to(application, offered, organization_wide=visit.organization.auto_redirect_to_identity)
    if straight is None or visit.head or session is not None:
        return chooser(visit, services, link, signed_in_as=session.identity.email if session is not None else "")
    return await depart(visit, services, straight, link.destination, application)


async def start(visit: Visit, services: Services, idp_id: str, host: str) -> Response:
    """``GET /start/<idp>/<host>``: what the chooser's buttons lead to."""
    link = read_link(visit, host)
    if isinstance(link, Stale) or visit.head:
        return restart(visit, services, link if isinstance(link, Stale) else _stale(visit, link))
    idp = next((one for one in methods(link.application, visit.snapshot) if one.id == idp_id), None)
    if idp is None or idp.type == "onetimepin":
        raise method_not_offered(destination_url(visit.organization, link.destination))
    return await depart(visit, services, idp, link.destination, link.application)


def straight_to(
    application: Application, offered: tuple[IdentityProvider, ...], *, organization_wide: bool
) -> IdentityProvider | None:
    """The provider that needs no choosing: the only one there is, or with ``auto_redirect_to_identity`` the only one
    that has a page of its own (a one-time PIN has none: its address field stands on the login page).
    """
    elsewhere = [idp for idp in offered if idp.type != "onetimepin"]
    automatic = application.auto_redirect_to_identity or organization_wide
    return elsewhere[0] if len(elsewhere) == 1 and (automatic or len(offered) == 1) else None


async def depart(
    visit: Visit,
    services: Services,
    idp: IdentityProvider,
    destination: Destination | None,
    application: Application | None,
    *,
    prompt: str = "",
) -> Response:
    """Begin an attempt, tied to this browser, and go to the provider."""
    value = browser.binding(visit, services.token())
    attempt = LoginAttempt(
        state=hinted(services.token(), application),
        idp_id=idp.id,
        destination=destination,
        browser_hash=secret_hash(value),
        nonce=services.token(),
        code_verifier=services.token(),
        created_at=visit.now,
        expires_at=visit.now + ATTEMPT_LIFETIME,
    )
    try:
        location = await services.providers.authorization_url(
            idp, attempt, team_url(visit.organization, "/callback"), visit.now, prompt=prompt
        )
    except ProviderError as error:
        again = destination_url(visit.organization, destination) if destination is not None else ""
        raise provider_trouble(visit, services, error, idp, application, again=again) from error
    await services.store.attempts.add(attempt)
    return redirect(
        services.pages,
        visit.organization,
        location,
        cookies=browser.attempt_cookies(visit, value),
        headers=domain_header(application),
    )


def restart(visit: Visit, services: Services, link: Stale) -> Response:
    """Back to the application, where the door makes a fresh link."""
    return redirect(services.pages, visit.organization, link.location, headers=domain_header(link.application))


def domain_header(application: Application | None) -> tuple[Header, ...]:
    """``CF-Access-Domain``, without which older cloudflared gives up (access.md 1.1)."""
    return (("cf-access-domain", application.domain),) if application is not None else ()


def _stale(visit: Visit, link: Proven) -> Stale:
    return Stale(link.application, destination_url(visit.organization, link.destination))
