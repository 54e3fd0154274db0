"""An application that wants a reason, one that wants approval, and what visitors and approvers do about them."""

from __future__ import annotations

import asyncio
import re

import httpx
from tests.login.world import STAFF, TEAM, Browser, World, person, policy, protected

REASONS, SAFE = "3", "4"
REASONS_HOST, SAFE_HOST = "reasons.example.com", "safe.example.com"
WHY = "The printer on floor 2 is on fire"
ONE_OF_TWO = {"approvals_needed": 1, "email_addresses": ["boss@example.com", "Deputy@example.com"]}


def with_approvals(world: World, *groups, **fields) -> None:
    """Put both applications into the world. ``groups``: of the second; ``fields``: of its policy."""
    reason = policy("allow", STAFF, id="policy-reason", purpose_justification_required=True,
                    purpose_justification_prompt="Which ticket is it about?")  # fmt: skip
    values = {
        "purpose_justification_required": True,
        "approval_required": True,
        "approval_groups": groups or (ONE_OF_TWO,),
    }
    approval = policy("allow", STAFF, id="policy-approval", **(values | fields))
    world.applications += (
        protected(REASONS, "Reasons", REASONS_HOST, reason),
        protected(SAFE, "Safe", SAFE_HOST, approval),
    )
    for name in ("ada", "boss", "deputy", "bob", "mallory"):
        world.providers.people[name] = person(f"{name}@example.com")


async def arrive(browser: Browser, letter: str = SAFE, host: str = SAFE_HOST, code: str = "ada") -> httpx.Response:
    """Sign in and follow to the page that asks why, without pressing anything there."""
    response = await browser.get(browser.world.door(browser, letter, host))
    if response.status_code == 200:
        response = await browser.get(browser.world.origin(TEAM) + browser.world.shown.methods[0].url)
        response = await browser.get(browser.back(response, code))
    return await followed(browser, response)


async def followed(browser: Browser, response: httpx.Response) -> httpx.Response:
    """Every redirect on the team domain, and the first one that leads off it is returned."""
    team = browser.world.origin(TEAM)
    while response.status_code == 302 and response.headers["location"].startswith(team):
        response = await browser.get(response.headers["location"])
    return response


async def say(browser: Browser, reason: str = WHY, **form: str) -> httpx.Response:
    """Fill in the form that is shown."""
    page = browser.world.shown
    return await followed(browser, await browser.post(page.action, {"proof": page.proof, "reason": reason} | form))


async def sign_in_to_decide(browser: Browser, url: str, code: str = "boss") -> httpx.Response:
    """Open the link of the mail as somebody who is not signed in, and sign in there."""
    await browser.get(url)
    response = await browser.get(browser.world.origin(TEAM) + browser.world.shown.methods[0].url)
    return await followed(browser, await browser.get(browser.back(response, code)))


async def decide(browser: Browser, decision: str = "approve", duration: str = "1h", **form: str) -> httpx.Response:
    """Press a button of the page that is shown."""
    page = browser.world.shown
    values = {"proof": page.proof, "decision": decision, "duration": duration} | form
    return await browser.post(browser.world.origin(TEAM) + page.action, values)


async def asked(world: World, browser: Browser, code: str = "ada") -> str:
    """Somebody has asked and waits; the address of the page where it is decided."""
    await arrive(browser, code=code)
    await say(browser)
    return world.shown.approval_url


async def mailed(world: World) -> tuple[str, str]:
    """Recipient and text of the next mail."""
    recipient, text = await asyncio.wait_for(world.mailbox.mails.get(), 30)
    return recipient, re.sub(r"=\r?\n", "", text).replace("=3D", "=")
