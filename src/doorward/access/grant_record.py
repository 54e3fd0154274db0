"""What is kept of access for a time: who asked and why, who agreed or refused, who took it back (access.md 4.5, 4.6, 9.2)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from doorward.access.record import DecisionRecord, GrantOutcome, Visit, reference_of
from doorward.applications import Application
from doorward.durations import format_duration
from doorward.grants import Grant
from doorward.policy.model import Policy
from doorward.sessions import Session

_SAID: Final[dict[GrantOutcome, str]] = {
    "asked": "{email} asked",
    "approved": "{who} agreed that {email} enters",
    "refused": "{who} refused {email}",
    "granted": "{who} agreed that {email} enters, which was the last approval that was needed",
    "revoked": "{who} took back what was granted to {email}",
}


def of_grant(
    visit: Visit,
    outcome: GrantOutcome,
    grant: Grant,
    application: Application | None,
    policy: Policy | None,
    session: Session,
    now: int,
) -> DecisionRecord:
    """Something that somebody did about a grant, on the team domain.

    Args:
        visit: the request by which it was done.
        outcome: what was done.
        grant: as it is after that.
        application: where it leads; None when it is gone.
        policy: the one it is about; None when it is gone.
        session: whose act it was: of the one who asks, or of the approver.
        now: Unix seconds.
    """
    return DecisionRecord(
        reference=reference_of(visit.id),
        at=now,
        kind="approval",
        method=visit.method,
        host=visit.host,
        path=visit.path.partition("?")[0],
        ip=str(visit.ip) if visit.ip is not None else "",
        country=visit.country or "",
        user_email=session.identity.email,
        user_id=session.user_id,
        idp_id=session.identity.idp_id,
        application_id=grant.application_id,
        application_name=application.name if application is not None else "",
        policy_id=grant.policy_id,
        outcome=outcome,
        evidence=grant_evidence(grant, policy),
        detail=_detail(outcome, grant, session.identity.email),
    )


def of_revoked_grant(grant: Grant, application: Application | None, policy: Policy | None, now: int) -> DecisionRecord:
    """An operator took it back on the command line."""
    return DecisionRecord(
        reference=grant.id[:16],
        at=now,
        kind="approval",
        user_email=grant.email,
        user_id=grant.user_id,
        application_id=grant.application_id,
        application_name=application.name if application is not None else "",
        policy_id=grant.policy_id,
        outcome="revoked",
        evidence=grant_evidence(grant, policy),
        detail=_detail("revoked", grant, "an operator"),
    )


def grant_evidence(grant: Grant, policy: Policy | None) -> dict[str, Any]:
    """As the log of the hosted service names these (access.md 9.2), and the grant's id."""
    in_time = grant.granted_at is not None and grant.ends_at is not None
    return {
        "grant": grant.id,
        "purpose_justification_prompt": policy.purpose_justification_prompt if policy is not None else "",
        "purpose_justification_response": grant.reason,
        "temporary_access_approvers": list(grant.approvers),
        "temporary_access_duration": (grant.ends_at or 0) - (grant.granted_at or 0) if in_time else 0,
    }


def _detail(outcome: GrantOutcome, grant: Grant, who: str) -> str:
    said = _SAID[outcome].format(who=who, email=grant.email)
    if outcome in {"approved", "granted"} and grant.approvals:
        from_now = format_duration(timedelta(seconds=grant.approvals[-1].seconds))
        said += f", for {from_now}"
    return f"{said}; the reason: {grant.reason}"
