"""Pages that were left open, and links that were kept: what is too old starts again where it was going."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from tests.browser.place import PAYROLL, TEAM, WIKI
from tests.browser.visitor import arrived, ask_for_code, at, by_directory, type_code
from tests.door.running import claims_of

from doorward.settings import load
from doorward.store import Cipher, Store
from doorward.tokens.jwt import mint_meta, verify_meta

pytestmark = [pytest.mark.browser, pytest.mark.edge, pytest.mark.asyncio(loop_scope="session")]
LONG_AGO = 86_400


async def test_a_login_link_that_was_kept_starts_again_at_the_application(visitor, place):
    page = await visitor.open(WIKI, "/kept?a=b")
    await page.goto(aged(page.url, place))
    assert at(page).startswith(f"{TEAM}/cdn-cgi/access/login/{WIKI}"), "a fresh login page"
    assert claims_of(meta_of(page.url))["exp"] > time.time()
    await by_directory(page)
    await arrived(page, WIKI, "/kept?a=b")


async def test_a_button_of_a_page_left_open_too_long_starts_again(visitor, place):
    page = await visitor.open(WIKI, "/slow")
    button = page.get_by_role("link", name="Directory")
    await button.evaluate("(link, url) => link.setAttribute('href', url)", aged(await hrefs(button), place))
    await button.click()
    assert at(page).startswith(f"{TEAM}/cdn-cgi/access/login/{WIKI}")
    await by_directory(page)
    await arrived(page, WIKI, "/slow")


async def test_a_form_of_a_page_left_open_too_long_starts_again(visitor, place):
    page = await visitor.open(WIKI, "/slower")
    form = page.locator("#totp-form")
    action = await form.evaluate("form => form.action")
    await form.evaluate("(form, url) => form.setAttribute('action', url)", aged(action, place))
    await page.get_by_label("Your e-mail address").fill("mona@example.test")
    await page.get_by_role("button", name="Send me a code").click()
    await page.wait_for_url("**/cdn-cgi/access/login/**")
    await ask_for_code(page, "mona@example.test")
    await type_code(page, await place.mailbox.code_for("mona@example.test"))
    await arrived(page, WIKI, "/slower", "mona@example.test")


async def test_a_changed_link_is_refused_and_leads_to_the_application(visitor):
    visitor.expected = {400}
    page = await visitor.open(WIKI, "/changed")
    await page.goto(page.url.replace("meta=eyJ", "meta=eyK"))
    assert await page.locator("h1").inner_text() == "This login link is not valid"
    await page.get_by_role("link", name="Start again at the application").click()
    await by_directory(page)
    await arrived(page, WIKI)


async def test_a_link_for_one_application_does_not_lead_to_another(visitor):
    visitor.expected = {400}
    page = await visitor.open(WIKI)
    await page.goto(page.url.replace(f"/login/{WIKI}", f"/login/{PAYROLL}"))
    assert await page.locator("h1").inner_text() == "This login link is not valid"


def aged(url, place):
    """The same link, as it would be after a day: signed by the door's own key, and expired."""
    parts, now = urlsplit(url), int(time.time())
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    ring = the_keys(place)
    claims = verify_meta(query["meta"], ring, now=now)
    old = replace(claims, iat=claims.iat - LONG_AGO, exp=claims.exp - LONG_AGO)
    query["meta"] = str(mint_meta(old, ring.current(now)))
    return parts._replace(query=urlencode(query)).geturl()


def meta_of(url):
    return parse_qs(urlsplit(url).query)["meta"][0]


def the_keys(place):
    settings = load(place.door.configuration, {})

    async def ring():
        store = await Store.open(settings.store_url, Cipher.load(settings.secret_key_file, {}))
        try:
            return await store.signing_keys.ring()
        finally:
            await store.close()

    with ThreadPoolExecutor(1) as thread:  # an event loop runs here already
        return thread.submit(asyncio.run, ring()).result()


async def hrefs(link):
    return str(await link.evaluate("link => link.href"))
