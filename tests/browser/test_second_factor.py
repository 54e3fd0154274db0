"""A real browser sets up authenticators and shows them: codes of an app, a device's passkey, a security key (access.md 4.7)."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest
from pyotp import TOTP
from tests.browser.visitor import Visitor, ask_for_code, at, type_code
from tests.door.house import TEAM
from tests.second_factor.house import CODES, MOMENT, PASSKEYS, PLAIN, with_factors

pytestmark = [pytest.mark.browser, pytest.mark.edge, pytest.mark.asyncio(loop_scope="session")]

PHONE = {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"}
DEVICE = {"transport": "internal", "hasUserVerification": True, "isUserVerified": True}
KEY = {"transport": "usb", "hasUserVerification": False}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with with_factors(tmp_path_factory.mktemp("factors")) as house:
        yield house


def somebody(chromium, place, **options):
    visitor = Visitor(chromium, place, **options)
    visitor.watched = frozenset({TEAM, CODES, PASSKEYS, MOMENT, PLAIN})
    visitor.expected = {400}
    return visitor


async def sign_in(visitor, host, path="/", *, who):
    """By a mailed code, up to whatever comes then."""
    page = await visitor.open(host, path)
    known = len(visitor.place.mailbox.to(f"{who}@example.test"))
    await ask_for_code(page, f"{who}@example.test")
    await type_code(page, await visitor.place.mailbox.code_for(f"{who}@example.test", known + 1))
    return page


async def plugged_in(page, **what):
    """A virtual authenticator of this tab; its id and the line to it."""
    line = await page.context.new_cdp_session(page)
    await line.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "automaticPresenceSimulation": True, **what}
    made = await line.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return line, made["authenticatorId"]


async def moved(line, authenticator, other_page, **what):
    """The same authenticator in another browser."""
    credentials = await line.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})
    other, there = await plugged_in(other_page, **what)
    for credential in credentials["credentials"]:
        await other.send("WebAuthn.addCredential", {"authenticatorId": there, "credential": credential})


async def entered(page, host):
    await page.wait_for_url(re.compile(rf"https?://{re.escape(host)}:\d+/(?!cdn-cgi/).*"))


async def looked_at(page, name):
    """Nothing is wider than the window; kept as a picture where ``DOORWARD_PICTURES`` names a folder."""
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    if folder := os.environ.get("DOORWARD_PICTURES"):
        width = await page.evaluate("window.innerWidth")
        await page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)


async def set_up_app(page, name="enroll-totp"):
    """With the key that is typed; keep the recovery codes."""
    await page.get_by_role("heading", name="Set up an authenticator app").wait_for()
    await looked_at(page, name)
    await page.get_by_text("Type the key instead").click()
    secret = (await page.locator(".typed code").inner_text()).replace(" ", "")
    await page.get_by_label("The code that the app shows now").fill(TOTP(secret).now())
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Keep these codes").wait_for()
    await looked_at(page, "recovery-codes")
    codes = await page.locator(".codes code").all_inner_texts()
    await page.get_by_role("link", name="I have kept them, go on").click()
    return secret, codes


def next_code(secret):
    """Of the half minute after this one, which is taken as well; that of the enrolment is used up."""
    return TOTP(secret).at(int(time.time()) + 30)


@pytest.mark.parametrize("options", [{}, PHONE, {"java_script_enabled": False}], ids=["desk", "phone", "no scripts"])
async def test_an_app_is_set_up_at_the_first_demand_and_its_code_is_asked_for_later(chromium, place, options, request):
    who = {"desk": "alice", "phone": "bob", "no scripts": "paula"}[request.node.callspec.id]
    async with somebody(chromium, place) as first:
        page = await sign_in(first, CODES, "/deep?x=1", who=who)
        secret, _ = await set_up_app(page)
        await entered(page, CODES)
        assert at(page) == f"{CODES}/deep?x=1"
    async with somebody(chromium, place, **options) as later:
        page = await sign_in(later, CODES, "/deep?x=2", who=who)
        await page.get_by_role("heading", name="Show that it is you").wait_for()
        if later is not None and "java_script_enabled" not in options:
            await looked_at(page, "show-code")
        field = page.get_by_label("Code of your authenticator app")
        await field.fill("000000")
        await page.keyboard.press("Enter")
        await page.get_by_role("alert").wait_for()
        await field.fill(next_code(secret))
        await page.keyboard.press("Enter")
        await entered(page, CODES)
        assert at(page) == f"{CODES}/deep?x=2"


@pytest.mark.parametrize(
    ("choice", "what", "who"),
    [("This device", DEVICE, "carol"), ("Security key", KEY, "dora")],
    ids=["device", "security key"],
)
async def test_a_passkey_is_set_up_and_lets_in_later_and_elsewhere(chromium, place, choice, what, who):
    async with somebody(chromium, place) as first, somebody(chromium, place, **PHONE) as later:
        page = await sign_in(first, PASSKEYS, "/deep", who=who)
        await page.get_by_role("heading", name="Set up an authenticator").wait_for()
        await looked_at(page, "choose-factor")
        await page.get_by_role("link", name=choice).click()
        await page.get_by_role("button", name="Set it up").wait_for()
        line, authenticator = await plugged_in(page, **what)
        await looked_at(page, "enroll-passkey")
        await page.get_by_role("button", name="Set it up").click()
        await page.get_by_role("heading", name="Keep these codes").wait_for()
        await page.get_by_role("link", name="I have kept them, go on").click()
        await entered(page, PASSKEYS)

        page = await sign_in(later, PASSKEYS, "/later", who=who)
        await page.get_by_role("heading", name="Show that it is you").wait_for()
        await looked_at(page, "show-passkey")
        await moved(line, authenticator, page, **what)
        await page.get_by_role("button", name="Use your passkey or security key").click()
        await entered(page, PASSKEYS)
        assert at(page) == f"{PASSKEYS}/later"


async def test_another_device_s_passkey_does_not_open(chromium, place):
    async with somebody(chromium, place) as first, somebody(chromium, place) as other:
        page = await sign_in(first, PASSKEYS, who="erin")
        await page.get_by_role("link", name="This device").click()
        await plugged_in(page, **DEVICE)
        await page.get_by_role("button", name="Set it up").click()
        await page.get_by_role("heading", name="Keep these codes").wait_for()

        page = await sign_in(other, PASSKEYS, who="erin")
        await plugged_in(page, **KEY)
        await page.get_by_role("button", name="Use your passkey or security key").click()
        await page.get_by_text("Nothing was shown, or the browser stopped it.").wait_for(timeout=90_000)
        assert at(page).startswith(f"{TEAM}/cdn-cgi/access/factor/")


async def test_a_recovery_code_leads_to_a_new_authenticator(chromium, place):
    async with somebody(chromium, place) as first:
        page = await sign_in(first, CODES, who="fay")
        old, codes = await set_up_app(page)
    async with somebody(chromium, place, **PHONE) as later:
        page = await sign_in(later, CODES, "/after", who="fay")
        await page.get_by_role("link", name="Use a recovery code").click()
        await looked_at(page, "recover")
        await page.get_by_label("Recovery code").fill(codes[0])
        await page.keyboard.press("Enter")
        await page.get_by_role("heading", name="Set up an authenticator app").wait_for()
        await page.get_by_text("Type the key instead").click()
        secret = (await page.locator(".typed code").inner_text()).replace(" ", "")
        assert secret != old
        await page.get_by_label("The code that the app shows now").fill(TOTP(secret).now())
        await page.keyboard.press("Enter")
        await entered(page, CODES)
        assert at(page) == f"{CODES}/after"
