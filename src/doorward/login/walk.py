"""One login, and every host name of the application has its cookie (access.md 1.3, 7.6: ``eager_redirect_cookie_setting``).

Cookies are per host, so the browser is walked through the others once its own host has what it came for::

    a: /authorized          the cookie; the application is open from here on, whatever happens on the way
    b: /walk                CF_AppSession, or nothing to do: this browser has a token for this host already
    team: /walk/b           the session and the policies once more; a hand-off for this host and this browser
    b: /authorized          the cookie; on to the next host, and in the end back to where the visitor wanted to go

Nobody is asked anything on the way, and nothing that goes wrong on it ends it: what a host did not get now, it gets at its
first visit, as every host does where the setting is off.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.responses import Response

from doorward.applications import Application
from doorward.login import browser
from doorward.login.address import ApplicationHost
from doorward.login.answers import continued, empty_answer, entrance_url, redirect
from doorward.login.app_tokens import valid_tokens
from doorward.login.beginning import login_url
from doorward.login.clearance import weighed
from doorward.login.entry import authorized_url, methods
from doorward.login.factor_proofs import factored
from doorward.login.link import Proven, read_link
from doorward.login.problems import RefusedVisitError, not_found
from doorward.login.recording import record_allowed
from doorward.login.roads import Roads
from doorward.login.stops import Walk, home_url, read_walk, stop_url, stops, walk_of
from doorward.login.visit import Visit
from doorward.login.weighing import personal_verdict
from doorward.policy.verdict import Outcome
from doorward.resumption import kept_id
from doorward.services import Services
from doorward.sessions import app_session_cookies, app_session_lifetime, app_session_values
from doorward.signin import HANDOFF_LIFETIME, Handoff, secret_hash

IN_A_ROW: Final = 4
"""Stops without a page in between."""
SHORTEST_TOKEN: Final = 120
"""Seconds. Tokens that are over sooner are not handed out in advance."""


async def stop(visit: Visit, services: Services, asked: ApplicationHost, roads: Roads) -> Response:
    """``GET /walk`` on an application's host."""
    roads.arrived(asked.host)
    walk = read_walk(visit.query.values, visit.snapshot)
    if visit.head:
        return empty_answer()
    application = next((one for one in asked.applications if walk is not None and one.aud == walk.aud), None)
    if walk is None or application is None:
        return redirect(
            services.pages, visit.organization, entrance_url(visit.organization, asked.host, asked.applications)
        )
    if walk.home == asked.host:  # the end, for cookies that browsers do not send after a redirect by another site
        return continued(services.pages, visit.organization, home_url(visit.organization, walk))
    if any(claims.aud == application.aud for claims in valid_tokens(visit, asked)):
        return redirect(services.pages, visit.organization, onward(visit, application, walk, roads))
    public = visit.organization.public
    present = app_session_values(visit.cookies, public, visit.method, fetch_metadata=visit.fetch_metadata)
    value = present[0] if present else secret_hash(services.token())[:16]
    location = login_url(visit, application, asked.host, walk.path_here, secret_hash(value), endpoint="walk")
    cookies = () if present else app_session_cookies(value, public, visit.now)
    return redirect(services.pages, visit.organization, location, cookies=cookies)


async def hand_over(visit: Visit, services: Services, host: str, roads: Roads) -> Response:
    """``GET /walk/<host>`` on the team domain: a hand-off for that host, or on to the next."""
    walk = walk_of(visit.query.get("redirect_url"), visit.snapshot)
    application = visit.snapshot.application(walk.aud) if walk is not None else None
    if walk is None or application is None:
        raise not_found()
    if visit.head:
        return empty_answer()
    try:
        link = read_link(visit, host)
    except RefusedVisitError:
        link = None
    location = await _handed_over(visit, services, link) if isinstance(link, Proven) else ""
    return redirect(services.pages, visit.organization, location or onward(visit, application, walk, roads))


