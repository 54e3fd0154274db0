"""From a proven identity to a session: the only place where anybody becomes signed in (access.md 1.3, 2.4, 5.1)."""

from __future__ import annotations

from starlette.responses import Response

from doorward.identity import Identity, canonical_email
from doorward.login import browser
from doorward.login.answers import destination_url, redirect, team_url
from doorward.login.entry import enter
from doorward.login.problems import application_gone, switched_off
from doorward.login.recording import record_allowed
from doorward.login.visit import Visit
from doorward.services import Services
from doorward.sessions import Session, org_claims, org_cookies
from doorward.signin import Destination
from doorward.tokens.jwt import mint_org

NONCE_LENGTH = 16
"""Of ``identity_nonce``: alphanumerics (access.md 2.2)."""


async def establish(
    visit: Visit,
    services: Services,
    identity: Identity,
    destination: Destination | None,
    *,
    cookies: tuple[str, ...] = (),
) -> Response:
    """Open a session for ``identity`` and go on to the application that waits.

    The session's nonce and CF_Session are new, whatever the browser brought along (docs/attacks.md, 90). The identity is a
    snapshot of this login; facts of an earlier one do not live on in it.

    Args:
        visit: the callback.
        services: of the process.
        identity: just proven by a provider or a PIN.
        destination: None: nobody waits, this was ``refresh-identity``.
        cookies: further Set-Cookie values.
    """
    previous = await browser.signed_in(visit, services)
    user_id = await services.store.users.resolve(identity.email, identity.name, visit.now)
    session = new_session(visit, identity, user_id, services.token())
    await services.store.sessions.open(session)
    await _refuse_switched_off(visit, services, session)
    if previous is not None and (destination is None or previous.user_id != user_id):
        # Another person, or facts that were asked for afresh: what the old session earned ends with it. The same person
        # in ten tabs keeps all ten sessions, or the tabs would sign each other out.
        await services.store.sessions.revoke(previous.nonce, visit.now)
        await services.refresh()
    token = mint_org(org_claims(session, visit.organization, visit.now), visit.snapshot.keys.current(visit.now))
    public = visit.organization.public
    earned = (
        *org_cookies(token, session.expires_at, public, visit.now),
        *browser.session_cookies(visit, services.token()),
        *cookies,
    )
    if destination is None:
        record_allowed(visit, services, session, None, None)
        location = team_url(visit.organization, "/refresh-identity", {"success": "true"})
        return redirect(services.pages, visit.organization, location, cookies=earned)
    if destination.on_team:
        record_allowed(visit, services, session, None, None)
        location = destination_url(visit.organization, destination)
        return redirect(services.pages, visit.organization, location, cookies=earned)
    application = visit.snapshot.application(destination.aud)
    if application is None:
        raise application_gone()
    return await enter(visit, services, session, application, destination, single_sign_on=False, cookies=earned)


async def _refuse_switched_off(visit: Visit, services: Services, session: Session) -> None:
    """Nobody whom the provider's directory (SCIM) has switched off gets a session by that provider.

    After it was opened, so that one that is switched off in this very moment is seen here or by whoever ends sessions.
    """
    idp = visit.snapshot.identity_providers.get(session.identity.idp_id)
    if idp is None or idp.scim_config is None or not idp.scim_config.enabled:
        return
    if await services.store.directory.switched_off(idp.id, canonical_email(session.identity.email)):
        await services.store.sessions.revoke(session.nonce, visit.now)
        raise switched_off(idp.name, session.identity.email)


def new_session(visit: Visit, identity: Identity, user_id: str, secret: str) -> Session:
    """A session beginning now. ``secret``: 43 random URL-safe characters."""
    return Session(
        nonce=session_nonce(secret),
        user_id=user_id,
        identity=identity,
        created_at=visit.now,
        expires_at=visit.now + int(visit.organization.session_duration.total_seconds()),
        ip=str(visit.ip) if visit.ip is not None else "",
        country=visit.country or "",
    )


def session_nonce(secret: str) -> str:
    """The name of a new session. ``secret``: 43 random URL-safe characters."""
    nonce = "".join(character for character in secret if character.isalnum())[:NONCE_LENGTH]
    if len(nonce) < NONCE_LENGTH:
        raise ValueError(f"a session needs {NONCE_LENGTH} random letters and digits, got {len(nonce)}")
    return nonce
