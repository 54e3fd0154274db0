"""The login page: the ways to sign in that an application allows."""

from __future__ import annotations

from starlette.responses import Response

from doorward.login import browser
from doorward.login.answers import PREFIX, page_answer, query_string
from doorward.login.entry import methods
from doorward.login.link import Proven, renewed
from doorward.login.visit import Visit
from doorward.organization import IdentityProvider
from doorward.pages import Chooser, Method, PinForm
from doorward.services import Services


def chooser(
    visit: Visit,
    services: Services,
    link: Proven,
    *,
    status: int = 200,
    error: str = "",
    email: str = "",
    signed_in_as: str = "",
) -> Response:
    """Buttons for the providers, and the address field of the one-time PIN. Sets CF_Session (access.md 1.4, 6.4).

    Args:
        visit: the request.
        services: of the process.
        link: the proven login link; a fresh proof of the same goes into the page's own links.
        status: of the answer.
        error: about the address that was typed.
        email: what was typed.
        signed_in_as: who is signed in already, by a provider that this application does not allow.
    """
    application, organization = link.application, visit.organization
    query = query_string(
        {"kid": application.aud, "meta": renewed(link, visit), "redirect_url": link.destination.redirect_url}
    )
    host = link.destination.hostname
    offered = methods(application, visit.snapshot)
    pin = next((idp for idp in offered if idp.type == "onetimepin"), None)
    page = Chooser(
        application_name=application.name,
        hostname=host,
        methods=tuple(
            Method(name=idp.name, type=idp.type, url=f"{PREFIX}/start/{idp.id}/{host}{query}")
            for idp in offered
            if idp.type != "onetimepin"
        ),
        pin_form=_pin_form(pin, link, f"{PREFIX}/verify-code/{host}{query}", email) if pin is not None else None,
        error=error,
        signed_in_as=signed_in_as,
    )
    value = browser.binding(visit, services.token())
    return page_answer(
        services.pages,
        organization,
        page,
        status,
        cookies=browser.attempt_cookies(visit, value),
        headers=(("cf-access-domain", application.domain),),
        form_targets=(organization.public.origin(host),),
    )


def _pin_form(pin: IdentityProvider, link: Proven, action: str, email: str) -> PinForm:
    """With the fields of access.md 6.4, for scripts that know them; only the address is read."""
    hidden = (
        ("client_id", link.application.aud),
        ("connector_id", pin.id),
        ("connector_type", pin.type),
        ("redirect_url", link.destination.redirect_url),
    )
    return PinForm(action=action, name=pin.name, hidden=hidden, email=email)
