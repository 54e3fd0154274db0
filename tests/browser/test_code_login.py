"""Signing in with a code from a mail."""

from __future__ import annotations

import re
import sqlite3

import pytest
from tests.browser.place import TEAM, WIKI
from tests.browser.visitor import Visitor, arrived, ask_for_code, at, type_code
from tests.door.mailbox import text_of

pytestmark = [pytest.mark.browser, pytest.mark.edge, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture(autouse=True)
def no_limits_from_before(place):
    """All tests here come from one address, and each of them is a new day."""
    with sqlite3.connect(place.door.folder / "state" / "doorward.db") as database:
        database.execute("delete from limits")
    database.close()


async def test_a_person_signs_in_with_a_mailed_code(visitor, place):
    page = await visitor.open(WIKI, "/deep?x=1")
    await ask_for_code(page, "carol@example.test")
    assert at(page).startswith(f"{TEAM}/cdn-cgi/access/verify-code/{WIKI}")
    await type_code(page, await place.mailbox.code_for("carol@example.test"))
    await arrived(page, WIKI, "/deep?x=1", "carol@example.test")


async def test_a_wrong_code_costs_a_try_and_nothing_else(visitor, place):
    visitor.expected = {400}
    page = await visitor.open(WIKI, "/deep?x=2")
    await ask_for_code(page, "dora@example.test")
    code = await place.mailbox.code_for("dora@example.test")
    await type_code(page, wrong(code))
    assert "That is not the code." in await page.get_by_role("alert").inner_text()
    assert "4 tries left." in await page.locator("main").inner_text()
    assert await page.get_by_label("Code", exact=True).get_attribute("aria-invalid") == "true"
    await type_code(page, code)
    await arrived(page, WIKI, "/deep?x=2", "dora@example.test")


async def test_a_code_page_can_be_reloaded(visitor, place):
    page = await visitor.open(WIKI, "/reloaded")
    await ask_for_code(page, "erin@example.test")
    await page.reload()
    await type_code(page, await place.mailbox.code_for("erin@example.test"))
    await arrived(page, WIKI, "/reloaded", "erin@example.test")
    assert len(place.mailbox.to("erin@example.test")) == 1


async def test_a_browser_refuses_what_is_no_code_before_it_is_sent(visitor):
    page = await visitor.open(WIKI)
    await ask_for_code(page, "fay@example.test")
    field = page.get_by_label("Code", exact=True)
    await field.fill("12a456")
    await page.get_by_role("button", name="Sign in").click()
    assert await field.evaluate("field => !field.validity.valid")
    assert "/verify-code/" in page.url


async def test_a_new_code_can_be_had_after_half_a_minute_and_the_old_one_is_dead(visitor, place):
    visitor.expected = {400, 429}
    page = await visitor.open(WIKI, "/resent")
    await ask_for_code(page, "gina@example.test")
    old = await place.mailbox.code_for("gina@example.test")
    await page.get_by_role("link", name="send a new code").click()
    assert "A code was just sent." in await page.get_by_role("alert").inner_text()
    half_a_minute_passes(place)
    await page.get_by_role("link", name="send a new code").click()
    new = await place.mailbox.code_for("gina@example.test", 2)
    if old != new:
        await type_code(page, old)
        assert "That is not the code." in await page.get_by_role("alert").inner_text()
    await type_code(page, new)
    await arrived(page, WIKI, "/resent", "gina@example.test")


async def test_the_link_in_the_mail_shows_a_button_and_uses_nothing_up(visitor, place, chromium):
    page = await visitor.open(WIKI, "/linked")
    await ask_for_code(page, "hana@example.test")
    link = await link_for(place, "hana@example.test")
    async with Visitor(chromium, place) as scanner:
        scanner.expected = {400}
        elsewhere = await scanner.page()
        await elsewhere.goto(link)
        assert await elsewhere.locator("h1").inner_text() == "Use the browser you started in"
    mail = await visitor.page()
    for _ in range(2):  # looked at twice, used once
        await mail.goto(link)
        assert "hana@example.test" in await mail.locator("main").inner_text()
    await mail.get_by_role("button", name="Sign in").click()
    await arrived(mail, WIKI, "/linked", "hana@example.test")


async def test_a_used_code_says_so(visitor, place):
    visitor.expected = {400}
    page = await visitor.open(WIKI, "/used")
    await ask_for_code(page, "iris@example.test")
    link = await link_for(place, "iris@example.test")
    await type_code(page, await place.mailbox.code_for("iris@example.test"))
    await arrived(page, WIKI, "/used", "iris@example.test")
    await page.goto(link)
    assert await page.locator("h1").inner_text() == "This One-Time PIN has already been used"
    await page.get_by_role("link", name="Start again at the application").click()
    await arrived(page, WIKI, "/", "iris@example.test")


async def test_an_address_that_may_not_enter_sees_the_same_page_and_gets_no_mail(visitor, place):
    page = await visitor.open(WIKI)
    await ask_for_code(page, "judy@elsewhere.test")
    other = await visitor.open(WIKI)
    await ask_for_code(other, "judy@example.test")
    await place.mailbox.code_for("judy@example.test")
    assert place.mailbox.to("judy@elsewhere.test") == []
    seen = [await one.locator("main").inner_text() for one in (page, other)]
    assert seen[0] == seen[1].replace("judy@example.test", "judy@elsewhere.test")


async def test_going_back_from_the_code_to_correct_the_address(visitor, place):
    page = await visitor.open(WIKI, "/corrected")
    await ask_for_code(page, "kate@exmaple.test")
    await page.get_by_role("link", name="Start over").click()
    await ask_for_code(page, "kate@example.test")
    await type_code(page, await place.mailbox.code_for("kate@example.test"))
    await arrived(page, WIKI, "/corrected", "kate@example.test")


async def test_after_five_wrong_codes_a_new_one_is_needed(visitor, place):
    visitor.expected = {400}
    page = await visitor.open(WIKI, "/worn")
    await ask_for_code(page, "lena@example.test")
    code = await place.mailbox.code_for("lena@example.test")
    for _ in range(5):
        await type_code(page, wrong(code))
    assert await page.locator("h1").inner_text() == "This code is no longer valid"
    half_a_minute_passes(place)
    await page.get_by_role("link", name="Send a new code").click()
    await type_code(page, await place.mailbox.code_for("lena@example.test", 2))
    await arrived(page, WIKI, "/worn", "lena@example.test")


def wrong(code):
    return f"{(int(code) + 1) % 1_000_000:06}"


def half_a_minute_passes(place):
    with sqlite3.connect(place.door.folder / "state" / "doorward.db") as database:
        database.execute("update pins set created_at = created_at - 31")
    database.close()


async def link_for(place, address):
    await place.mailbox.code_for(address)
    found = re.search(r"https?://\S+/callback\?\S+", text_of(place.mailbox.to(address)[0]))
    assert found is not None
    return found.group()
