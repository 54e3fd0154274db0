"""Settings that only a real browser can judge: who may read an answer, what runs on an own page, and the page about circles."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.browser.visitor import Visitor, by_directory
from tests.door.house import House, aud, standing
from tests.door_settings.place import CONFIGURATION, FILES
from tests.edge.recording_origin import Reply

from doorward.access import rounds
from doorward.applications import Application
from doorward.organization import PublicAddress

pytestmark = [pytest.mark.browser, pytest.mark.edge, pytest.mark.asyncio(loop_scope="session")]

AUDIT = (Path(__file__).parent / "audit.js").read_text()
CALL = """async ([url, method]) => {
  const headers = method === "PUT" ? {"content-type": "application/json"} : {};
  try {
    const answer = await fetch(url, {method, headers, credentials: "include"});
    return [answer.status, await answer.text()];
  } catch (error) {
    return [0, String(error)];
  }
}"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with standing(tmp_path_factory.mktemp("settings"), CONFIGURATION, files=FILES) as house:
        house.origin.reply = lambda request: Reply(
            headers=[("content-type", "text/html")], body=b"<title>origin</title>"
        )
        yield house


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(chromium, house) -> AsyncIterator[Visitor]:
    async with Visitor(chromium, house) as visitor:
        visitor.watched = frozenset({"own.localhost", "login.localhost", "round.localhost"})
        visitor.expected = {400, 401, 403}
        yield visitor


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_a_script_of_a_named_origin_may_read_where_the_login_is(visitor, house, method):
    page = await visitor.sign_in("shop.localhost")
    status, text = await page.evaluate(CALL, [house.url("api.localhost", "/items"), method])
    assert status == 401
    assert json.loads(text)["login_url"].startswith(
        house.url("login.localhost", "/cdn-cgi/access/login/api.localhost?")
    )


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_a_script_of_a_named_origin_may_read_what_the_application_answers(visitor, house, method):
    page = await visitor.sign_in("shop.localhost")
    found = await page.evaluate(CALL, [house.url("lobby.localhost", "/items"), method])
    assert found == [200, "<title>origin</title>"]


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_a_script_of_another_origin_may_read_nothing(chromium, house, method):
    visitor = Visitor(chromium, house)
    visitor.watched = frozenset()
    async with visitor:
        page = await visitor.sign_in("plain.localhost")
        assert (await page.evaluate(CALL, [house.url("api.localhost", "/items"), method]))[0] == 0
        assert (await page.evaluate(CALL, [house.url("lobby.localhost", "/items"), method]))[0] == 0
        visitor.complaints.clear()  # the browser says what it kept from the page, as it should


async def test_a_script_reads_the_application_itself_and_after_the_session_the_way_back(visitor, house):
    page = await visitor.sign_in("plain.localhost", "/list?open=3")
    assert (await page.evaluate(CALL, ["/items", "GET"]))[0] == 200
    await visitor.context.clear_cookies(domain="plain.localhost")
    status, text = await page.evaluate(CALL, ["/items", "GET"])
    assert status == 401
    await page.goto(json.loads(text)["login_url"])
    assert page.url == house.url("plain.localhost", "/list?open=3")


async def test_an_own_page_looks_as_written_and_runs_nothing(visitor):
    page = await visitor.open("own.localhost")
    await by_directory(page)
    assert await page.text_content("h1") == "Example Company: this door stays shut"
    assert await page.evaluate("getComputedStyle(document.body).borderLeftColor") == "rgb(180, 83, 9)"
    assert await page.text_content("b") == "alice@example.test"


@pytest.mark.parametrize("width", [320, 390, 1280])
async def test_the_page_about_circles_can_be_read_and_leads_on(chromium, house, width):
    app = Application(id="1", aud=aud("round.localhost"), name="x", domain="round.localhost")
    public = PublicAddress(scheme="http", port=house.door.port)
    name, _, note = rounds.arrived((), app, "/page", public, int(time.time())).partition(";")[0].partition("=")
    async with Visitor(chromium, house, viewport={"width": width, "height": 800}) as visitor:
        visitor.watched = frozenset({"round.localhost"})
        visitor.expected = {400}
        await visitor.context.add_cookies(
            [{"name": name, "value": note.replace("-0-", "-2-"), "url": house.url("round.localhost")}]
        )
        page = await visitor.open("round.localhost", "/page")
        assert await page.text_content("h1") == "You were going round in circles"
        assert not await page.evaluate(AUDIT)
        await page.click("text=Try again")
        await by_directory(page)
        assert page.url == house.url("round.localhost", "/page")
