"""Signing in to decide about a request: as anybody does, but the way ends on the page of the request, not at an application."""

from __future__ import annotations

import re
from typing import Final

from starlette.responses import Response

from doorward.grants import Grant, is_approver, is_own
from doorward.login import browser
from doorward.login.answers import PREFIX, page_answer, redirect, team_url
from doorward.login.clearance import policy_of
from doorward.login.code_page import code_page_url
from doorward.login.entry import methods
from doorward.login.outbox import Outbox
from doorward.login.pin import Wanted, send_code
from doorward.login.problems import lost_browser, method_not_offered, no_request
from doorward.login.start import depart
from doorward.login.visit import Visit
from doorward.organization import IdentityProvider
from doorward.pages import Chooser, Method, PinForm
from doorward.providers.email_address import normalize_typed_email
from doorward.services import Services
from doorward.signin import Destination

REQUEST_ID: Final = re.compile(r"[0-9a-f]{32}")
"""What a request's id looks like; anything else is none, and goes into no address."""


def approval_url(visit: Visit, grant_id: str) -> str:
    """The page of the request."""
    return team_url(visit.organization, f"/approve/{grant_id}")


def ways(visit: Visit, grant: Grant | None) -> tuple[IdentityProvider, ...]:
    """The providers whose word counts for a decision: those that the application takes. All, if there is no request."""
    application = visit.snapshot.applications.by_id(grant.application_id) if grant is not None else None
    if application is None:
        return tuple(visit.snapshot.identity_providers.values())
    return methods(application, visit.snapshot)


def sign_in_page(
    visit: Visit,
    services: Services,
    grant_id: str,
    grant: Grant | None,
    *,
    error: str = "",
    email: str = "",
    status: int = 200,
) -> Response:
    """Every way that the application takes. Else it says nothing about the request: nobody is known yet."""
    here = f"{PREFIX}/approve/{grant_id}"
    offered = ways(visit, grant)
    pin = next((idp for idp in offered if idp.type == "onetimepin"), None)
    page = Chooser(
        application_name=visit.organization.name,
        hostname=visit.organization.auth_domain,
        methods=tuple(
            Method(idp.name, idp.type, f"{here}/sign-in/{idp.id}") for idp in offered if idp.type != "onetimepin"
        ),
        pin_form=PinForm(f"{here}/code", pin.name, (), email) if pin is not None else None,
        error=error,
    )
    cookies = browser.attempt_cookies(visit, browser.binding(visit, services.token()))
    return page_answer(services.pages, visit.organization, page, status, cookies=cookies)


async def begin(visit: Visit, services: Services, grant_id: str, idp_id: str) -> Response:
    """``GET /approve/<id>/sign-in/<idp>``: to the provider."""
    if not REQUEST_ID.fullmatch(grant_id):
        raise no_request()
    again = approval_url(visit, grant_id)
    grant = await services.store.grants.find(grant_id)
    if visit.head or grant is None:
        return redirect(services.pages, visit.organization, again)
    idp = next((one for one in ways(visit, grant) if one.id == idp_id), None)
    if idp is None or idp.type == "onetimepin":
        raise method_not_offered(again)
    return await depart(visit, services, idp, _destination(visit, grant_id), None)


async def mail_code(visit: Visit, services: Services, outbox: Outbox, grant_id: str) -> Response:
    """``POST /approve/<id>/code``: a one-time PIN. A mail goes only to addresses that may decide about this request."""
    if not REQUEST_ID.fullmatch(grant_id):
        raise no_request()
    again = approval_url(visit, grant_id)
    value = browser.binding(visit, "")
    if not value or not visit.own_form():
        raise lost_browser(again)
    grant = await services.store.grants.find(grant_id)
    pin = next((idp for idp in ways(visit, grant) if idp.type == "onetimepin"), None)
    if pin is None:
        raise method_not_offered(again)
    email = normalize_typed_email(visit.form.get("email"))
    if email is None:
        error = "That is not an e-mail address. Write it like name@example.com."
        return sign_in_page(visit, services, grant_id, grant, error=error, email=visit.form.get("email"), status=400)
    expected = grant is not None and _may_decide(visit, grant, email)
    wanted = Wanted(email, pin, None, _destination(visit, grant_id), value, expected=expected)
    challenge = await send_code(visit, services, outbox, wanted)
    return redirect(services.pages, visit.organization, code_page_url(visit, challenge))


def _may_decide(visit: Visit, grant: Grant, email: str) -> bool:
    policy = policy_of(visit, grant.application_id, grant.policy_id)
    return policy is not None and is_approver(email, policy, visit.snapshot.directory) and not is_own(grant, "", email)


def _destination(visit: Visit, grant_id: str) -> Destination:
    return Destination(
        aud="",
        hostname=visit.organization.auth_domain,
        redirect_url=f"{PREFIX}/approve/{grant_id}",
        app_session_hash="",
    )
