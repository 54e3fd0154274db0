"""What somebody typed survives a session that ended meanwhile, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Page, expect
from tests.browser.place import METRICS, TEAM, WIKI, Place, standing
from tests.browser.visitor import Visitor, arrived, at, by_directory

pytestmark = [pytest.mark.browser, pytest.mark.edge, pytest.mark.asyncio(loop_scope="session")]

NOTE = 'Ein Café, zwei Zeilen\nund "Zeichen" <b>&amp;\U0001f600'


async def begin(
    visitor: Visitor, *, enctype: str = "application/x-www-form-urlencoded", path: str = "/save?page=1"
) -> Page:
    """Signed in and at a form of the application; then the session is gone."""
    page = await visitor.sign_in(WIKI, "/form")
    await page.evaluate(
        """([action, enctype]) => {
            document.body.innerHTML = '<form method="post"><textarea name="note"></textarea><input name="title">'
                + '<input type="file" name="scan"><input type="file" name="none"><button>Save</button></form>'
            const form = document.forms[0]
            form.action = action
            form.enctype = enctype
        }""",
        [path, enctype],
    )
    await page.locator("textarea").fill(NOTE)
    await page.locator("[name=title]").fill("a+b=c&d")
    await visitor.context.clear_cookies()
    return page


def at_url(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}{parts.path}"


async def save_and_sign_in(page: Page) -> None:
    await page.get_by_role("button", name="Save").click()
    await page.get_by_role("link", name="Directory").wait_for()
    assert at(page).startswith(f"{TEAM}/cdn-cgi/access/login/{WIKI}")
    await by_directory(page)
    await expect(page.get_by_role("button", name="Send it now")).to_be_visible()
    assert at(page).startswith(f"{WIKI}/cdn-cgi/access/resume/")


async def send(page: Page, place: Place, target: str) -> Any:
    """Press the button; the one request that reached the application."""
    await page.get_by_role("button", name="Send it now").click()
    await expect(page.locator("#target")).to_have_text(target)
    (request,) = [one for one in list(place.origin.requests) if one.target == target]
    return request


@pytest.mark.parametrize("script", [True, False])
async def test_a_form_reaches_the_application_as_it_was_entered(chromium, place, script):
    target = f"/save?script={script}"
    async with Visitor(chromium, place, java_script_enabled=script) as visitor:
        visitor.expected = {404}
        page = await begin(visitor, path=target)
        await save_and_sign_in(page)
        assert await page.locator("h1").inner_text() == "Did you enter this?"
        request = await send(page, place, target)
        assert request.method == "POST"
        assert parse_qs(request.body.decode(), keep_blank_values=True) == {
            "note": [NOTE.replace("\n", "\r\n")], "title": ["a+b=c&d"], "scan": [""], "none": [""],
        }  # fmt: skip
        assert request.get("origin") == place.url(WIKI, "")
        await page.go_back()
        await expect(page.locator("h1")).to_have_text("There is nothing to send")


async def test_files_are_chosen_once_more(visitor, place, tmp_path):
    scan = tmp_path / "scan.txt"
    scan.write_bytes(b"scanned \xff\x00")
    page = await begin(visitor, enctype="multipart/form-data", path="/upload")
    await page.locator("[name=scan]").set_input_files(scan)
    await save_and_sign_in(page)
    await page.get_by_label("Choose scan.txt again").set_input_files(scan)
    request = await send(page, place, "/upload")
    assert re.match(r"multipart/form-data; boundary=", request.get("content-type"))
    assert b'name="scan"; filename="scan.txt"' in request.body
    assert b"scanned \xff\x00" in request.body
    assert b'name="none"; filename=""' in request.body
    assert NOTE.replace("\n", "\r\n").encode() in request.body


async def test_text_plain_arrives_byte_for_byte(visitor, place):
    visitor.expected = {400}
    page = await begin(visitor, enctype="text/plain", path="/plain-text")
    await page.locator("textarea").fill("one\ntwo")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("h1")).to_have_text("What you entered was not sent")  # a line that is no field
    page = await begin(visitor, enctype="text/plain", path="/plain-text")
    await page.locator("textarea").fill("one=1\ntwo=2")
    await page.evaluate("document.querySelectorAll('[type=file]').forEach(each => each.remove())")
    await save_and_sign_in(page)
    assert (await send(page, place, "/plain-text")).body == b"note=one=1\r\ntwo=2\r\ntitle=a+b=c&d\r\n"


async def test_what_is_too_large_is_said_and_still_there_on_the_way_back(visitor, place):
    visitor.expected = {413}
    page = await begin(visitor, path="/large")
    text = "x" * 400_000
    await page.locator("textarea").fill(text)
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("h1")).to_have_text("What you entered was not sent")
    async with visitor.context.expect_page() as opened:
        await page.get_by_role("link", name="Sign in").click()
    other = await opened.value
    await by_directory(other)
    await other.close()


async def test_g7_97_another_site_cannot_have_a_form_kept(visitor, place):
    """A page of another application posts to this one, where the visitor has no token: the login goes on without it."""
    page = await visitor.sign_in(METRICS, "/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.method} {at_url(request.url)}"))
    await page.evaluate(
        """target => {
            const form = document.createElement("form")
            form.method = "post"
            form.action = target
            form.innerHTML = '<input name="amount" value="1000">'
            document.body.append(form)
            form.submit()
        }""",
        place.url(WIKI, "/transfer"),
    )
    await arrived(page, WIKI, "/transfer")
    assert f"POST {WIKI}/transfer" in asked
    assert not [one for one in asked if "/cdn-cgi/access/resume" in one]
    assert [one.method for one in list(place.origin.requests) if one.target == "/transfer"] == ["GET"]


@pytest.mark.parametrize("look", ["light", "dark"])
async def test_the_page_fits_a_phone_and_reads_in_the_dark(chromium, place, look, tmp_path):
    pictures = Path(tmp_path)
    async with Visitor(chromium, place, viewport={"width": 360, "height": 740}, color_scheme=look) as visitor:
        page = await begin(visitor, enctype="multipart/form-data", path=f"/save/{'deep/' * 20}?look={look}")
        scan = pictures / "receipt.txt"
        scan.write_text("x")
        await page.locator("[name=scan]").set_input_files(scan)
        await save_and_sign_in(page)
        assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        await page.screenshot(path=pictures / f"phone-{look}.png", full_page=True)


@pytest.fixture(scope="module")
def safe_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with standing(tmp_path_factory.mktemp("safe"), secure=True) as place:
        yield place


async def test_over_http_2_forms_are_kept_and_those_that_are_too_large_get_their_page(chromium, safe_place):
    async with Visitor(chromium, safe_place) as visitor:
        visitor.expected = {413}
        page = await begin(visitor, path="/large")
        await page.locator("textarea").fill("x" * 400_000)
        await page.get_by_role("button", name="Save").click()
        await expect(page.locator("h1")).to_have_text("What you entered was not sent")
        page = await begin(visitor, path="/small")
        await save_and_sign_in(page)
        assert (await send(page, safe_place, "/small")).method == "POST"
