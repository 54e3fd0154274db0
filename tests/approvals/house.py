"""A door with applications that want a reason, and that want approval, and what people do at it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import httpx
from tests.door.house import House, Kind, configuration, standing
from tests.door.visitor import Visitor, location

REASONS, SAFE, PAIR, SHELF = (f"{name}.localhost" for name in ("reasons", "safe", "pair", "shelf"))
WHY = "The printer on floor 2 is on fire"
POLICY = """\
policies: [{name: %s, decision: allow, include: [{group: {id: Staff}}], purpose_justification_required: true, \
approval_required: true, approval_groups: [%s]}]"""
REASONED = """\
policies: [{name: With a reason, decision: allow, include: [{group: {id: Staff}}], \
purpose_justification_required: true, purpose_justification_prompt: Which ticket is it about?}]"""
BOB = "{approvals_needed: 1, email_addresses: [bob@example.test]}"
PARTNER = "{approvals_needed: 1, email_addresses: ['@elsewhere.test']}"
FROM_HERE = POLICY.replace("purpose", "require: [{ip: {ip: 127.0.0.0/8}}], purpose", 1)
APPLICATIONS = (
    Kind(REASONS, (REASONED,)),
    Kind(SAFE, (POLICY % ("With approval", BOB), "session_duration: 8h")),
    Kind(PAIR, (POLICY % ("By two", f"{BOB}, {PARTNER}"),)),
    # Asked about at every request: nothing of it is on the fast path.
    Kind(SHELF, (FROM_HERE % ("From here with approval", BOB),)),
)


@contextlib.contextmanager
def approving(folder: Path) -> Iterator[House]:
    with standing(folder, configuration(kinds=APPLICATIONS)) as house:
        yield house


async def to_the_question(visitor: Visitor, host: str, who: str = "alice") -> httpx.Response:
    """Sign in, and follow to the page that asks why or waits."""
    return await onward(visitor, await visitor.sign_in(host, who=who, until="/cdn-cgi/access/purpose/"))


async def onward(visitor: Visitor, response: httpx.Response) -> httpx.Response:
    """Follow redirects, but not the waiting page's refresh to itself."""
    while response.is_redirect:
        response = await visitor.ask("GET", location(response))
    return response


async def ask(visitor: Visitor, host: str, who: str = "alice", reason: str = WHY) -> str:
    """Ask for access and wait; where it is decided."""
    page = await to_the_question(visitor, host, who)
    assert "Ask for access" in page.text, page.text
    page = await onward(visitor, await send(visitor, page, {"reason": reason}))
    assert "Waiting for approval" in page.text, page.text
    found = re.search(r"<code>([^<]+/approve/[0-9a-f]{32})</code>", page.text)
    assert found is not None
    return found.group(1)


async def send(visitor: Visitor, page: httpx.Response, values: dict[str, str]) -> httpx.Response:
    """Fill in the form; where it leads is not followed."""
    return await visitor.submit(page, values, until="/")


async def decide(
    visitor: Visitor, url: str, who: str = "bob", decision: str = "approve", duration: str = "1h"
) -> httpx.Response:
    """Open the link of the mail, sign in, press a button."""
    page = await visitor.ask("GET", url)
    if "/sign-in/" in page.text:
        (link,) = re.findall(r'href="([^"]+/sign-in/[^"]+)"', page.text)
        form = await visitor.follow(await visitor.ask("GET", urljoin(url, link)))
        page = await visitor.submit(form, {"sub": who})
    assert page.status_code == 200, page.text
    return await visitor.submit(page, {"decision": decision, "duration": duration})


async def granted(alice: Visitor, bob: Visitor, host: str = SAFE, duration: str = "1h") -> str:
    """Alice asks, Bob agrees, and Alice is in. The address of the request."""
    url = await ask(alice, host)
    assert "Access is granted" in (await decide(bob, url, duration=duration)).text
    page = await onward(alice, await alice.get(host))
    assert page.status_code == 200
    assert alice.cookie(host)
    return url
