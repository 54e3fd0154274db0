"""Two people and two browsers: one asks for access and waits, the other decides (access.md 4.6)."""

from __future__ import annotations

import re

import pytest
from tests.approvals.house import REASONS, SAFE, WHY, approving
from tests.browser.visitor import Visitor, at, by_directory
from tests.door.house import TEAM

pytestmark = [pytest.mark.browser, pytest.mark.edge, pytest.mark.asyncio(loop_scope="session")]

PHONE = {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with approving(tmp_path_factory.mktemp("approving")) as house:
        yield house


def somebody(chromium, place, **options):
    visitor = Visitor(chromium, place, **options)
    visitor.watched = frozenset({TEAM, SAFE, REASONS})
    return visitor


async def fits(page):
    """Nothing is wider than the window."""
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("options", [{}, {"java_script_enabled": False}], ids=["scripts", "no scripts"])
async def test_one_asks_and_waits_and_is_let_in_when_the_other_agrees(chromium, place, options):
    async with somebody(chromium, place, **options) as alice, somebody(chromium, place, **PHONE) as bob:
        page = await alice.sign_in(SAFE, "/deep?x=1")
        await page.get_by_label("Your reason").fill(WHY)
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await page.get_by_role("heading", name="Waiting for approval").wait_for()
        link = await page.locator(".address code").inner_text()

        decision = await bob.page()
        await decision.goto(link)
        await by_directory(decision, "bob")
        await decision.get_by_role("heading", name="Alice Archer asks for access").wait_for()
        await fits(decision)
        assert WHY in await decision.locator("main").inner_text()
        await decision.get_by_label("For how long").select_option("2 hours")
        await decision.get_by_role("button", name="Approve").click()
        await decision.get_by_role("heading", name="Access is granted").wait_for()

        await page.wait_for_url(re.compile(rf"https?://{re.escape(SAFE)}:\d+/deep\?x=1"), timeout=30_000)


async def test_one_asks_and_is_refused(chromium, place):
    async with somebody(chromium, place, **PHONE) as alice, somebody(chromium, place) as bob:
        page = await alice.sign_in(SAFE)
        await page.get_by_label("Your reason").fill(WHY)
        await page.get_by_role("button", name="Ask for access").click()
        link = await page.locator(".address code").inner_text()
        await fits(page)
        decision = await bob.page()
        await decision.goto(link)
        await by_directory(decision, "bob")
        await decision.get_by_role("button", name="Refuse").click()
        await decision.get_by_role("heading", name="Access was refused").wait_for()
        await page.get_by_text("Your last request was refused.").wait_for(timeout=30_000)


async def test_a_reason_is_asked_for_and_a_browser_keeps_it_from_being_empty(chromium, place):
    async with somebody(chromium, place, **PHONE) as alice:
        page = await alice.sign_in(REASONS)
        assert at(page).startswith(f"{TEAM}/cdn-cgi/access/purpose/{REASONS}")
        await fits(page)
        field = page.get_by_label("Which ticket is it about?")
        await page.get_by_role("button", name="Go on").click()
        assert await field.evaluate("field => !field.validity.valid")
        await field.fill(WHY)
        await page.get_by_role("button", name="Go on").click()
        await page.wait_for_url(re.compile(rf"https?://{re.escape(REASONS)}:\d+/"))
