"""Where an approver decides about a request (access.md 4.6): the page shows, and only a posted form changes anything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from starlette.responses import Response

from doorward.access.grant_record import of_grant
from doorward.access.record import GrantOutcome
from doorward.durations import format_duration
from doorward.grants import (
    CHOICES,
    AnswerRefusedError,
    Approval,
    Grant,
    State,
    Why,
    answered,
    missing,
    obstacle,
)
from doorward.identity import canonical_email
from doorward.login import browser
from doorward.login.answers import PREFIX, empty_answer, page_answer, redirect, team_url
from doorward.login.approver_sign_in import REQUEST_ID, approval_url, sign_in_page, ways
from doorward.login.clearance import policy_of
from doorward.login.form_proof import form_proof, form_proven
from doorward.login.problems import (
    lost_browser,
    no_request,
    not_an_approver,
    own_request,
    undecided,
    untrusted_provider,
)
from doorward.login.recording import record_failed, seen
from doorward.login.visit import Visit
from doorward.pages import Approve, Notice
from doorward.policy.model import Policy
from doorward.services import Services
from doorward.sessions import Session

_CHOSEN: Final = timedelta(hours=1)
_WORDS: Final = {"m": "minute", "h": "hour"}


async def approve(visit: Visit, services: Services, grant_id: str) -> Response:
    """``GET|POST /approve/<id>``. By GET nothing is decided, however often the link is fetched (docs/attacks.md, 112)."""
    if visit.head:
        return empty_answer()
    grant = await services.store.grants.find(grant_id) if REQUEST_ID.fullmatch(grant_id) else None
    if grant is None:
        raise no_request()
    session = await browser.signed_in(visit, services)
    if session is None:
        return sign_in_page(visit, services, grant_id, grant)
    _demand_trusted(visit, services, grant, session)
    policy = policy_of(visit, grant.application_id, grant.policy_id)
    asker = await services.store.sessions.find(grant.session_nonce)
    why = obstacle(grant, session.user_id, session.identity.email, policy, visit.snapshot.directory, visit.now)
    if why is None and (asker is None or not asker.live(visit.now)):
        why = Why.SETTLED  # whoever asked has signed out
    if why is not None or policy is None or asker is None:
        return _nothing_to_decide(visit, services, grant, policy, session, why or Why.SETTLED)
    if visit.method == "POST":
        return await _decide(visit, services, grant, policy, session)
    return _page(visit, services, grant, policy, session, asker)


def _demand_trusted(visit: Visit, services: Services, grant: Grant, session: Session) -> None:
    """Raises ``RefusedVisitError`` when the application would not take this provider's word for who this is."""
    if session.identity.idp_id in {idp.id for idp in ways(visit, grant)}:
        return
    record_failed(
        visit, services, "untrusted_provider", 403,
        application=visit.snapshot.applications.by_id(grant.application_id),
        identity=session.identity,
        detail=f"grant {grant.id}: the application does not take the word of {session.identity.idp_id}",
    )  # fmt: skip
    raise untrusted_provider(_sign_out_url(visit, grant))


async def _decide(visit: Visit, services: Services, grant: Grant, policy: Policy, session: Session) -> Response:
    """Once for each approver, in one transaction with what the others say."""
    here = approval_url(visit, grant.id)
    if not form_proven(visit, session, _subject(grant)):
        raise lost_browser(here)
    approved = {"approve": True, "deny": False}.get(visit.form.get("decision"))
    chosen = {format_duration(choice): choice for choice in CHOICES}.get(visit.form.get("duration"))
    if approved is None or (approved and chosen is None):
        raise undecided(here)
    seconds = int(chosen.total_seconds()) if approved and chosen is not None else 0
    approval = Approval(session.user_id, canonical_email(session.identity.email), approved, seconds, visit.now)
    directory = visit.snapshot.directory
    try:
        after = await services.store.grants.answer(
            grant.id, lambda kept: answered(kept, approval, policy, directory, visit.now)
        )
    except AnswerRefusedError as error:
        return _nothing_to_decide(visit, services, grant, policy, session, error.why)
    if after is None:
        raise no_request()
    outcome: GrantOutcome = "granted" if after.granted_at is not None else "approved" if approved else "refused"
    application = visit.snapshot.applications.by_id(grant.application_id)
    services.audit.record(of_grant(seen(visit), outcome, after, application, policy, session, visit.now))
    return redirect(services.pages, visit.organization, here)


def _nothing_to_decide(
    visit: Visit, services: Services, grant: Grant, policy: Policy | None, session: Session, why: Why
) -> Response:
    sign_out = _sign_out_url(visit, grant)
    if why in {Why.NOT_AN_APPROVER, Why.OWN}:
        application = visit.snapshot.applications.by_id(grant.application_id)
        detail = f"grant {grant.id}"
        record_failed(
            visit, services, why.value, 403, application=application, identity=session.identity, detail=detail
        )
        raise (own_request() if why is Why.OWN else not_an_approver(session.identity.email, sign_out))
    title, message = _told(grant, policy if why is Why.ANSWERED else None, visit)
    return page_answer(services.pages, visit.organization, Notice(title, message, achieved=False))


def _told(grant: Grant, policy: Policy | None, visit: Visit) -> tuple[str, str]:
    """What became of it, for an approver. ``policy``: only for who has answered, and it may need more answers."""
    name = _application_name(visit, grant)
    match grant.state(visit.now):
        case State.IN_FORCE:
            return "Access is granted", f"{grant.email} may use {name} until {_moment(grant.ends_at or 0)}."
        case State.DENIED:
            return "Access was refused", f"{grant.email} does not get into {name} by this request."
        case State.PENDING if policy is not None and (left := missing(grant, policy, visit.snapshot.directory)):
            needed = "one more approval is" if left == 1 else f"{left} more approvals are"
            return "Your answer is kept", f"Before {grant.email} gets into {name}, {needed} needed."
        case _:
            return "There is nothing to decide any more", f"The request of {grant.email} for {name} is over."


def _page(visit: Visit, services: Services, grant: Grant, policy: Policy, session: Session, asker: Session) -> Response:
    application = visit.snapshot.applications.by_id(grant.application_id)
    page = Approve(
        application_name=_application_name(visit, grant),
        hostname=application.domain if application is not None else "",
        email=grant.email,
        name=asker.identity.name,
        reason=grant.reason,
        asked_at=_moment(grant.asked_at),
        place=" ".join(part for part in (asker.ip, f"({asker.country})" if asker.country else "") if part),
        approver=session.identity.email,
        approved_by=grant.approvers,
        missing=missing(grant, policy, visit.snapshot.directory),
        durations=tuple((format_duration(one), _words(one), one == _CHOSEN) for one in CHOICES),
        action=f"{PREFIX}/approve/{grant.id}",
        proof=form_proof(visit, session, _subject(grant)),
        switch_url=_sign_out_url(visit, grant),
    )
    return page_answer(services.pages, visit.organization, page)


def _sign_out_url(visit: Visit, grant: Grant) -> str:
    return team_url(visit.organization, "/logout", {"returnTo": approval_url(visit, grant.id)})


def _subject(grant: Grant) -> str:
    return f"{PREFIX}/approve/{grant.id}"


def _application_name(visit: Visit, grant: Grant) -> str:
    application = visit.snapshot.applications.by_id(grant.application_id)
    return application.name if application is not None else "an application that is gone"


def _words(duration: timedelta) -> str:
    text = format_duration(duration)
    count, unit = int(text[:-1]), _WORDS[text[-1]]
    return f"{count} {unit}{'' if count == 1 else 's'}"


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d %H:%M UTC")
