"""A session gets another name once a second factor was shown: a copy of the old cookie gains nothing (docs/attacks.md, 90)."""

from __future__ import annotations

from dataclasses import replace

from doorward.login.establish import session_nonce
from doorward.login.visit import Visit
from doorward.services import Services
from doorward.sessions import Session, org_claims, org_cookies
from doorward.tokens.jwt import mint_org


async def renewed(visit: Visit, services: Services, session: Session) -> tuple[str, ...]:
    """Go on under a new nonce, with everything that the session has earned but its tokens; the old one is over.

    Set-Cookie values; none when it was ended meanwhile: then nobody is signed in any more.
    """
    new = replace(session, nonce=session_nonce(services.token()))
    if not await services.store.sessions.renew(session.nonce, new, visit.now):
        return ()
    await services.refresh()
    token = mint_org(org_claims(new, visit.organization, visit.now), visit.snapshot.keys.current(visit.now))
    return org_cookies(token, new.expires_at, visit.organization.public, visit.now)