def onward(visit: Visit, application: Application, walk: Walk, roads: Roads) -> str:
    """The next stop that can be reached, or home."""
    hosts = stops(application, visit.snapshot, walk.home)
    for step in range(walk.step, len(hosts)):
        if roads.passable(hosts[step], visit.now):
            roads.sent(hosts[step], visit.now)
            return stop_url(visit.organization, hosts[step], walk.at(step + 1))
    if application.same_site_cookie_attribute == "strict":
        return stop_url(visit.organization, walk.home, walk.at(len(hosts) + 1))
    return home_url(visit.organization, walk)


def next_place(visit: Visit, application: Application, path: str, lifetime: int, roads: Roads) -> str:
    """Where to go from ``/authorized`` instead of ``path``: the first stop, the next, or home. Empty: nowhere else.

    Args:
        visit: of the host that has just got its cookie.
        application: whose cookie it is.
        path: where the login was to lead; a stop's own address when this was one.
        lifetime: seconds that the token lives.
        roads: of the process.
    """
    if visit.head:
        return ""  # programs take the cookie from this very answer (access.md 8.4)
    if walk := walk_of(path, visit.snapshot):
        return onward(visit, application, walk, roads)
    walk = Walk(application.aud, visit.asked.host, path, 0)
    wanted = application.eager_redirect_cookie_setting and lifetime >= SHORTEST_TOKEN and not kept_id(path)
    if not wanted or not walk.short_enough or not stops(application, visit.snapshot, walk.home):
        return ""
    first = onward(visit, application, walk, roads)
    return "" if urlsplit(first).hostname == walk.home else first


def by_page(visit: Visit, application: Application, path: str) -> bool:
    """Whether the next step is taken by a page in place of a redirect: browsers follow twenty in a row, and each stop
    takes three. Not with up to five host names: only redirects keep what stands behind the ``#`` of an address.
    """
    if not visit.fetch_metadata:
        return False
    hosts = stops(
        application, visit.snapshot, walk.home if (walk := walk_of(path, visit.snapshot)) else visit.asked.host
    )
    return walk.step % IN_A_ROW == 0 and walk.step < len(hosts) if walk else len(hosts) > IN_A_ROW


def carried_on(visit: Visit, path: str, roads: Roads) -> str:
    """Where a stop leads to that could not be finished; empty when it was none: then the visitor is told what is wrong."""
    walk = walk_of(path, visit.snapshot)
    application = visit.snapshot.application(walk.aud) if walk is not None else None
    return onward(visit, application, walk, roads) if walk is not None and application is not None else ""


async def _handed_over(visit: Visit, services: Services, link: Proven) -> str:
    """Where the hand-off is taken; empty when this visitor may not enter without being asked something."""
    application, destination = link.application, link.destination
    session = await browser.signed_in(visit, services)
    if session is None or session.identity.idp_id not in {idp.id for idp in methods(application, visit.snapshot)}:
        return ""
    visit = visit.to(destination)
    verdict = await personal_verdict(visit, services, session, application)
    if verdict.outcome is Outcome.ALLOW:
        verdict = (await factored(visit, services, session, application, verdict)).verdict
    if verdict.outcome is Outcome.ALLOW:
        verdict = (await weighed(visit, services, session, application, verdict)).verdict
    if verdict.outcome is not Outcome.ALLOW or verdict.policy is None:
        return ""
    lifetime = app_session_lifetime(application, verdict.policy, visit.organization)
    handoff = Handoff(
        nonce=services.token(),
        destination=destination,
        session_nonce=session.nonce,
        policy_id=verdict.policy.id,
        token_lifetime=int(lifetime.total_seconds()),
        created_at=visit.now,
        expires_at=visit.now + HANDOFF_LIFETIME,
    )
    await services.store.handoffs.add(handoff)
    record_allowed(visit, services, session, application, verdict)
    return authorized_url(visit, handoff, single_sign_on=True)
