"""Asking for a one-time PIN (access.md 6.4): the same answer for every address, and mail only where it could help."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

import structlog
from starlette.responses import Response

from doorward.applications import Application
from doorward.login import browser
from doorward.login.address import address_bucket
from doorward.login.answers import destination_url, redirect, team_url
from doorward.login.chooser import chooser
from doorward.login.code_page import asked_again, code_page, code_page_url
from doorward.login.entry import methods
from doorward.login.link import Stale, hinted, hinted_url, read_link
from doorward.login.outbox import Outbox
from doorward.login.problems import (
    RefusedVisitError,
    application_gone,
    lost_browser,
    method_not_offered,
    pin_over,
    pin_used,
    too_many,
)
from doorward.login.start import restart
from doorward.login.verdict import login_verdict
from doorward.login.visit import Visit
from doorward.login.weighing import reported
from doorward.organization import IdentityProvider, Organization
from doorward.policy.verdict import Outcome
from doorward.providers.email_address import normalize_typed_email
from doorward.providers.mail import pin_message, send
from doorward.providers.one_time_pin import code_hash, new_code, pin_identity
from doorward.services import Services
from doorward.signin import PIN_LIFETIME, PIN_TRIES, Destination, PinChallenge, secret_hash

MAILS: Final = 5
"""Codes for one address in ``MAIL_WINDOW`` seconds that one client address may ask for."""
ALL_MAILS: Final = 30
"""Codes for one address in the same time, whoever asks. Much more than one client gets: a stranger who asks for
somebody's codes all the time must not be able to use theirs up."""
CLIENT_MAILS: Final = 20
"""Codes that one client address (IPv6: one /64) may ask for in the same time."""
MAIL_WINDOW: Final = 600
RESEND_AFTER: Final = 30
"""Seconds between two codes of one challenge."""
REMEMBERED: Final = 3600
"""Seconds for which an expired challenge is still told from an unknown one."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A code that somebody asks for."""

    email: str
    """Canonical, see ``normalize_typed_email``."""
    idp: IdentityProvider
    application: Application | None
    """None: for ``refresh-identity``, where the address is that of the live session."""
    destination: Destination | None
    binding: str
    """The CF_Session value of the browser that asks."""
    expected: bool = True
    """Without an application: this address has something to do here, so that a mail makes sense."""


async def verify_code(visit: Visit, services: Services, outbox: Outbox, host: str) -> Response:
    """``POST /verify-code/<host>`` asks for a code; ``GET`` shows where it is typed."""
    if visit.method == "POST":
        return await request_code(visit, services, outbox, host)
    return asked_again(visit, services, await find_challenge(visit, services, visit.query.get("nonce")))


async def request_code(visit: Visit, services: Services, outbox: Outbox, host: str) -> Response:
    """``POST /verify-code/<host>``: the form of the login page."""
    link = read_link(visit, host)
    if isinstance(link, Stale):
        return restart(visit, services, link)
    again = destination_url(visit.organization, link.destination)
    value = browser.binding(visit, "")
    if not value or not visit.own_form():
        raise lost_browser(again)
    idp = pin_provider(methods(link.application, visit.snapshot))
    if idp is None or visit.form.get("connector_id") not in {"", idp.id}:
        raise method_not_offered(again)
    email = normalize_typed_email(visit.form.get("email"))
    if email is None:
        error = "That is not an e-mail address. Write it like name@example.com."
        return chooser(visit, services, link, error=error, email=visit.form.get("email"), status=400)
    wanted = Wanted(email, idp, link.application, link.destination, value)
    challenge = await send_code(visit, services, outbox, wanted)
    return redirect(services.pages, visit.organization, code_page_url(visit, challenge))


async def resend_code(visit: Visit, services: Services, outbox: Outbox) -> Response:
    """``GET /resend-code?nonce``: a new code for the same address; the old one dies."""
    nonce = visit.query.get("nonce")
    challenge = await services.store.pins.find(nonce, visit.now - REMEMBERED)
    again = hinted_url(nonce, visit)
    if challenge is None:
        raise pin_over(again)
    if not browser.proven(visit, challenge.browser_hash):
        raise lost_browser(again)
    if challenge.used_at is not None:
        raise pin_used(again)
    if visit.head:
        return redirect(services.pages, visit.organization, code_page_url(visit, challenge))
    wait = challenge.created_at + RESEND_AFTER - visit.now
    if wait > 0 or not await services.store.limits.hit(f"pin-resend:{secret_hash(nonce)}", 1, RESEND_AFTER, visit.now):
        error = f"A code was just sent. Wait {max(wait, 1)} seconds before you ask for another one."
        return code_page(visit, services, challenge, error=error, status=429)
    wanted = _again(visit, challenge)
    fresh = await send_code(visit, services, outbox, wanted)
    return redirect(services.pages, visit.organization, code_page_url(visit, fresh))


