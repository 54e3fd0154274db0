"""What a session has shown of second factors, gathered, and what follows from it for a verdict (access.md 4.7)."""

from __future__ import annotations

from doorward.access.factor_shown import factor_shown
from doorward.applications import Application
from doorward.login.answers import team_url
from doorward.login.link import Proven, renewed
from doorward.login.visit import Visit
from doorward.policy.model import Policy
from doorward.policy.verdict import Verdict
from doorward.second_factor import NO_PROOFS, Proofs, Shown, counting_until, demanded, ever_demanded, reported
from doorward.services import Services
from doorward.sessions import Session


async def proofs_of(visit: Visit, services: Services, session: Session, application: Application) -> Proofs:
    """Read only where a second factor may be demanded."""
    if not ever_demanded(application, visit.organization):
        return NO_PROOFS
    return await services.store.factors.shown_by(session.nonce)


async def factored(
    visit: Visit, services: Services, session: Session, application: Application, verdict: Verdict
) -> Shown:
    """The verdict after the second factor was looked at."""
    proofs = await proofs_of(visit, services, session, application)
    return factor_shown(verdict, application, session, visit.organization, proofs, visit.now)


async def factor_end(
    visit: Visit, services: Services, session: Session, application: Application, policy: Policy
) -> tuple[bool, int | None]:
    """Whether the second factor that is demanded is missing; and until when what was shown counts, if one is demanded."""
    demand = demanded(policy, application, visit.organization)
    if demand is None:
        return False, None
    proofs = await proofs_of(visit, services, session, application)
    shown = (*proofs.only(session.nonce).proofs, *reported(session.identity, session.created_at))
    until = counting_until(demand, shown, visit.now)
    return until is None, until


def factor_url(visit: Visit, link: Proven, way: str = "") -> str:
    """Where a second factor is shown or set up. A fresh proof of the link goes along. ``way``: see ``login.factor``."""
    destination = link.destination
    query = {"kid": destination.aud, "meta": renewed(link, visit), "redirect_url": destination.redirect_url}
    return team_url(visit.organization, f"/factor/{destination.hostname}", query | ({"way": way} if way else {}))
