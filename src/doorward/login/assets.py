"""The style sheets of the pages and the script for passkeys, on both domains: a denied page of the door is shown on an application's host."""

from __future__ import annotations

import re
from typing import Final

from starlette.responses import Response

from doorward.login.answers import PREFIX, text_answer
from doorward.login.problems import not_found
from doorward.login.visit import Visit
from doorward.services import Services

FOREVER: Final = "public, max-age=31536000, immutable"
"""The name holds a hash of the content."""
BRIEFLY: Final = "public, max-age=300"
_SCRIPT: Final = re.compile(r"passkey\.[0-9a-f]{1,64}\.js")
_OLDER: Final = re.compile(r"(?:door|design)\.[0-9a-f]{1,64}\.css")


def asset(visit: Visit, services: Services, name: str) -> Response:
    """``GET /assets/<name>``: ``door.<hash>.css``, ``passkey.<hash>.js``, or ``design.<hash>.css`` with the organization's colours.

    A page that was rendered before an update names an older hash; it gets the present sheet rather than none.
    """
    if _SCRIPT.fullmatch(name):
        path, script = services.pages.script
        cached = FOREVER if path == f"{PREFIX}/assets/{name}" else BRIEFLY
        return text_answer(script.decode(), "text/javascript", cached=cached)
    found = services.pages.asset(f"{PREFIX}/assets/{name}", visit.organization)
    if found is not None:
        return text_answer(found.decode(), "text/css", cached=FOREVER)
    if _OLDER.fullmatch(name):
        present = services.pages.stylesheet[1].decode() if name.startswith("door.") else _design(visit, services)
        return text_answer(present, "text/css", cached=BRIEFLY)
    raise not_found()


def _design(visit: Visit, services: Services) -> str:
    return services.pages.design_css(visit.organization)
