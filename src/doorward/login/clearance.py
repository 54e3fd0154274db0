"""What a session asked for at an application, gathered, and what follows from it for a verdict."""

from __future__ import annotations

from doorward.applications import Application
from doorward.grants import NO_CLEARANCE, Clearance, Weighed, asks_for_more, weigh
from doorward.login.visit import Visit
from doorward.policy.model import Policy
from doorward.policy.verdict import Verdict
from doorward.services import Services
from doorward.sessions import Session


async def clearance_of(services: Services, session: Session, application: Application) -> Clearance:
    """Read only where a policy of the application wants a reason or an approval."""
    if not asks_for_more(application.policies):
        return NO_CLEARANCE
    grants = await services.store.grants.of(session.nonce, application.id)
    return Clearance(session.nonce, application.id, grants)


async def weighed(
    visit: Visit, services: Services, session: Session, application: Application, verdict: Verdict
) -> Weighed:
    """The verdict after the grants were looked at."""
    clearance = await clearance_of(services, session, application)
    return weigh(verdict, clearance, visit.snapshot.directory, visit.now)


def policy_of(visit: Visit, application_id: str, policy_id: str) -> Policy | None:
    """The policy as it is now; None when it, or the application, is gone."""
    application = visit.snapshot.applications.by_id(application_id)
    policies = application.policies if application is not None else ()
    return next((policy for policy in policies if policy.id == policy_id), None)
