from __future__ import annotations

import asyncio

import pytest
from tests.login.world import (
    BOARD,
    BOTH,
    COMPANY,
    NOTES,
    PARTNER,
    TEAM,
    VAULT,
    WIKI,
    Browser,
    parameter,
    person,
)

from doorward.pages import Denied, Problem
from doorward.providers import ProviderError, Reason
from doorward.signin import ATTEMPT_LIFETIME

WIKI_HOST = "wiki.example.com"


async def begin(world, browser, letter=WIKI, host=WIKI_HOST, path="/", code="ada"):
    """Up to the provider's answer: the callback URL."""
    await browser.get(world.door(browser, letter, host, path))
    return browser.back(await browser.get(world.origin(TEAM) + world.shown.methods[0].url), code)


async def session_of(world, browser):
    response = await browser.team("/get-identity")
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize("public", BOTH, indirect=True)
async def test_a_whole_login_ends_at_the_page_that_was_asked_for(world, browser):
    response = await browser.sign_in(path="/page?x=1")
    assert response.status_code == 302
    assert response.headers["location"] == world.origin(WIKI_HOST) + "/page?x=1"
    assert browser.cookie(WIKI_HOST, "CF_Authorization")
    assert (await session_of(world, browser))["email"] == "ada@example.com"


@pytest.mark.parametrize("public", BOTH, indirect=True)
async def test_the_org_cookie_has_the_documented_attributes(world, browser, public):
    await browser.sign_in()
    cookie = next(one for one in browser.set_cookies if one.startswith("CF_Authorization="))
    assert "; Expires=" in cookie
    assert "; HttpOnly" in cookie
    assert "; Path=/;" in cookie
    assert ("; Secure" in cookie, "; SameSite=None" in cookie) == (public.scheme == "https",) * 2


async def test_a_login_is_recorded_with_who_and_why(world, browser):
    await browser.sign_in()
    (record,) = world.records
    assert (record.kind, record.outcome, record.user_email, record.idp_id) == (
        "login",
        "allow",
        "ada@example.com",
        COMPANY,
    )
    assert (record.application_name, record.policy_id) == ("Wiki", "policy-allow")


async def test_a_login_that_policies_refuse_still_signs_in(world, browser):
    response = await browser.get(await begin(world, browser, VAULT, "vault.example.com"))
    assert response.status_code == 403
    assert isinstance(world.shown, Denied)
    assert world.shown.email == "ada@example.com"
    assert world.shown.sign_out_url
    assert browser.cookie(TEAM, "CF_Authorization")
    assert not browser.cookie("vault.example.com", "CF_Authorization")
    assert (await browser.get(world.door(browser, NOTES, "notes.example.com"))).status_code == 302


async def test_a_post_is_taken_like_a_get(world, browser):
    url = await begin(world, browser)
    base, _, _ = url.partition("?")
    form = {name: parameter(url, name) for name in ("code", "state")}
    response = await browser.post(base, form, headers={"origin": "https://idp.test", "sec-fetch-site": "cross-site"})
    assert response.status_code == 302


async def test_head_uses_nothing_up(world, browser):
    url = await begin(world, browser)
    assert (await browser.ask("HEAD", url)).status_code == 200
    assert (await browser.get(url)).status_code == 302


async def test_g7_97_a_callback_without_or_with_an_unknown_state_is_refused(world, browser):
    await begin(world, browser)
    for query in ("?code=ada", "?code=ada&state=", "?code=ada&state=unknown", "", "?error=access_denied"):
        assert (await browser.team("/callback" + query)).status_code == 400
    assert not browser.cookie(TEAM, "CF_Authorization")


