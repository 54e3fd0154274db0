"""What is kept of second factors: what was set up, shown, tried in vain, recovered and removed (access.md 4.7)."""

from __future__ import annotations

from doorward.access.record import DecisionRecord, FactorOutcome, Visit, evidence_of, reference_of
from doorward.applications import Application
from doorward.sessions import Session


def of_factor(
    visit: Visit, outcome: FactorOutcome, session: Session, application: Application | None, detail: str, now: int
) -> DecisionRecord:
    """Something that somebody did about a second factor, on the team domain.

    Args:
        visit: the request by which it was done.
        outcome: what was done.
        session: whose.
        application: where it was demanded; None: nowhere.
        detail: a sentence for the operator; never a code or a secret.
        now: Unix seconds.
    """
    return DecisionRecord(
        reference=reference_of(visit.id),
        at=now,
        kind="factor",
        method=visit.method,
        host=visit.host,
        path=visit.path,
        ip=str(visit.ip) if visit.ip is not None else "",
        country=visit.country or "",
        user_email=session.identity.email,
        user_id=session.user_id,
        idp_id=session.identity.idp_id,
        application_id=application.id if application is not None else "",
        application_name=application.name if application is not None else "",
        outcome=outcome,
        evidence=evidence_of(visit.ip, visit.country, session.identity),
        detail=detail,
    )


def of_removal(email: str, user_id: str, detail: str, reference: str, now: int) -> DecisionRecord:
    """An operator took authenticators away on the command line. ``reference``: 16 hex characters."""
    return DecisionRecord(
        reference=reference, at=now, kind="factor", user_email=email, user_id=user_id, outcome="removed", detail=detail
    )
