"""Who am I: ``get-identity``, and ``refresh-identity`` that asks the provider again (access.md 1.6)."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from doorward.login import browser
from doorward.login.address import ApplicationHost
from doorward.login.answers import json_answer, page_answer, redirect, team_url
from doorward.login.app_tokens import presented, valid_tokens
from doorward.login.code_page import code_page_url
from doorward.login.outbox import Outbox
from doorward.login.pin import Wanted, send_code
from doorward.login.problems import no_session
from doorward.login.start import depart
from doorward.login.verdict import login_verdict
from doorward.login.visit import Visit
from doorward.organization import Organization
from doorward.pages import Notice
from doorward.policy.verdict import Outcome
from doorward.services import Services
from doorward.sessions import Session, identity_facts
from doorward.tokens.claims import AppClaims
from doorward.tokens.custom import capped

NO_SESSION = "no valid session: send the CF_Authorization cookie of a login that still holds"


async def get_identity(visit: Visit, services: Services) -> Response:
    """``GET /get-identity`` on both domains; 401 with ``err`` for who is not signed in.

    On the team domain any app token counts and the org token too; on an application's host only tokens for it.
    """
    asked = visit.asked if isinstance(visit.asked, ApplicationHost) else None
    claims = valid_tokens(visit, asked)
    nonces = {claim.identity_nonce for claim in claims}
    if asked is None:
        nonces |= browser.org_nonces(visit, presented(visit))
    session = await services.store.sessions.find(nonces.pop()) if len(nonces) == 1 else None
    if session is None or not session.live(visit.now) or not all(_holds(claim, session, visit) for claim in claims):
        return json_answer({"err": NO_SESSION}, 401)
    return json_answer(identity_document(session, visit.organization))


async def refresh_identity(visit: Visit, services: Services, outbox: Outbox) -> Response:
    """``GET /refresh-identity``: sign in again at the same provider; ends at ``?success=true``."""
    session = await browser.signed_in(visit, services)
    if visit.query.get("success") == "true":
        who = f" as {session.identity.email}" if session is not None else ""
        message = f"You are signed in{who}, with what the identity provider says about you now."
        page = Notice("Your identity is up to date", message + " Go back to the application you came from.")
        return page_answer(services.pages, visit.organization, page)
    if session is None:
        raise no_session()
    idp = visit.snapshot.identity_providers[session.identity.idp_id]
    if visit.head:
        return redirect(services.pages, visit.organization, team_url(visit.organization, "/refresh-identity"))
    if idp.type != "onetimepin":
        return await depart(visit, services, idp, None, None, prompt="login")
    value = browser.binding(visit, services.token())
    wanted = Wanted(session.identity.email.lower(), idp, None, None, value)
    challenge = await send_code(visit, services, outbox, wanted)
    cookies = browser.attempt_cookies(visit, value)
    return redirect(services.pages, visit.organization, code_page_url(visit, challenge), cookies=cookies)


def identity_document(session: Session, organization: Organization) -> dict[str, Any]:
    """The JSON of ``get-identity``, in the starting document's form and the current one at once."""
    left_out = capped(session.identity.custom, organization.custom_max_size)[1]
    return {
        **identity_facts(session, organization),
        "auth_status": "NONE",
        "common_name": "",
        "service_token_id": "",
        "service_token_status": False,
        "is_warp": False,
        "is_gateway": False,
        "gateway_account_id": "",
        "device_id": "",
        "devicePosture": {},
        "device_sessions": {},
        "mtls_auth": {
            "cert_issuer_dn": "",
            "cert_issuer_ski": "",
            "cert_presented": False,
            "cert_serial": "",
            "auth_status": "NONE",
        },
        "version": 2,
        **({"custom_left_out": list(left_out)} if left_out else {}),
    }


def _holds(claims: AppClaims, session: Session, visit: Visit) -> bool:
    """Whether the token is this session's; one from before the application's rules changed counts if they still allow."""
    application = visit.snapshot.application(claims.aud)
    if application is None or claims.sub != session.user_id:
        return False
    if claims.iat >= application.not_before:
        return True
    return login_verdict(application, visit.evidence(session.identity), visit.snapshot).outcome is Outcome.ALLOW