@pytest.mark.parametrize("public", BOTH, indirect=True)
async def test_g7_97_somebody_elses_answer_signs_nobody_in(world, browser):
    attacker = Browser(world)
    world.providers.people["mallory"] = person("mallory@example.com")
    url = await begin(world, attacker, code="mallory")
    await browser.get(world.door(browser, WIKI, WIKI_HOST))
    response = await browser.get(url)
    assert response.status_code == 400
    assert not browser.cookie(TEAM, "CF_Authorization")
    assert isinstance(world.shown, Problem)
    assert world.shown.action_url == world.origin(WIKI_HOST) + "/"
    assert (world.records[-1].refusal, world.records[-1].reference) == ("foreign_browser", world.shown.reference)


@pytest.mark.parametrize("name", ["CF_Session", "CF_Session_{hash}"])
@pytest.mark.parametrize("public", BOTH, indirect=True)
async def test_g6_84_a_planted_login_cookie_does_not_make_it_this_browsers(world, browser, public, name):
    attacker = Browser(world)
    url = await begin(world, attacker)
    (attempt, _) = world.providers.begun[-1]
    planted = name.format(hash=attempt.browser_hash[:8])
    browser.jar[TEAM, planted, "/"] = attacker.cookie(TEAM, "CF_Session")
    assert (await browser.get(url)).status_code == (400 if public.scheme == "https" else 302)


async def test_g7_98_a_state_works_once(world, browser):
    url = await begin(world, browser)
    assert (await browser.get(url)).status_code == 302
    response = await browser.get(url)
    assert response.status_code == 400
    assert world.shown.action_url == world.origin(WIKI_HOST) + "/"
    assert [record.refusal for record in world.records] == ["", "unknown_attempt"]


async def test_g7_98_of_two_answers_at_once_one_counts(world, browser):
    url = await begin(world, browser)
    statuses = sorted(response.status_code for response in await asyncio.gather(browser.get(url), browser.get(url)))
    assert statuses == [302, 400]


async def test_g7_98_a_foreign_browsers_try_uses_the_state_up(world, browser):
    url = await begin(world, browser)
    assert (await Browser(world).get(url)).status_code == 400
    assert (await browser.get(url)).status_code == 400


async def test_g7_98_a_state_expires(world, browser):
    url = await begin(world, browser)
    world.time += ATTEMPT_LIFETIME
    assert (await browser.get(url)).status_code == 400


async def test_g7_98_the_attempt_says_which_provider_is_asked(world, browser):
    url = await begin(world, browser)
    assert (await browser.get(url + "&iss=https://partner.test&idp=" + PARTNER)).status_code == 302
    assert (await session_of(world, browser))["idp"] == {"id": COMPANY, "type": "oidc"}


async def test_g7_98_a_provider_that_is_no_longer_allowed_is_not_asked(world, browser):
    url = await begin(world, browser)
    world.change(WIKI, allowed_idps=(PARTNER,))
    assert (await browser.get(url)).status_code == 400
    assert not browser.cookie(TEAM, "CF_Authorization")


async def test_a_provider_or_application_that_was_removed_meanwhile_gives_a_page(world, browser):
    url = await begin(world, browser)
    del world.identity_providers[COMPANY]
    assert (await browser.get(url)).status_code == 400
    url = await begin(world, browser)
    world.applications = world.applications[1:]
    assert (await browser.get(url)).status_code == 400


@pytest.mark.parametrize("name", ["state", "code", "error", "anything"])
async def test_g7_100_a_duplicate_parameter_is_refused_and_uses_nothing_up(world, browser, name):
    url = await begin(world, browser)
    twice = f"{url}&{name}=1" if f"{name}=" in url else f"{url}&{name}=1&{name}=1"
    assert (await browser.get(twice)).status_code == 400
    base = url.partition("?")[0]
    assert (await browser.post(url, {"state": parameter(url, "state")})).status_code == 400
    assert (await browser.get(url)).status_code == 302
    assert base.endswith("/callback")


