"""The end of a login, on the application's own host: a hand-off becomes the application's cookie (access.md 1.3)."""

from __future__ import annotations

import hashlib
from typing import Final

from starlette.responses import Response

from doorward.access import rounds
from doorward.applications import Application
from doorward.grants import asks_for_more
from doorward.login import resume, walk
from doorward.login.address import ApplicationHost
from doorward.login.answers import continued, destination_url, entrance_url, redirect
from doorward.login.app_tokens import valid_tokens
from doorward.login.clearance import clearance_of
from doorward.login.entry import methods
from doorward.login.factor_proofs import factor_end
from doorward.login.problems import RefusedVisitError, lost_browser, lost_handoff, too_many_logins
from doorward.login.roads import Roads
from doorward.login.stops import walk_of
from doorward.login.visit import Visit
from doorward.login.weighing import standing_verdict
from doorward.policy.model import Policy
from doorward.policy.verdict import Outcome
from doorward.services import Services
from doorward.sessions import Session, app_claims, app_cookies, app_session_proven
from doorward.signin import Handoff
from doorward.tokens.jwt import mint_app

TOKENS: Final = 120
"""Tokens that one session may have made for one application in ``WINDOW`` seconds; each is one more to revoke."""
WINDOW: Final = 3600


async def authorized(visit: Visit, services: Services, asked: ApplicationHost, roads: Roads) -> Response:
    """``GET|HEAD /authorized?nonce&state``: take the hand-off, once, in the browser and at the host it was made for."""
    handoff = await services.store.handoffs.take(visit.query.get("nonce"), visit.now)
    try:
        return await _authorized(visit, services, asked, handoff, roads)
    except RefusedVisitError:
        location = walk.carried_on(visit, handoff.destination.redirect_url, roads) if handoff is not None else ""
        if not location:
            raise
        return redirect(services.pages, visit.organization, location)


async def _authorized(
    visit: Visit, services: Services, asked: ApplicationHost, handoff: Handoff | None, roads: Roads
) -> Response:
    home = entrance_url(visit.organization, asked.host, asked.applications)
    if handoff is None:
        if valid_tokens(visit, asked):  # the back button: the login was finished in this browser
            return redirect(services.pages, visit.organization, home)
        raise lost_handoff(home)
    _check_place(visit, asked, handoff, home)
    path = handoff.destination.redirect_url
    application = next((one for one in asked.applications if one.aud == handoff.destination.aud), None)
    session = await services.store.sessions.find(handoff.session_nonce)
    if application is None or session is None or not session.live(visit.now):
        raise lost_handoff(home)
    policy = await _allowing_now(visit, services, handoff, session, application)
    if policy is None:
        raise lost_handoff(home)
    clearance = await clearance_of(services, session, application)
    wanted = asks_for_more((policy,))
    grant = clearance.covering(policy, visit.snapshot.directory, visit.now) if wanted else None
    if wanted and grant is None:  # its time is over, or it was revoked, in the last two minutes
        raise lost_handoff(home)
    missing, factor_until = await factor_end(visit, services, session, application, policy)
    if missing:  # likewise the second factor
        raise lost_handoff(home)

    bucket = f"tokens:{session.nonce}:{application.id}" + (f":{asked.host}" if walk_of(path, visit.snapshot) else "")
    if not await services.store.limits.hit(bucket, TOKENS, WINDOW, visit.now):
        raise too_many_logins(WINDOW, home)
    nonce = hashlib.sha256(services.token().encode()).hexdigest()
    ends = (grant.ends_at if grant is not None else None, factor_until)
    until = min((end for end in ends if end is not None), default=None)
    claims = app_claims(session, application, policy, visit.organization, visit.now, nonce, until=until)
    token = mint_app(claims, visit.snapshot.keys.current(visit.now))
    recorded = await services.store.app_tokens.record(
        claims.nonce, session.nonce, application.id, claims.iat, claims.exp, claims.policy_id,
        grant.id if grant is not None else "",
    )  # fmt: skip
    if not recorded:  # the session, or the grant, was revoked a moment ago
        raise lost_handoff(home)
    await resume.admit(visit, services, handoff.destination, session)
    public = visit.organization.public
    cookies = app_cookies(application, token, claims, public, asked.host, visit.now) + _note(
        visit, handoff, application
    )
    onward = walk.next_place(visit, application, path, claims.exp - claims.iat, roads)
    go_on = continued if _by_page(visit, application, path, onward) else redirect
    location = onward or destination_url(visit.organization, handoff.destination)
    return go_on(services.pages, visit.organization, location, cookies=cookies)


async def _allowing_now(
    visit: Visit, services: Services, handoff: Handoff, session: Session, application: Application
) -> Policy | None:
    """The policy that lets this session in by the rules of now: the token lasts, and may not be judged again.

    Mostly the one of the login. Another, if here is seen what was not at the team domain (an address of the other family):
    whatever that one demands besides is then demanded too. Hand-offs of the very second in which the rules changed (the
    mark is the one after it) may have been made by the new ones; they are judged like all others.
    """
    if handoff.created_at < application.not_before - 1 or _policy(application, handoff.policy_id) is None:
        return None
    if session.identity.idp_id not in {idp.id for idp in methods(application, visit.snapshot)}:
        return None
    verdict = await standing_verdict(visit.to(handoff.destination), services, session, application)
    if verdict.outcome is not Outcome.ALLOW or verdict.policy is None:
        return None
    return _policy(application, verdict.policy.id)


def _check_place(visit: Visit, asked: ApplicationHost, handoff: Handoff, home: str) -> None:
    """The hand-off is for this host, and for this browser. Raises ``RefusedVisitError``."""
    if handoff.destination.hostname != asked.host:
        raise lost_handoff(home)
    if not _proven(visit, handoff):
        raise lost_browser(home, cookies=bool(visit.cookies))


def _by_page(visit: Visit, application: Application, path: str, onward: str) -> bool:
    """Not by a redirect: for cookies that browsers do not send after one by another site, and on long walks."""
    if visit.head:
        return False
    if application.same_site_cookie_attribute == "strict":
        return True
    return bool(onward) and walk.by_page(visit, application, path)


def _note(visit: Visit, handoff: Handoff, application: Application) -> tuple[str, ...]:
    """For who comes back without the cookie. Programs (HEAD) take the token themselves and go nowhere."""
    if visit.head:
        return ()
    wanted = handoff.destination.redirect_url
    return (rounds.arrived(visit.cookies, application, wanted, visit.organization.public, visit.now),)


def _proven(visit: Visit, handoff: Handoff) -> bool:
    public, wanted = visit.organization.public, handoff.destination.app_session_hash
    return app_session_proven(visit.cookies, wanted, public, visit.method, fetch_metadata=visit.fetch_metadata)


def _policy(application: Application, policy_id: str) -> Policy | None:
    """The policy that allowed, if it is still there: what was removed a moment ago lets nobody in."""
    return next((policy for policy in application.policies if policy.id == policy_id), None)
