"""Everything works in a browser that runs no scripts, and by keyboard alone."""

from __future__ import annotations

import pytest
from playwright.async_api import expect
from tests.browser.place import METRICS, PAYROLL, TEAM, WIKI
from tests.browser.visitor import Visitor, arrived, ask_for_code, by_directory, type_code

pytestmark = [pytest.mark.browser, pytest.mark.edge, pytest.mark.asyncio(loop_scope="session")]


async def test_both_logins_and_the_way_out_need_no_script(chromium, place):
    async with Visitor(chromium, place, java_script_enabled=False) as visitor:
        visitor.expected = {403}
        page = await visitor.open(WIKI, "/plain")
        await by_directory(page)
        await arrived(page, WIKI, "/plain")
        await page.goto(place.url(PAYROLL))
        assert await page.locator("h1").inner_text() == "That account does not have access."
        await page.goto(place.url(TEAM, "/cdn-cgi/access/logout"))
        await page.goto(place.url(METRICS, "/plain"))
        await ask_for_code(page, "nora@example.test")
        await type_code(page, await place.mailbox.code_for("nora@example.test"))
        await arrived(page, METRICS, "/plain", "nora@example.test")


async def test_no_page_carries_a_script(visitor, place):
    visitor.expected = {400, 404}
    page = await visitor.open(WIKI)
    for path in ("", "/cdn-cgi/access/logout", "/cdn-cgi/access/callback", "/nowhere"):
        if path:
            await page.goto(place.url(TEAM, path))
        assert await page.locator("script, [onclick], [onload], [style], style, iframe").count() == 0
        assert "unsafe" not in (await (await page.reload()).header_value("content-security-policy"))


async def test_keys_alone_lead_through_the_directory(visitor):
    page = await visitor.open(WIKI, "/keys")
    await page.keyboard.press("Tab")
    assert await focused(page) == "Directory"
    await page.keyboard.press("Enter")
    await expect(page.get_by_placeholder("sub")).to_be_focused()
    await page.keyboard.type("alice")
    await page.keyboard.press("Enter")
    await arrived(page, WIKI, "/keys")


async def test_keys_alone_lead_through_a_mailed_code(visitor, place):
    page = await visitor.open(WIKI, "/keys")
    field = page.get_by_label("Your e-mail address")
    while not await field.evaluate("field => field === document.activeElement"):
        await page.keyboard.press("Tab")
    await page.keyboard.type("olga@example.test")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Code", exact=True)).to_be_focused()
    await page.keyboard.type(await place.mailbox.code_for("olga@example.test"))
    await page.keyboard.press("Enter")
    await arrived(page, WIKI, "/keys", "olga@example.test")


async def test_everything_that_can_be_reached_by_keys_shows_that_it_has_the_focus(visitor, place):
    page = await visitor.open(WIKI)
    count = await page.locator("a[href], button, input:not([type=hidden])").count()
    assert count >= 3
    for _ in range(count):
        await page.keyboard.press("Tab")
        style, width = await page.evaluate(
            "() => { const s = getComputedStyle(document.activeElement); return [s.outlineStyle, parseFloat(s.outlineWidth)] }"
        )
        assert (style, width >= 2) == ("solid", True), await focused(page)


async def focused(page):
    return (await page.evaluate("document.activeElement.innerText || document.activeElement.id")).strip()