@pytest.mark.parametrize("public", BOTH, indirect=True)
async def test_g7_99_ten_tabs_opened_at_once_all_end_signed_in(world):
    """No tab has a cookie yet when all ten are sent to the login page; the browser keeps the last one of each name."""
    browser = Browser(world)
    applications = [(WIKI, WIKI_HOST), (NOTES, "notes.example.com")] * 5
    tabs = [Browser(world) for _ in applications]
    links = [
        world.door(tab, *where, f"/tab/{number}")
        for number, (tab, where) in enumerate(zip(tabs, applications, strict=True))
    ]
    for tab in tabs:  # ten answers arrive in the one browser
        browser.jar |= tab.jar

    choosers = []
    for url in links:  # ten login pages, asked for before any of them was answered
        tab = Browser(world)
        await tab.get(url)
        choosers.append((tab, world.shown.methods[0].url))
    for tab, _ in choosers:
        browser.jar |= tab.jar

    async def finish(button):
        back = browser.back(await browser.get(world.origin(TEAM) + button))
        await asyncio.sleep(0)
        response = await browser.get(back)
        assert response.status_code == 302, response.text
        return await browser.get(response.headers["location"])

    responses = await asyncio.gather(*(finish(button) for _, button in choosers))
    for number, (response, (_, host)) in enumerate(zip(responses, applications, strict=True)):
        assert response.status_code == 302
        assert response.headers["location"] == f"{world.origin(host)}/tab/{number}"


@pytest.mark.parametrize("public", BOTH, indirect=True)
async def test_g7_99_ten_logins_begun_at_once_in_a_browser_without_cookies_all_end(world):
    """The straight way to the only provider: ten attempts with ten different CF_Session values."""
    browser = Browser(world)
    begun = []
    for number in range(10):
        tab = Browser(world)
        response = await tab.get(world.door(tab, BOARD, "board.example.com", f"/tab/{number}"))
        begun.append(browser.back(response))
        browser.jar |= tab.jar

    async def finish(back):
        response = await browser.get(back)
        assert response.status_code == 302, response.text
        return await browser.get(response.headers["location"])

    responses = await asyncio.gather(*map(finish, begun))
    assert [response.status_code for response in responses] == [302] * 10


async def test_g7_103_many_logins_at_once_keep_their_identities(world):
    async def log_in(number):
        email = f"person{number}@example.com"
        world.providers.people[email] = person(email)
        browser = Browser(world)
        url = world.door(browser, BOARD, "board.example.com")
        response = await browser.get(url)
        response = await browser.get(browser.back(response, email))
        await browser.get(response.headers["location"])
        return email, (await session_of(world, browser))["email"]

    pairs = await asyncio.gather(*(log_in(number) for number in range(100)))
    assert len(pairs) == 100
    assert all(wanted == got for wanted, got in pairs)


@pytest.mark.parametrize("public", BOTH, indirect=True)
async def test_g6_90_a_login_changes_every_identifier(world, browser):
    url = await begin(world, browser)
    before = browser.cookie(TEAM, "CF_Session")
    await browser.get(url)
    assert browser.cookie(TEAM, "CF_Session") not in {"", before}
    first = browser.cookie(TEAM, "CF_Authorization")
    response = await browser.get(await begin(world, browser, BOARD, "board.example.com"))
    assert response.status_code == 302
    assert browser.cookie(TEAM, "CF_Authorization") != first


async def test_g6_90_a_fixed_session_value_is_worth_nothing_after_the_login(world, browser):
    known = "attacker-knows-this-value-0123456789"
    browser.jar[TEAM, "CF_Session", "/"] = browser.jar[TEAM, "__Host-CF_Session", "/"] = known
    await browser.sign_in()
    assert browser.cookie(TEAM, "CF_Session") != known
    thief = Browser(world)
    thief.jar[TEAM, "CF_Session", "/"] = thief.jar[TEAM, "__Host-CF_Session", "/"] = known
    assert (await thief.team("/get-identity")).status_code == 401
    assert (await thief.get(world.door(thief, NOTES, "notes.example.com"))).status_code == 200


