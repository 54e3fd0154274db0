"""Where a visitor says why, and waits until others agree (access.md 4.5, 4.6)."""

from __future__ import annotations

import hashlib
from typing import Final

from starlette.responses import Response

from doorward.access.grant_record import of_grant
from doorward.grants import LONGEST_REASON, SHORTEST_REASON, Grant, State, ask, missing, read_reason
from doorward.login import browser
from doorward.login.address import address_bucket
from doorward.login.answers import PREFIX, destination_url, page_answer, query_string, redirect, team_url
from doorward.login.approvers_mail import tell_approvers
from doorward.login.clearance import clearance_of, weighed
from doorward.login.entry import enter, methods, refuse
from doorward.login.factor_proofs import factored
from doorward.login.form_proof import form_proof, form_proven
from doorward.login.link import Proven, Stale, read_link, reason_url
from doorward.login.outbox import Outbox
from doorward.login.problems import lost_browser, too_many_requests
from doorward.login.recording import seen
from doorward.login.start import restart
from doorward.login.visit import Visit
from doorward.login.weighing import personal_verdict
from doorward.pages import AskReason, Waiting
from doorward.policy.model import Policy
from doorward.policy.verdict import Outcome
from doorward.services import Services
from doorward.sessions import Session, app_session_lifetime

REQUESTS: Final = 5
"""Requests for approval of one person for one application in ``WINDOW`` seconds; each mails every approver."""
ALL_REQUESTS: Final = 20
"""The same over all applications."""
WINDOW: Final = 3600
LOOK_AGAIN: Final = 5
"""Seconds after which the waiting page is loaded again."""


async def purpose(visit: Visit, services: Services, outbox: Outbox, host: str) -> Response:
    """``GET|POST /purpose/<host>``: the form, the waiting page, or on to the application when nothing is missing."""
    link = read_link(visit, host)
    if isinstance(link, Stale):
        return restart(visit, services, link)
    application, destination = link.application, link.destination
    visit = visit.to(destination)
    session = await browser.signed_in(visit, services)
    if session is None or session.identity.idp_id not in {idp.id for idp in methods(application, visit.snapshot)}:
        return restart(visit, services, Stale(application, destination_url(visit.organization, destination)))
    verdict = await personal_verdict(visit, services, session, application)
    if verdict.outcome is not Outcome.ALLOW or verdict.policy is None:
        return refuse(visit, services, application, destination, verdict, session=session)
    shown = await factored(visit, services, session, application, verdict)
    found = await weighed(visit, services, session, application, verdict)
    if found.verdict.outcome is Outcome.ALLOW or shown.verdict.outcome is not Outcome.ALLOW:
        return await enter(visit, services, session, application, destination, single_sign_on=True)
    if visit.method == "POST":
        return await _say(visit, services, outbox, link, session, verdict.policy)
    latest = (await clearance_of(services, session, application)).latest(verdict.policy, visit.now)
    if latest is not None and latest.state(visit.now) is State.PENDING:
        return _waiting(visit, services, link, verdict.policy, latest)
    return _form(visit, services, link, session, verdict.policy, note=_note(latest, visit.now))


async def _say(
    visit: Visit, services: Services, outbox: Outbox, link: Proven, session: Session, policy: Policy
) -> Response:
    application = link.application
    if not form_proven(visit, session, _subject(link, policy)):
        raise lost_browser(destination_url(visit.organization, link.destination))
    typed = visit.form.get("reason")
    reason = read_reason(typed)
    if reason is None:
        error = f"Write a reason of {SHORTEST_REASON} to {LONGEST_REASON} characters."
        return _form(visit, services, link, session, policy, reason=typed[:LONGEST_REASON], error=error, status=400)
    if policy.approval_required:
        await _count(visit, services, link, session)
    request = ask(
        grant_id=hashlib.sha256(services.token().encode()).hexdigest()[:32],
        session_nonce=session.nonce,
        user_id=session.user_id,
        email=session.identity.email,
        application_id=application.id,
        policy=policy,
        reason=reason,
        seconds=int(app_session_lifetime(application, policy, visit.organization).total_seconds()),
        now=visit.now,
    )
    earlier = await clearance_of(services, session, application)
    insufficient = earlier.insufficient(policy, visit.snapshot.directory, visit.now)
    grant, fresh = await services.store.grants.add(request, insufficient)
    if fresh:
        services.audit.record(of_grant(seen(visit), "asked", grant, application, policy, session, visit.now))
        if grant.needs_approval:
            await tell_approvers(visit, services, outbox, grant, application, policy, link.destination.hostname)
    return redirect(services.pages, visit.organization, reason_url(visit, link))


async def _count(visit: Visit, services: Services, link: Proven, session: Session) -> None:
    """Raises ``RefusedVisitError`` when this person, or this client, asks again and again."""
    who, client = session.user_id, address_bucket(visit.ip)
    for bucket, most in (
        (f"ask:{who}:{link.application.id}", REQUESTS),
        (f"ask:{who}", ALL_REQUESTS),
        (f"ask-client:{client}", 10 * ALL_REQUESTS),
    ):
        if not await services.store.limits.hit(bucket, most, WINDOW, visit.now):
            raise too_many_requests(WINDOW, destination_url(visit.organization, link.destination))


def _form(
    visit: Visit,
    services: Services,
    link: Proven,
    session: Session,
    policy: Policy,
    *,
    reason: str = "",
    note: str = "",
    error: str = "",
    status: int = 200,
) -> Response:
    page = AskReason(
        application_name=link.application.name,
        email=session.identity.email,
        prompt=policy.purpose_justification_prompt,
        action=reason_url(visit, link),
        proof=form_proof(visit, session, _subject(link, policy)),
        needs_approval=policy.approval_required,
        longest=LONGEST_REASON,
        reason=reason,
        note=note,
        error=error,
    )
    targets = (visit.organization.public.origin(link.destination.hostname),)
    return page_answer(services.pages, visit.organization, page, status, form_targets=targets)


def _waiting(visit: Visit, services: Services, link: Proven, policy: Policy, grant: Grant) -> Response:
    again = reason_url(visit, link)
    page = Waiting(
        application_name=link.application.name,
        email=grant.email,
        reason=grant.reason,
        missing=missing(grant, policy, visit.snapshot.directory),
        approval_url=team_url(visit.organization, f"/approve/{grant.id}"),
        again_url=again,
    )
    refresh = (("refresh", f"{LOOK_AGAIN};url={again}"),)
    return page_answer(services.pages, visit.organization, page, headers=refresh)


def _subject(link: Proven, policy: Policy) -> str:
    return f"{PREFIX}/purpose{query_string({'app': link.application.id, 'policy': policy.id})}"


def _note(latest: Grant | None, now: int) -> str:
    return _NOTES[latest.state(now)] if latest is not None else ""


_NOTES: Final = {
    State.DENIED: "Your last request was refused.",
    State.LAPSED: "Nobody answered your last request in time.",
    State.OVER: "The time for which you had access is over.",
    State.REVOKED: "The access that you had was taken back.",
    State.IN_FORCE: "Those who approved your last request are no longer enough.",
}
