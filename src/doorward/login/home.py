"""The front page of the team domain: whose login this is, and who is signed in."""

from __future__ import annotations

from starlette.responses import Response

from doorward.login import browser
from doorward.login.answers import page_answer, team_url
from doorward.login.visit import Visit
from doorward.pages import Notice
from doorward.services import Services


async def home_page(visit: Visit, services: Services) -> Response:
    """``GET /``."""
    session = await browser.signed_in(visit, services)
    if session is None:
        page = Notice(
            "You are not signed in", "Open the application you want; it brings you here to sign in.", achieved=False
        )
    else:
        message = f"As {session.identity.email}. Open any application that you may use."
        page = Notice("You are signed in", message, team_url(visit.organization, "/logout"), "Sign out")
    return page_answer(services.pages, visit.organization, page)
