"""Signing in through an OpenID provider, as a person sees it."""

from __future__ import annotations

import asyncio
import re

import pytest
from tests.browser.place import METRICS, PAYROLL, TEAM, WIKI
from tests.browser.visitor import arrived, at, by_directory
from tests.counterparties.oidc_provider import why_not

pytestmark = [pytest.mark.browser, pytest.mark.edge, pytest.mark.asyncio(loop_scope="session")]


async def test_a_person_signs_in_and_arrives_where_they_wanted(visitor):
    page = await visitor.open(WIKI, "/deep/page?x=1&y=a%20b")
    assert at(page).startswith(f"{TEAM}/cdn-cgi/access/login/{WIKI}")
    assert await page.locator("h1").inner_text() == "Wiki"
    await by_directory(page)
    await arrived(page, WIKI, "/deep/page?x=1&y=a%20b")


@pytest.mark.skipif(why_not() is not None, reason=why_not() or "")
async def test_a_person_signs_in_with_a_certified_provider_and_its_consent_page(visitor):
    page = await visitor.open(WIKI, "/certified?q=1")
    await page.get_by_role("link", name="Certified").click()
    await page.get_by_placeholder("Enter any login").fill("alice")
    await page.get_by_placeholder("and password").fill("anything")
    await page.get_by_role("button", name="Sign-in").click()
    await page.get_by_role("button", name="Continue").click()
    await arrived(page, WIKI, "/certified?q=1")


async def test_a_second_application_opens_without_a_second_login_and_keeps_the_fragment(visitor):
    await visitor.sign_in()
    page = await visitor.open(METRICS, "/graphs?range=1d#cpu")
    await arrived(page, METRICS, "/graphs?range=1d")
    assert page.url.endswith("#cpu")


async def test_a_third_application_refuses_with_a_reference_that_explain_knows(visitor, place):
    visitor.expected = {403}
    await visitor.sign_in()
    page = await visitor.open(PAYROLL, "/salaries")
    assert await page.locator("h1").inner_text() == "That account does not have access."
    text = await page.locator("main").inner_text()
    assert "Payroll is for the people of the payroll team." in text
    assert "alice@example.test" in text
    reference = await page.locator(".reference code").inner_text()
    explained = await asyncio.to_thread(place.door.run, "explain", reference)
    assert explained.returncode == 0, explained.stderr
    assert "Payroll team only" in explained.stdout
    assert "alice@example.test" in explained.stdout


async def test_who_is_refused_can_come_back_as_somebody_else(visitor):
    visitor.expected = {403}
    page = await visitor.open(WIKI, "/again")
    await by_directory(page, "mallory")
    assert await page.locator("h1").inner_text() == "That account does not have access."
    await page.get_by_role("link", name="Sign in as somebody else").click()
    assert await page.locator("h1").inner_text() == "You are signed out"
    await page.get_by_role("link", name=f"Back to {WIKI}").click()
    await by_directory(page, "alice")
    await arrived(page, WIKI, "/again")


async def test_signing_out_of_one_application_signs_out_of_all(visitor, place):
    wiki = await visitor.sign_in()
    metrics = await visitor.open(METRICS)
    await arrived(metrics, METRICS)
    await wiki.goto(place.url(WIKI, "/cdn-cgi/access/logout"))
    assert await wiki.locator("h1").inner_text() == "You are signed out"
    for page, name in ((wiki, "Wiki"), (metrics, "Metrics")):
        await page.goto(place.url(f"{name.lower()}.localhost"))
        assert urlhost(page) == TEAM
        assert await page.locator("h1").inner_text() == name


async def test_the_team_domain_says_who_is_signed_in(visitor, place):
    page = await visitor.open(TEAM)
    assert "not signed in" in await page.locator("main").inner_text()
    await visitor.sign_in()
    await page.reload()
    assert "alice@example.test" in await page.locator("main").inner_text()
    await page.get_by_role("link", name="Sign out").click()
    assert await page.locator("h1").inner_text() == "You are signed out"


