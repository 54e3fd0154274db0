"""The end of a login, on the application's own host: a hand-off becomes the application's cookie (access.md 1.3)."""

from __future__ import annotations

import hashlib
from typing import Final

from starlette.responses import Response

from doorward.applications import Application
from doorward.login.address import ApplicationHost
from doorward.login.answers import continued, destination_url, entrance_url, redirect
from doorward.login.app_tokens import valid_tokens
from doorward.login.problems import lost_browser, lost_handoff, too_many_logins
from doorward.login.visit import Visit
from doorward.policy.model import Policy
from doorward.services import Services
from doorward.sessions import app_claims, app_cookies, app_session_proven
from doorward.signin import Handoff
from doorward.tokens.jwt import mint_app

TOKENS: Final = 120
"""Tokens that one session may have made for one application in ``WINDOW`` seconds; each is one more to revoke."""
WINDOW: Final = 3600


async def authorized(visit: Visit, services: Services, asked: ApplicationHost) -> Response:
    """``GET|HEAD /authorized?nonce&state``: take the hand-off, once, in the browser and at the host it was made for."""
    home = entrance_url(visit.organization, asked.host, asked.applications)
    handoff = await services.store.handoffs.take(visit.query.get("nonce"), visit.now)
    if handoff is None:
        if valid_tokens(visit, asked):  # the back button: the login was finished in this browser
            return redirect(services.pages, visit.organization, home)
        raise lost_handoff(home)
    if handoff.destination.hostname != asked.host:
        raise lost_handoff(home)
    if not _proven(visit, handoff):
        raise lost_browser(home)
    application = next((one for one in asked.applications if one.aud == handoff.destination.aud), None)
    policy = _policy(application, handoff.policy_id)
    session = await services.store.sessions.find(handoff.session_nonce)
    if application is None or policy is None or session is None or not session.live(visit.now):
        raise lost_handoff(home)

    if not await services.store.limits.hit(f"tokens:{session.nonce}:{application.id}", TOKENS, WINDOW, visit.now):
        raise too_many_logins(WINDOW, home)
    nonce = hashlib.sha256(services.token().encode()).hexdigest()
    claims = app_claims(session, application, policy, visit.organization, visit.now, nonce)
    token = mint_app(claims, visit.snapshot.keys.current(visit.now))
    recorded = await services.store.app_tokens.record(
        claims.nonce, session.nonce, application.id, claims.iat, claims.exp, claims.policy_id
    )
    if not recorded:  # the session was revoked a moment ago
        raise lost_handoff(home)
    location = destination_url(visit.organization, handoff.destination)
    cookies = app_cookies(application, token, claims, visit.organization.public, asked.host, visit.now)
    go_on = continued if application.same_site_cookie_attribute == "strict" and not visit.head else redirect
    return go_on(services.pages, visit.organization, location, cookies=cookies)


def _proven(visit: Visit, handoff: Handoff) -> bool:
    public, wanted = visit.organization.public, handoff.destination.app_session_hash
    return app_session_proven(visit.cookies, wanted, public, visit.method, fetch_metadata=visit.fetch_metadata)


def _policy(application: Application | None, policy_id: str) -> Policy | None:
    """The policy that allowed, if it is still there: what was removed a moment ago lets nobody in."""
    policies = application.policies if application is not None else ()
    return next((policy for policy in policies if policy.id == policy_id), None)