async def test_another_person_in_the_same_browser_ends_the_first_ones_session(world, browser):
    await browser.sign_in()
    first = browser.cookie(WIKI_HOST, "CF_Authorization")
    world.providers.people["bob"] = person("bob@example.com")
    await browser.get(await begin(world, browser, BOARD, "board.example.com", code="bob"))
    assert (await session_of(world, browser))["email"] == "bob@example.com"
    assert world.refreshed == 1
    old = Browser(world)
    old.jar[WIKI_HOST, "CF_Authorization", "/"] = first
    response = await old.get(world.origin(WIKI_HOST) + "/cdn-cgi/access/get-identity")
    assert response.status_code == 401


async def test_the_same_person_again_keeps_what_other_tabs_earned(world, browser):
    await browser.sign_in()
    first = browser.cookie(WIKI_HOST, "CF_Authorization")
    await browser.get(await begin(world, browser, BOARD, "board.example.com"))
    old = Browser(world)
    old.jar[WIKI_HOST, "CF_Authorization", "/"] = first
    assert (await old.get(world.origin(WIKI_HOST) + "/cdn-cgi/access/get-identity")).status_code == 200


async def test_a_later_login_with_fewer_facts_replaces_them(world, browser):
    await browser.sign_in()
    assert (await session_of(world, browser))["groups"]
    world.providers.people["bare"] = person(groups=(), custom={}, oidc_fields={})
    await browser.get(await begin(world, browser, BOARD, "board.example.com", code="bare"))
    identity = await session_of(world, browser)
    assert (identity["groups"], identity["custom"], identity["oidc_fields"]) == ([], {}, {})


async def test_the_same_address_is_the_same_user_whatever_its_case(world, browser):
    await browser.sign_in()
    first = (await session_of(world, browser))["user_uuid"]
    world.providers.people["ADA"] = person("ADA@example.com")
    await browser.get(await begin(world, browser, BOARD, "board.example.com", code="ADA"))
    assert (await session_of(world, browser))["user_uuid"] == first


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        (Reason.REFUSED, 403), (Reason.UNAVAILABLE, 503), (Reason.INVALID_ANSWER, 502), (Reason.NO_EMAIL, 403),
        (Reason.EMAIL_NOT_VERIFIED, 403), (Reason.CONFIGURATION, 502),
    ],
)  # fmt: skip
async def test_every_failure_of_a_provider_gives_a_page_with_a_way_back(world, browser, reason, status):
    world.providers.people["ada"] = ProviderError("Company", reason, "the detail", "<script>alert(1)</script>")
    response = await browser.get(await begin(world, browser))
    assert response.status_code == status
    assert world.shown.action_url == world.origin(WIKI_HOST) + "/"
    assert world.shown.reference == world.records[-1].reference
    assert (world.records[-1].outcome, world.records[-1].refusal) == ("error", f"provider_{reason.value}")
    assert "the detail" not in response.text
    assert not browser.cookie(TEAM, "CF_Authorization")


async def test_g7_114_a_providers_words_are_shown_as_words(world, browser):
    world.providers.people["ada"] = ProviderError("Company", Reason.REFUSED, "x", "<script>alert(1)</script>")
    world.change(WIKI, name="<img src=x onerror=alert(1)>")
    response = await browser.get(await begin(world, browser))
    assert "<script" not in response.text
    assert "&lt;script&gt;" in response.text
    page = await browser.get(world.door(browser, WIKI, WIKI_HOST))
    assert "<img src=x" not in page.text
    for shown in (response, page):
        policy = shown.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy
        assert "script-src" not in policy


async def test_g7_115_no_page_may_be_framed(world, browser):
    for response in (
        await browser.get(world.door(browser, WIKI, WIKI_HOST)),
        await browser.get(await begin(world, browser, VAULT, "vault.example.com")),
        await browser.team("/callback"),
        await browser.team("/logout"),
        await browser.get(world.origin(TEAM) + "/"),
    ):
        assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
        assert response.headers["x-frame-options"] == "DENY"
