"""A visit to the pages of second factors: who it is, what is missing, what they have (access.md 4.7)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from starlette.responses import Response

from doorward.access.factor_record import of_factor
from doorward.access.factor_shown import factor_shown
from doorward.access.record import FactorOutcome
from doorward.applications import Application
from doorward.login import browser
from doorward.login.address import address_bucket
from doorward.login.answers import PREFIX, destination_url, page_answer, query_string, redirect
from doorward.login.entry import enter, methods, refuse
from doorward.login.factor_problems import too_many_factor_tries
from doorward.login.factor_proofs import factor_url
from doorward.login.form_proof import form_proof, form_proven
from doorward.login.link import Proven, Stale, read_link
from doorward.login.problems import lost_browser
from doorward.login.recording import seen
from doorward.login.renewal import renewed
from doorward.login.start import restart
from doorward.login.visit import Visit
from doorward.login.weighing import personal_verdict
from doorward.pages import Page
from doorward.policy.verdict import Outcome
from doorward.second_factor import Demand, Factor, Proofs, Step, demanded, next_step
from doorward.second_factor.passkeys import Site
from doorward.services import Services
from doorward.sessions import Session
from doorward.tokens.claims import SignedToken

TRIES: Final = 10
"""Wrong codes and passkeys that one client may try for one person in ``TRY_WINDOW`` seconds."""
TRY_WINDOW: Final = 900
ALL_TRIES: Final = 100
"""The same over all clients in ``DAY`` seconds. Of 10^6 codes three are right at a time: a day's chance to guess one is
1 in 3,300, for somebody who has got past the first factor. A client that was right in the last ``KNOWN_FOR`` seconds has
as many for itself, so that whoever guesses from elsewhere does not lock the owner out."""
DAY: Final = 86_400
KNOWN_FOR: Final = 30 * DAY


@dataclass(frozen=True, slots=True)
class FactorVisit:
    """Everything that was gathered; the session is live, the policies let it in, and the second factor is missing."""

    visit: Visit
    services: Services = field(repr=False)
    link: Proven
    session: Session
    demand: Demand
    factors: tuple[Factor, ...]
    proofs: Proofs
    step: Step

    @property
    def application(self) -> Application:
        return self.link.application

    @property
    def email(self) -> str:
        return self.session.identity.email

    @property
    def back(self) -> str:
        """Where everything can be begun again."""
        return destination_url(self.visit.organization, self.link.destination)

    @property
    def site(self) -> Site:
        """For whom passkeys are."""
        organization = self.visit.organization
        return Site(organization.auth_domain, organization.issuer, organization.name)

    def url(self, way: str = "") -> str:
        """One of these pages. ``way``: see ``login.factor``."""
        return factor_url(self.visit, self.link, way)

    def proof(self, way: str) -> SignedToken:
        """For the form that is sent to ``url(way)``."""
        return form_proof(self.visit, self.session, self._subject(way))

    def demand_own_form(self, way: str) -> None:
        """Raises ``RefusedVisitError`` unless this session was given the form that was sent."""
        if not form_proven(self.visit, self.session, self._subject(way)):
            raise lost_browser(self.back)

    async def count_try(self) -> None:
        """Before anything is compared. Raises ``RefusedVisitError`` after too many (docs/attacks.md, 111)."""
        limits, now = self.services.store.limits, self.visit.now
        for bucket, most, window in await self._tries():
            if not await limits.hit(bucket, most, window, now):
                self.record("wrong", "too many tries; nothing was compared")
                raise too_many_factor_tries(window, self.back)

    async def was_right(self) -> tuple[str, ...]:
        """The try that was counted is given back, this client is one that the person is known to use, and the session gets
        another name: Set-Cookie values.
        """
        buckets = [bucket for bucket, _, _ in await self._tries()]
        known = self._known if self.visit.ip is not None else ""
        now = self.visit.now
        await self.services.store.limits.succeeded(buckets, known, now + KNOWN_FOR, now)
        return await renewed(self.visit, self.services, self.session)

    async def _tries(self) -> tuple[tuple[str, int, int], ...]:
        """Where a try counts, with how many and for how long: this client's own first."""
        own = f"factor-try:{self.session.user_id}:{address_bucket(self.visit.ip)}"
        known = await self.services.store.limits.marked(self._known, self.visit.now)
        of_the_day = f"{own}:day" if known else f"factor-try:{self.session.user_id}"
        return (own, TRIES, TRY_WINDOW), (of_the_day, ALL_TRIES, DAY)

    @property
    def _known(self) -> str:
        return f"factor-known:{self.session.user_id}:{address_bucket(self.visit.ip)}"

    def record(self, outcome: FactorOutcome, detail: str) -> None:
        """Keep what was done. ``detail``: a sentence for the operator, never a code."""
        about = of_factor(seen(self.visit), outcome, self.session, self.application, detail, self.visit.now)
        self.services.audit.record(about)

    def page(self, page: Page, status: int = 200, cookies: tuple[str, ...] = ()) -> Response:
        """One of these pages. What its form leads to may end at the application."""
        targets = (self.visit.organization.public.origin(self.link.destination.hostname),)
        return page_answer(
            self.services.pages, self.visit.organization, page, status, cookies=cookies, form_targets=targets
        )

    def onward(self, cookies: tuple[str, ...] = ()) -> Response:
        """After a form: the next of these pages, or the application when nothing is missing."""
        return redirect(self.services.pages, self.visit.organization, self.url(), status=303, cookies=cookies)

    def _subject(self, way: str) -> str:
        return f"{PREFIX}/factor{query_string({'app': self.application.id, 'way': way})}"


async def gathered(visit: Visit, services: Services, host: str) -> FactorVisit | Response:
    """The visit, or the answer where nothing is missing, nobody is signed in, or the policies say no."""
    link = read_link(visit, host)
    if isinstance(link, Stale):
        return restart(visit, services, link)
    application, destination = link.application, link.destination
    visit = visit.to(destination)
    session = await browser.signed_in(visit, services)
    if session is None or session.identity.idp_id not in {idp.id for idp in methods(application, visit.snapshot)}:
        return restart(visit, services, Stale(application, destination_url(visit.organization, destination)))
    verdict = await personal_verdict(visit, services, session, application)
    if verdict.outcome is not Outcome.ALLOW:
        return refuse(visit, services, application, destination, verdict, session=session)
    demand = demanded(verdict.policy, application, visit.organization)
    proofs = await services.store.factors.shown_by(session.nonce)
    shown = factor_shown(verdict, application, session, visit.organization, proofs, visit.now)
    if demand is None or shown.verdict.outcome is Outcome.ALLOW:
        return await enter(visit, services, session, application, destination, single_sign_on=True)
    factors = await services.store.factors.of(session.user_id)
    step = next_step(demand, factors, proofs, visit.now)
    return FactorVisit(visit, services, link, session, demand, factors, proofs, step)
