"""Every page on a phone and at a desk, in light and dark: labels, order, contrast, room. ``audit.js`` has the rules."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.browser.place import PAYROLL, TEAM, WIKI
from tests.browser.visitor import Visitor, ask_for_code, by_directory, type_code

pytestmark = [pytest.mark.browser, pytest.mark.edge, pytest.mark.asyncio(loop_scope="session")]

AUDIT = (Path(__file__).parent / "audit.js").read_text()
SMALL, PHONE, DESK = (320, 640), (390, 844), (1280, 800)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [SMALL, PHONE, DESK], ids=["small", "phone", "desk"])
async def test_every_page_can_be_read_and_used(chromium, place, size, scheme):
    width, height = size
    found = {}
    async with Visitor(chromium, place, viewport={"width": width, "height": height}, color_scheme=scheme) as visitor:
        visitor.expected = {400, 403, 404}
        page = await visitor.open(WIKI)
        found["chooser"] = await page.evaluate(AUDIT)
        assert dark(await page.evaluate("getComputedStyle(document.body).backgroundColor")) is (scheme == "dark")
        await ask_for_code(page, f"quinn.{width}.{scheme}@elsewhere.test")
        found["code"] = await page.evaluate(AUDIT)
        await type_code(page, "000000")
        found["wrong code"] = await page.evaluate(AUDIT)
        await page.goto(place.url(PAYROLL))
        await by_directory(page)
        found["refused"] = await page.evaluate(AUDIT)
        for name, path in (("home", "/"), ("error", "/nowhere"), ("signed out", "/cdn-cgi/access/logout")):
            await page.goto(place.url(TEAM, path))
            found[name] = await page.evaluate(AUDIT)
    assert not any(found.values()), found


def dark(colour):
    red, green, blue = (int(part) for part in colour[4:-1].split(","))
    return red + green + blue < 150


async def test_the_rules_notice_what_is_wrong(visitor):
    page = await visitor.page()
    await page.set_content('<h1>a</h1><h1 style="color:#ccc">b</h1><input name="x"><a href="/"></a><img src="data:,">')
    found = "\n".join(await page.evaluate(AUDIT))
    for complaint in (
        "no language",
        "no title",
        "one h1",
        "one main",
        "field x",
        "nameless",
        "without words",
        "contrast 1.6",
    ):
        assert complaint in found