@pytest.mark.skipif(why_not() is not None, reason=why_not() or "")
async def test_a_provider_that_says_no_leads_back_to_the_application(visitor):
    visitor.expected = {403}
    page = await visitor.open(WIKI, "/no")
    await page.get_by_role("link", name="Certified").click()
    await page.get_by_role("link", name="Cancel").click()
    assert await page.locator("h1").inner_text() == "You were not signed in"
    await page.get_by_role("link", name="Start again at the application").click()
    await by_directory(page)
    await arrived(page, WIKI, "/no")


async def test_two_tabs_at_once_both_arrive(visitor):
    one, other = await asyncio.gather(visitor.open(WIKI, "/one"), visitor.open(METRICS, "/other"))
    await by_directory(one)
    await by_directory(other)
    await arrived(one, WIKI, "/one")
    await arrived(other, METRICS, "/other")


async def test_ten_tabs_at_once_all_arrive(visitor):
    pages = await asyncio.gather(*(visitor.open(WIKI, f"/tab/{number}") for number in range(10)))
    await asyncio.gather(*(page.get_by_role("link", name="Directory").click() for page in pages))
    await asyncio.gather(*(page.get_by_placeholder("sub").fill("alice") for page in pages))
    await asyncio.gather(*(page.get_by_role("button", name="Authorize").click() for page in pages))
    for number, page in enumerate(pages):
        await arrived(page, WIKI, f"/tab/{number}")


async def test_going_back_after_the_login_never_ends_in_a_trap(visitor):
    page = await visitor.sign_in(path="/start")
    await page.go_back()
    assert page.url.startswith("http://127.0.0.1:"), "the provider's form is one step back"
    await page.go_back()
    await arrived(page, WIKI, "/start")


async def test_a_form_of_the_provider_sent_twice_leads_on_without_asking_again(visitor):
    visitor.expected = {400}
    page = await visitor.sign_in(path="/start")
    await page.go_back()
    await page.get_by_placeholder("sub").fill("alice")
    await page.get_by_role("button", name="Authorize").click()
    assert await page.locator("h1").inner_text() == "This login is over"
    await page.get_by_role("link", name="Start again at the application").click()
    await arrived(page, WIKI)


async def test_reloading_the_last_step_goes_on_to_the_application(visitor):
    page = await visitor.page()
    steps: list[str] = []
    page.on("request", lambda request: steps.append(request.url) if "/authorized?" in request.url else None)
    await page.goto(visitor.place.url(WIKI, "/start"))
    await by_directory(page)
    await arrived(page, WIKI, "/start")
    await page.goto(steps[-1])
    await arrived(page, WIKI)


async def test_reloading_a_refusal_after_the_login_refuses_again(visitor):
    visitor.expected = {400, 403}
    page = await visitor.open(PAYROLL)
    await by_directory(page)
    assert await page.locator("h1").inner_text() == "That account does not have access."
    await page.reload()
    assert await page.locator("h1").inner_text() == "This login is over"
    await page.get_by_role("link", name="Start again at the application").click()
    assert await page.locator("h1").inner_text() == "That account does not have access."
    assert re.fullmatch(r"[0-9a-f]{16}", await page.locator(".reference code").inner_text())


async def test_scripts_see_no_cookie_of_ours(visitor, place):
    page = await visitor.sign_in()
    assert await page.evaluate("document.cookie") == ""
    await page.goto(place.url(TEAM))
    assert await page.evaluate("document.cookie") == ""
    cookies = await visitor.cookies()
    for key in ((WIKI, "CF_Authorization"), (TEAM, "CF_Authorization")):
        assert cookies[key]["httpOnly"]
        assert cookies[key]["expires"] > 0


def urlhost(page):
    return at(page).partition("/")[0]
