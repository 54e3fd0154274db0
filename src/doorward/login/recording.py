"""What the login endpoints leave in the audit log: who came in, who was refused and why, who left, what failed."""

from __future__ import annotations

from starlette.requests import Request

from doorward.access.address import client_address
from doorward.access.decision import Refusal
from doorward.access.record import Visit as RecordedVisit
from doorward.access.record import of_login, of_logout
from doorward.applications import Application
from doorward.identity import Identity
from doorward.login.address import CLIENT_ADDRESS
from doorward.login.arrival import Arrival
from doorward.login.problems import RefusedVisitError
from doorward.login.visit import Visit
from doorward.policy.verdict import Verdict
from doorward.services import Services
from doorward.sessions import Session
from doorward.tokens.custom import capped


def record_allowed(
    visit: Visit, services: Services, session: Session, application: Application | None, verdict: Verdict | None
) -> None:
    """Somebody signed in, by a provider or by a session that still holds. No application: ``refresh-identity``."""
    services.audit.record(
        of_login(
            seen(visit),
            "allow",
            visit.now,
            identity=session.identity,
            user_id=session.user_id,
            application=application,
            verdict=verdict,
            detail=left_out(session, visit),
        )
    )


def left_out(session: Session, visit: Visit) -> str:
    """Says which of the configured attributes have no room in a token (access.md 2.6); empty when all have."""
    names = capped(session.identity.custom, visit.organization.custom_max_size)[1]
    return f"no room in the token for: {', '.join(names)}" if names else ""


def record_refused(
    visit: Visit, services: Services, application: Application, verdict: Verdict, session: Session | None
) -> None:
    """The policies said no. The denied page shows the reference of this record."""
    services.audit.record(
        of_login(
            seen(visit),
            "deny",
            visit.now,
            identity=session.identity if session is not None else None,
            user_id=session.user_id if session is not None else "",
            application=application,
            verdict=verdict,
            refusal=Refusal.POLICY.value,
            status=403,
        )
    )


def record_failed(
    visit: Visit,
    services: Services,
    refusal: str,
    status: int,
    *,
    application: Application | None = None,
    identity: Identity | None = None,
    idp_id: str = "",
    detail: str = "",
) -> None:
    """A login that did not end in an identity. ``detail``: a sentence for the operator, never a secret."""
    services.audit.record(
        of_login(
            seen(visit),
            "error",
            visit.now,
            identity=identity,
            application=application,
            idp_id=idp_id,
            refusal=refusal,
            status=status,
            detail=detail,
        )
    )


def record_refusal(arrival: Arrival, services: Services, request: Request, error: RefusedVisitError) -> None:
    """A visit that ended with a page which says no. What strangers merely stumble on has no code and no record."""
    if not error.refusal:
        return
    address = client_address(request.headers.get(CLIENT_ADDRESS, ""))
    seen = RecordedVisit(
        arrival.request_id,
        request.method,
        arrival.asked.host,
        request.scope["path"],
        address,
        services.country(address),
    )
    services.audit.record(
        of_login(seen, "error", services.now(), refusal=error.refusal, status=error.problem.status, detail=str(error))
    )


def record_logout(visit: Visit, services: Services, session: Session | None) -> None:
    services.audit.record(of_logout(seen(visit), session, visit.now))


def seen(visit: Visit) -> RecordedVisit:
    """The part of a visit that records keep."""
    return RecordedVisit(visit.id, visit.method, visit.asked.host, visit.path, visit.ip, visit.country)
