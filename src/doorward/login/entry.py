"""May this person enter this application, and what follows: a hand-off to its host, or a refusal (access.md 1.3)."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from urllib.parse import urlencode, urlsplit

from starlette.responses import Response

from doorward.access.snapshot import Snapshot
from doorward.applications import Application
from doorward.login.address import host_name
from doorward.login.answers import (
    PREFIX,
    application_url,
    destination_url,
    page_answer,
    query_string,
    redirect,
    team_url,
)
from doorward.login.recording import record_allowed, record_refused
from doorward.login.visit import Visit
from doorward.organization import IdentityProvider
from doorward.pages import Denied
from doorward.policy.evaluate import evaluate
from doorward.policy.model import Evidence
from doorward.policy.verdict import Outcome, Verdict
from doorward.services import Services
from doorward.sessions import Session, app_session_lifetime
from doorward.signin import HANDOFF_LIFETIME, Destination, Handoff

_NO_LOGIN_NEEDED = frozenset({Outcome.BYPASS, Outcome.SERVICE_AUTH})


def login_verdict(application: Application, evidence: Evidence, snapshot: Snapshot) -> Verdict:
    """What the policies say about somebody who logs in.

    A bypass or service-auth policy that matches on the team domain lets nobody in by a login: the application may see
    another address of the same visitor (IPv4 here, IPv6 there), and sending them back and forth would never end. Then
    only the policies that are about people decide.
    """
    verdict = evaluate(application.policies, evidence, snapshot.directory)
    if verdict.outcome not in _NO_LOGIN_NEEDED:
        return verdict
    about_people = tuple(policy for policy in application.policies if policy.decision in {"allow", "deny"})
    return evaluate(about_people, evidence, snapshot.directory)


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
    verdict = login_verdict(application, visit.evidence(session.identity), visit.snapshot)
    headers = (("cf-access-domain", application.domain),)
    if verdict.outcome is not Outcome.ALLOW:
        return refuse(visit, services, application, destination, verdict, session=session, cookies=cookies)
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
    elsewhere = deny_url(visit, application, verdict, session, back)
    if elsewhere:
        return redirect(services.pages, organization, elsewhere, cookies=cookies, headers=marked)
    page = Denied(
        application_name=application.name,
        message=application.custom_deny_message,
        email=session.identity.email if session is not None else "",
        reference=visit.reference,
        try_again_url=back,
        sign_out_url=team_url(organization, "/logout", {"returnTo": back}) if session is not None else "",
    )
    return page_answer(services.pages, organization, page, 403, cookies=cookies, headers=marked)


def deny_url(
    visit: Visit, application: Application, verdict: Verdict, session: Session | None, original_url: str
) -> str:
    """The operator's own page for this kind of refusal, with ``original_url`` added (access.md 1.3); empty for none.

    Also empty when that page lies behind the door and would refuse this visitor as well: two such pages that lead to
    each other would send them round for ever.
    """
    chosen = application.custom_deny_url if verdict.identity_decided else application.custom_non_identity_deny_url
    parts = urlsplit(chosen)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return ""
    behind = visit.snapshot.applications.match(host_name(parts.hostname) or "", parts.path or "/")
    if behind is not None:
        identity = session.identity if session is not None else None
        outcome = evaluate(behind.policies, visit.evidence(identity), visit.snapshot.directory).outcome
        if outcome not in {Outcome.ALLOW, Outcome.BYPASS}:
            return ""
    added = urlencode({"original_url": original_url})
    return parts._replace(query=f"{parts.query}&{added}" if parts.query else added).geturl()
