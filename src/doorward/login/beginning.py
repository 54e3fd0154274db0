"""A login that one of our own pages on an application's host begins: the link that the door would make (access.md 1.1)."""

from __future__ import annotations

from doorward.applications import Application
from doorward.client_certificates import CertificateFacts
from doorward.login.answers import team_url
from doorward.login.visit import Visit
from doorward.sessions import META_LIFETIME
from doorward.tokens.claims import MetaClaims
from doorward.tokens.jwt import mint_meta


def login_url(
    visit: Visit,
    application: Application,
    host: str,
    path: str,
    app_session_hash: str,
    *,
    endpoint: str = "login",
    certificate: CertificateFacts | None = None,
) -> str:
    """The address on the team domain.

    Args:
        visit: a request to ``host``.
        application: what to sign in to.
        host: one of its hosts.
        path: where on it the login leads; one of our own endpoints, or from ``safe_path``.
        app_session_hash: hex SHA-256 of the CF_AppSession value of this browser.
        endpoint: ``login``, or another one of the team domain that takes such links.
        certificate: the client certificate that the door has seen at this host; None: none is known of here.
    """
    meta = MetaClaims(
        aud=application.aud,
        hostname=host,
        redirect_url=path,
        app_session_hash=app_session_hash,
        iat=visit.now,
        exp=visit.now + META_LIFETIME,
        real_country=visit.country or "",
        certificate=certificate,
    )
    signed = mint_meta(meta, visit.snapshot.keys.current(visit.now))
    return team_url(
        visit.organization, f"/{endpoint}/{host}", {"kid": application.aud, "meta": signed, "redirect_url": path}
    )
