"""Applications that want a second factor, and what visitors do about it."""

from __future__ import annotations

import httpx
from pyotp import TOTP
from tests.login.approving import followed
from tests.login.world import STAFF, TEAM, Browser, World, person, policy, protected

SAFE, KEYS, STRICT, APP_WIDE, CLOSED = "5", "6", "7", "8", "9"
SAFE_HOST, KEYS_HOST, STRICT_HOST = "safe.example.com", "keys.example.com", "strict.example.com"
APP_HOST, CLOSED_HOST = "whole.example.com", "closed.example.com"


def with_factors(world: World) -> None:
    """Put applications into the world: TOTP, passkeys, TOTP each time, app-wide, and one where nothing is set up."""

    def wants(name: str, **config: object) -> object:
        return policy("allow", STAFF, id=f"policy-{name}", mfa_config=config)

    world.applications += (
        protected(SAFE, "Safe", SAFE_HOST, wants("safe", allowed_authenticators=["totp"], session_duration="2h")),
        protected(KEYS, "Keys", KEYS_HOST, wants("keys", allowed_authenticators=["security_key", "biometrics"])),
        protected(
            STRICT, "Strict", STRICT_HOST, wants("strict", allowed_authenticators=["totp"], session_duration="0m")
        ),
        protected(APP_WIDE, "Whole", APP_HOST, policy("allow", STAFF, id="policy-whole"), mfa_config={}),
        protected(
            CLOSED,
            "Closed",
            CLOSED_HOST,
            wants("closed", allowed_authenticators=["totp"], enrollment_allowed=False),
        ),
    )
    for name in ("ada", "bob"):
        world.providers.people[name] = person(f"{name}@example.com")


async def arrive(browser: Browser, letter: str = SAFE, host: str = SAFE_HOST, code: str = "ada") -> httpx.Response:
    """Sign in and follow to wherever that leads, without pressing anything there."""
    response = await browser.get(browser.world.door(browser, letter, host))
    if response.status_code == 200:
        response = await browser.get(browser.world.origin(TEAM) + browser.world.shown.methods[0].url)
        response = await browser.get(browser.back(response, code))
    return await followed(browser, response)


def current(world: World, secret: str, offset: int = 0) -> str:
    """What the app shows."""
    return TOTP(secret.replace(" ", "")).at(world.time + 30 * offset)


async def send(browser: Browser, action: str, proof: str, **form: str) -> httpx.Response:
    """Send a form; redirects on the team domain are followed."""
    response = await browser.post(action, {"proof": proof} | form)
    while response.status_code in {302, 303} and response.headers["location"].startswith(browser.world.origin(TEAM)):
        response = await browser.get(response.headers["location"])
    return response


async def set_up_totp(
    browser: Browser, letter: str = SAFE, host: str = SAFE_HOST, code: str = "ada"
) -> tuple[str, httpx.Response]:
    """Sign in, set up an app, and enter. The secret, and the answer of ``/authorized``."""
    await arrive(browser, letter, host, code)
    page = browser.world.shown
    secret = page.secret
    await send(browser, page.action, page.proof, code=current(browser.world, secret))
    response = await followed(browser, await browser.get(browser.world.shown.next_url))
    return secret, await browser.get(response.headers["location"])


async def type_code(browser: Browser, secret: str, offset: int = 0) -> httpx.Response:
    page = browser.world.shown
    return await send(browser, page.code_action, page.code_proof, code=current(browser.world, secret, offset))