async def send_code(visit: Visit, services: Services, outbox: Outbox, wanted: Wanted) -> PinChallenge:
    """Open a challenge. It looks and costs the same whether or not a mail goes out.

    Raises:
        RefusedVisitError: too many codes were asked for, by this client or for this address.
    """
    limits, client = services.store.limits, address_bucket(visit.ip)
    for bucket, most in (
        (f"pin-client:{client}", CLIENT_MAILS),
        (f"pin-mail:{wanted.email}:{client}", MAILS),
        (f"pin-mail:{wanted.email}", ALL_MAILS),
    ):
        if await limits.hit(bucket, most, MAIL_WINDOW, visit.now):
            continue
        log.warning("pin_limit_reached", request_id=visit.id, client=client)
        again = hinted_url(hinted("", wanted.application), visit)
        raise too_many(MAIL_WINDOW, again)
    code = new_code(hashlib.sha256(services.token().encode()).digest())
    helps = await could_enter(visit, services, wanted)
    nonce = hinted(services.token(), wanted.application)
    challenge = PinChallenge(
        nonce=nonce,
        email=wanted.email,
        code_hash=code_hash(nonce, code) if helps else "",
        idp_id=wanted.idp.id,
        destination=wanted.destination,
        browser_hash=secret_hash(wanted.binding),
        tries_left=PIN_TRIES,
        created_at=visit.now,
        expires_at=visit.now + PIN_LIFETIME,
    )
    await services.store.pins.add(challenge)
    if helps:
        outbox.post(deliver(services, visit.organization, wanted, challenge, code), visit.id)
    return challenge


async def could_enter(visit: Visit, services: Services, wanted: Wanted) -> bool:
    """Whether the policies would let this address in, from here and now: only then does a mail make sense.

    Where it depends on another service, which is asked about people who have signed in, they might.
    """
    if wanted.application is None:
        return wanted.expected
    identity = pin_identity(wanted.idp, wanted.email)
    learned = await reported(visit, services, identity, wanted.application)
    evidence = visit.to(wanted.destination).evidence(identity).model_copy(update={"learned": learned})
    return login_verdict(wanted.application, evidence, visit.snapshot).outcome in {Outcome.ALLOW, Outcome.LOGIN}


async def deliver(
    services: Services, organization: Organization, wanted: Wanted, challenge: PinChallenge, code: str
) -> None:
    """Write and send the mail. Raises ``MailError``."""
    link = team_url(organization, "/callback", {"nonce": challenge.nonce, "code": code})
    name = wanted.application.name if wanted.application is not None else organization.name
    host = wanted.destination.hostname if wanted.destination is not None else organization.auth_domain
    message = pin_message(organization, wanted.email, code, link, name, hostname=host)
    if services.settings.mail is None:
        log.error(
            "pin_mail_not_configured", hint="add a mail section to the configuration, or remove the onetimepin provider"
        )
        return
    await send(services.settings.mail, message)


async def find_challenge(
    visit: Visit, services: Services, nonce: str, *, elsewhere: RefusedVisitError | None = None
) -> PinChallenge:
    """The challenge that this browser opened and that can still be answered.

    Raises:
        RefusedVisitError: with a page that says which of these it is not; ``elsewhere`` is that for another browser.
    """
    challenge = await services.store.pins.find(nonce, visit.now - REMEMBERED)
    again = hinted_url(nonce, visit)
    if challenge is None:
        raise pin_over(again)
    if not browser.proven(visit, challenge.browser_hash):
        raise elsewhere or lost_browser(again)
    if challenge.used_at is not None:
        raise pin_used(again)
    if visit.now >= challenge.expires_at or challenge.tries_left <= 0:
        resend = team_url(visit.organization, "/resend-code", {"nonce": nonce})
        raise pin_over(resend, "Send a new code")
    return challenge


def pin_provider(offered: tuple[IdentityProvider, ...]) -> IdentityProvider | None:
    return next((idp for idp in offered if idp.type == "onetimepin"), None)


def challenged(visit: Visit, challenge: PinChallenge) -> tuple[IdentityProvider, Application | None]:
    """The provider and application of a challenge, if both are still there and go together.

    Raises:
        RefusedVisitError: they are not.
    """
    idp = visit.snapshot.identity_providers.get(challenge.idp_id)
    if challenge.destination is None or challenge.destination.on_team:
        application = None
        offered = idp is not None and idp.type == "onetimepin"
    else:
        application = visit.snapshot.application(challenge.destination.aud)
        if application is None:
            raise application_gone()
        offered = idp is not None and idp.type == "onetimepin" and idp in methods(application, visit.snapshot)
    if idp is None or not offered:
        raise method_not_offered(hinted_url(challenge.nonce, visit))
    return idp, application


def _again(visit: Visit, challenge: PinChallenge) -> Wanted:
    idp, application = challenged(visit, challenge)
    value = browser.proven_value(visit, challenge.browser_hash)  # CF_Session, or what a tab of its own has left of it
    return Wanted(challenge.email, idp, application, challenge.destination, value, expected=bool(challenge.code_hash))
