"""May this person enter this application, and what follows: a hand-off to its host, or a refusal (access.md 1.3)."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable

from starlette.responses import Response

from doorward.access.deny_page import deny_url
from doorward.access.snapshot import Snapshot
from doorward.applications import Application
from doorward.custom_pages import chosen
from doorward.login.answers import (
    PREFIX,
    application_url,
    destination_url,
    page_answer,
    query_string,
    redirect,
    team_url,
)
from doorward.login.clearance import weighed
from doorward.login.factor_proofs import factor_url, factored
from doorward.login.link import Proven, reason_url
from doorward.login.recording import record_allowed, record_refused
from doorward.login.visit import Visit
from doorward.login.weighing import personal_verdict
from doorward.organization import IdentityProvider
from doorward.pages import Denied, denied
from doorward.policy.verdict import Outcome, Verdict
from doorward.services import Services
from doorward.sessions import Session, app_session_lifetime
from doorward.signin import HANDOFF_LIFETIME, Destination, Handoff


def methods(application: Application, snapshot: Snapshot) -> tuple[IdentityProvider, ...]:
    """The identity providers that the application allows, in configured order."""
    allowed = application.allowed_idps
    return tuple(idp for idp in snapshot.identity_providers.values() if not allowed or idp.id in allowed)


async def enter(
    visit: Visit,
    services: Services,
    session: Session,
    application: Application,
    destination: Destination,
    *,
    single_sign_on: bool,
    cookies: Iterable[str] = (),
) -> Response:
    """Evaluate and act: 302 to ``/authorized`` on the application's host, or the refusal. ``cookies`` go along."""
    visit = visit.to(destination)
    verdict = await personal_verdict(visit, services, session, application)
    headers = (("cf-access-domain", application.domain),)
    if verdict.outcome is not Outcome.ALLOW:
        return refuse(visit, services, application, destination, verdict, session=session, cookies=cookies)
    verdict = (await factored(visit, services, session, application, verdict)).verdict
    if verdict.outcome is not Outcome.ALLOW:  # a second factor is missing
        location = factor_url(visit, Proven(application, destination, visit.country or ""))
        return redirect(services.pages, visit.organization, location, cookies=cookies, headers=headers)
    verdict = (await weighed(visit, services, session, application, verdict)).verdict
    if verdict.outcome is not Outcome.ALLOW:  # a reason is missing, or an approval
        location = reason_url(visit, Proven(application, destination, visit.country or ""))
        return redirect(services.pages, visit.organization, location, cookies=cookies, headers=headers)
    lifetime = app_session_lifetime(application, verdict.policy, visit.organization)
    handoff = Handoff(
        nonce=services.token(),
        destination=destination,
        session_nonce=session.nonce,
        policy_id=verdict.policy.id if verdict.policy is not None else "",
        token_lifetime=int(lifetime.total_seconds()),
        created_at=visit.now,
        expires_at=visit.now + HANDOFF_LIFETIME,
    )
    await services.store.handoffs.add(handoff)
    record_allowed(visit, services, session, application, verdict)
    location = authorized_url(visit, handoff, single_sign_on=single_sign_on)
    return redirect(services.pages, visit.organization, location, cookies=cookies, headers=headers)


def authorized_url(visit: Visit, handoff: Handoff, *, single_sign_on: bool) -> str:
    """Where a hand-off is taken. ``state`` is for the eye only (access.md 1.3): nothing in it is ever believed."""
    destination = handoff.destination
    state = {
        "hostname": destination.hostname,
        "authDomain": visit.organization.auth_domain,
        "redirectURL": destination.redirect_url,
        "isSSO": single_sign_on,
    }
    encoded = base64.urlsafe_b64encode(json.dumps(state, separators=(",", ":")).encode()).decode()
    query = query_string({"nonce": handoff.nonce, "state": encoded})
    return application_url(visit.organization, destination.hostname, f"{PREFIX}/authorized{query}")


def refuse(
    visit: Visit,
    services: Services,
    application: Application,
    destination: Destination,
    verdict: Verdict,
    *,
    session: Session | None,
    cookies: Iterable[str] = (),
) -> Response:
    """403 with the reference under which the trace is kept, or the operator's own page."""
    record_refused(visit, services, application, verdict, session)
    organization = visit.organization
    back = destination_url(organization, destination)
    marked = (("cf-access-domain", application.domain), ("cf-access-aud", application.aud), ("cf-access-error", "1"))
    evidence = visit.evidence(session.identity if session is not None else None)
    elsewhere = deny_url(application, verdict, evidence, visit.snapshot, back)
    if elsewhere:
        return redirect(services.pages, organization, elsewhere, cookies=cookies, headers=marked)
    ours = Denied(
        application_name=application.name,
        message=application.custom_deny_message,
        email=session.identity.email if session is not None else "",
        reference=visit.reference,
        try_again_url=back,
        sign_out_url=team_url(organization, "/logout", {"returnTo": back}) if session is not None else "",
    )
    own = chosen(application.custom_pages, organization.custom_pages, by_identity=verdict.identity_decided)
    page, protected = denied(own, ours)
    return page_answer(services.pages, organization, page, 403, cookies=cookies, headers=(*marked, *protected))
