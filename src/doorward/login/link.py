"""The login link that the door makes (access.md 1.1): what it proves, and what to do with one that is too old. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.access.address import host_name
from doorward.applications import Application
from doorward.applications.index import TAG
from doorward.login.address import applications_on, safe_path
from doorward.login.answers import application_url, entrance_url, team_url
from doorward.login.problems import bad_link, no_application
from doorward.login.visit import Visit
from doorward.organization import Organization
from doorward.signin import ATTEMPT_LIFETIME, Destination
from doorward.tokens.claims import MetaClaims, SignedToken
from doorward.tokens.jwt import Reason, TokenRefused, mint_meta, verify_meta


@dataclass(frozen=True, slots=True)
class Proven:
    """The door signed this link for this application, host and browser."""

    application: Application
    destination: Destination
    country: str
    former_user: str = ""
    """See ``MetaClaims``."""


@dataclass(frozen=True, slots=True)
class Stale:
    """No ``meta`` (a bookmark, a link that somebody built) or one that has expired (the back button): the visitor goes to
    the application, where the door makes a fresh link. Nothing is proven, so nothing else may follow from it.
    """

    application: Application | None
    """The one that ``kid`` names, if it covers the host."""
    location: str


def read_link(visit: Visit, host_text: str) -> Proven | Stale:
    """Read ``/login/<host>?kid&meta&redirect_url``.

    Raises:
        RefusedVisitError: the host is not one of ours, or the link was forged or put together from several.
    """
    host = host_name(host_text)
    covering = applications_on(host, visit.snapshot) if host is not None else ()
    if host is None or not covering:
        raise no_application()
    kid, meta = visit.query.get("kid"), visit.query.get("meta")
    application = next((one for one in covering if one.aud == kid), None)
    stale = Stale(application, application_url(visit.organization, host, safe_path(visit.query.get("redirect_url"))))
    if not meta:
        return stale
    forged = bad_link(entrance_url(visit.organization, host, covering))
    try:
        claims = verify_meta(meta, visit.snapshot.keys, now=visit.now)
    except TokenRefused as error:
        if error.reason is Reason.EXPIRED:
            return stale
        raise forged from error
    if application is None or claims.aud != kid or claims.hostname != host:
        raise forged
    destination = Destination(
        application.aud, host, safe_path(claims.redirect_url), claims.app_session_hash, claims.certificate
    )
    return Proven(application, destination, claims.real_country, claims.former_user)


def hinted(secret: str, application: Application | None) -> str:
    """A random secret that also says, to nobody but us, which application it was for: a page about a login that is over
    can then lead back there. The hint proves nothing and is never used for anything else.
    """
    return f"{secret}.{application.aud[:TAG]}" if application is not None else secret


def hinted_url(secret: str, visit: Visit) -> str:
    """Where to start again, by the hint in a state or nonce that is no longer known; empty when there is none."""
    hint = secret.partition(".")[2]
    application = visit.snapshot.applications.by_tag(hint)
    return home(application, visit.organization) if application is not None else ""


def home(application: Application, organization: Organization) -> str:
    """The URL of the application's first domain; empty when that has a wildcard."""
    host, _, path = application.domain.partition("/")
    return "" if "*" in application.domain else application_url(organization, host, "/" + path)


def renewed(link: Proven, visit: Visit) -> SignedToken:
    """The same proof for the links and forms of our own pages, where somebody may think for longer than five minutes."""
    claims = MetaClaims(
        aud=link.destination.aud,
        hostname=link.destination.hostname,
        redirect_url=link.destination.redirect_url,
        app_session_hash=link.destination.app_session_hash,
        iat=visit.now,
        exp=visit.now + ATTEMPT_LIFETIME,
        real_country=link.country,
        certificate=link.destination.certificate,
    )
    return mint_meta(claims, visit.snapshot.keys.current(visit.now))


def reason_url(visit: Visit, link: Proven) -> str:
    """Where a visitor is asked why, and waits for approval (access.md 4.5, 4.6). A fresh proof of the link goes along."""
    destination = link.destination
    query = {"kid": destination.aud, "meta": renewed(link, visit), "redirect_url": destination.redirect_url}
    return team_url(visit.organization, f"/purpose/{destination.hostname}", query)
