"""The same door with TLS: cookies that only this host can set, and HTTP/2."""

from __future__ import annotations

import pytest
import pytest_asyncio
from tests.browser.place import METRICS, TEAM, WIKI, standing
from tests.browser.visitor import Visitor, arrived, ask_for_code, by_directory, type_code

pytestmark = [pytest.mark.browser, pytest.mark.edge, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture(scope="module")
def secure_place(tmp_path_factory):
    with standing(tmp_path_factory.mktemp("secure"), secure=True) as place:
        yield place


@pytest_asyncio.fixture(loop_scope="session")
async def secure_visitor(chromium, secure_place):
    async with Visitor(chromium, secure_place) as visitor:
        yield visitor


async def test_both_logins_work_over_tls(secure_visitor, secure_place):
    page = await secure_visitor.sign_in(path="/tls?x=1")
    await arrived(page, WIKI, "/tls?x=1")
    assert await page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol") == "h2"
    await page.goto(secure_place.url(WIKI, "/cdn-cgi/access/logout"))
    await page.goto(secure_place.url(METRICS, "/mailed"))
    await ask_for_code(page, "pam@example.test")
    await type_code(page, await secure_place.mailbox.code_for("pam@example.test"))
    await arrived(page, METRICS, "/mailed", "pam@example.test")


async def test_cookies_are_secure_and_have_a_twin_that_no_other_host_can_set(secure_visitor):
    page = await secure_visitor.open(WIKI)
    before = await secure_visitor.cookies()
    assert (WIKI, "__Host-CF_AppSession") in before
    assert (TEAM, "__Host-CF_Session") in before
    await by_directory(page)
    await arrived(page, WIKI)
    cookies = await secure_visitor.cookies()
    assert (WIKI, "CF_Authorization") in cookies
    assert (TEAM, "CF_Authorization") in cookies
    for (host, name), cookie in cookies.items():
        if host in {WIKI, TEAM}:
            assert cookie["secure"], name
            assert cookie["httpOnly"], name


async def test_ten_tabs_over_tls_all_arrive(secure_visitor):
    pages = [await secure_visitor.open(WIKI, f"/tab/{number}") for number in range(10)]
    for number, page in enumerate(pages):
        await by_directory(page)
        await arrived(page, WIKI, f"/tab/{number}")
