"""A one-time PIN comes back: typed into the form, or by the link in the mail (access.md 6.4)."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from doorward.login import browser
from doorward.login.address import address_bucket
from doorward.login.answers import redirect
from doorward.login.code_page import UNREADABLE, WRONG, code_page, code_page_url, confirm_page
from doorward.login.establish import establish
from doorward.login.link import hinted_url
from doorward.login.pin import challenged, find_challenge
from doorward.login.problems import lost_browser, pin_elsewhere, too_many
from doorward.login.recording import record_failed
from doorward.login.visit import Visit
from doorward.providers.one_time_pin import code_hash, pin_identity, read_code
from doorward.services import Services
from doorward.signin import PinChallenge

TRIES: Final = 20
"""Codes that one client address may try for one e-mail address in ``TRY_WINDOW`` seconds, over all challenges."""
ALL_TRIES: Final = 200
"""The same over all clients. The chance to guess one of 10^6 codes stays at 1 in 5,000 an hour, and a stranger needs ten
client addresses to lock somebody out."""
TRY_WINDOW: Final = 3600


async def typed_code(visit: Visit, services: Services) -> Response:
    """``POST /callback`` with ``code`` and ``nonce``. A wrong code costs a try and nothing else."""
    nonce = visit.form.get("nonce")
    if not visit.own_form():
        raise lost_browser(hinted_url(nonce, visit))
    challenge = await find_challenge(visit, services, nonce)
    idp, application = challenged(visit, challenge)
    code = read_code(visit.form.get("code"))
    if code is None:
        return _once_more(visit, services, challenge, UNREADABLE)
    if not await _may_try(visit, services, challenge.email):
        raise too_many(TRY_WINDOW, hinted_url(nonce, visit))
    guess = await services.store.pins.guess(nonce, code_hash(nonce, code), visit.now)
    if not guess.right:
        detail = f"a wrong code for {challenge.email}"
        record_failed(visit, services, "pin_wrong", 400, application=application, idp_id=idp.id, detail=detail)
        challenge = await find_challenge(visit, services, nonce)  # ends here with its page if that was the last try
        return _once_more(visit, services, challenge, WRONG)
    device = browser.device_cookies(visit, services.token())
    identity = pin_identity(idp, challenge.email)
    return await establish(visit, services, identity, challenge.destination, cookies=device)


def _once_more(visit: Visit, services: Services, challenge: PinChallenge, error: str) -> Response:
    """Back to the form's own address by GET: reloading it tries nothing, and it can be asked for another code."""
    return redirect(services.pages, visit.organization, code_page_url(visit, challenge, error), status=303)


async def _may_try(visit: Visit, services: Services, email: str) -> bool:
    limits, client = services.store.limits, address_bucket(visit.ip)
    own = await limits.hit(f"pin-try:{email}:{client}", TRIES, TRY_WINDOW, visit.now)
    return own and await limits.hit(f"pin-try:{email}", ALL_TRIES, TRY_WINDOW, visit.now)


async def mailed_link(visit: Visit, services: Services) -> Response:
    """``GET /callback`` with ``code`` and ``nonce``: a page with a button.

    Mail scanners fetch every link; nothing is tried and nothing used up before the button is pressed (docs/attacks.md, 112).
    """
    nonce = visit.query.get("nonce")
    challenge = await find_challenge(visit, services, nonce, elsewhere=pin_elsewhere())
    code = read_code(visit.query.get("code"))
    return confirm_page(visit, services, challenge, code) if code else code_page(visit, services, challenge)
