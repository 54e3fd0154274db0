"""The pages where a one-time PIN is typed, or confirmed."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from doorward.login.answers import PREFIX, destination_url, page_answer, query_string, team_url
from doorward.login.visit import Visit
from doorward.pages import ConfirmCode, EnterCode
from doorward.services import Services
from doorward.signin import PIN_LIFETIME, PinChallenge

WRONG: Final = "wrong"
UNREADABLE: Final = "unreadable"
_ERRORS: Final = {WRONG: "That is not the code.", UNREADABLE: "The code is the six digits in the mail."}
"""What the page says about the code that was typed before."""


def code_page_url(visit: Visit, challenge: PinChallenge, error: str = "") -> str:
    """Where the page stands: its address names the challenge, so that it can be reloaded. ``error``: one of those above."""
    destination = challenge.destination
    host = destination.hostname if destination is not None else visit.organization.auth_domain
    query = {"kid": destination.aud} if destination is not None else {}
    last = {"error": error} if error else {}
    return team_url(visit.organization, f"/verify-code/{host}", {**query, "nonce": challenge.nonce, **last})


def asked_again(visit: Visit, services: Services, challenge: PinChallenge) -> Response:
    """The form at its own address, with what was wrong with the last code when the address says so."""
    code = visit.query.get("error")
    error, left = _ERRORS.get(code, ""), challenge.tries_left if code == WRONG else None
    return code_page(visit, services, challenge, error=error, tries_left=left, status=400 if error else 200)


def code_page(
    visit: Visit,
    services: Services,
    challenge: PinChallenge,
    *,
    error: str = "",
    tries_left: int | None = None,
    status: int = 200,
) -> Response:
    """The form."""
    again = again_url(visit, challenge)
    page = EnterCode(
        email=challenge.email,
        application_name=_name(visit, challenge),
        action=f"{PREFIX}/callback",
        nonce=challenge.nonce,
        resend_url=f"{PREFIX}/resend-code{query_string({'nonce': challenge.nonce})}",
        error=error,
        tries_left=tries_left,
        start_over_url=again,
        minutes=PIN_LIFETIME // 60,
    )
    return page_answer(services.pages, visit.organization, page, status, form_targets=_form_targets(visit, challenge))


def confirm_page(visit: Visit, services: Services, challenge: PinChallenge, code: str) -> Response:
    """One button that sends the code of a mailed link."""
    page = ConfirmCode(
        email=challenge.email,
        application_name=_name(visit, challenge),
        action=f"{PREFIX}/callback",
        nonce=challenge.nonce,
        code=code,
    )
    return page_answer(services.pages, visit.organization, page, form_targets=_form_targets(visit, challenge))


def again_url(visit: Visit, challenge: PinChallenge) -> str:
    """Where this login can be begun once more; empty for ``refresh-identity``."""
    destination = challenge.destination
    return destination_url(visit.organization, destination) if destination is not None else ""


def _name(visit: Visit, challenge: PinChallenge) -> str:
    destination = challenge.destination
    application = visit.snapshot.application(destination.aud) if destination is not None else None
    return application.name if application is not None else visit.organization.name


def _form_targets(visit: Visit, challenge: PinChallenge) -> tuple[str, ...]:
    destination = challenge.destination
    return (visit.organization.public.origin(destination.hostname),) if destination is not None else ()
