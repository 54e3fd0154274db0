from __future__ import annotations

from urllib.parse import quote

import pytest
from tests.login.world import BOTH, NOTES, TEAM, WIKI, Browser, parameter

from doorward.pages import SignedOut

WIKI_HOST = "wiki.example.com"


def attributes(set_cookie):
    """Name and everything that has to be equal for a browser to take two Set-Cookie headers for the same cookie."""
    pair, *rest = set_cookie.split("; ")
    return pair.partition("=")[0], frozenset(one for one in rest if not one.startswith(("Expires=", "Max-Age=")))


async def signed_in_twice(world, browser):
    await browser.sign_in()
    response = await browser.get(world.door(browser, NOTES, "notes.example.com"))
    await browser.get(response.headers["location"])


@pytest.mark.parametrize("host", [TEAM, WIKI_HOST])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("public", BOTH, indirect=True)
async def test_signing_out_anywhere_ends_everything(world, browser, host, method):
    await signed_in_twice(world, browser)
    org, app = browser.cookie(TEAM, "CF_Authorization"), browser.cookie("notes.example.com", "CF_Authorization")
    response = await browser.ask(method, world.origin(host) + "/cdn-cgi/access/logout")
    assert response.status_code == 200
    assert isinstance(world.shown, SignedOut)
    assert world.refreshed == 1
    assert not browser.cookie(host, "CF_Authorization")
    thief = Browser(world)
    thief.jar[TEAM, "CF_Authorization", "/"] = thief.jar[TEAM, "__Host-CF_Authorization", "/"] = org
    thief.jar["notes.example.com", "CF_Authorization", "/"] = app
    assert (await thief.team("/get-identity")).status_code == 401
    assert (await thief.get(world.origin("notes.example.com") + "/cdn-cgi/access/get-identity")).status_code == 401
    assert (await thief.get(world.door(thief, WIKI, WIKI_HOST))).status_code == 200
    assert set(world.revoked) == {"app-a", "app-b"}
    assert [record.kind for record in world.records][-1:] == ["logout"]
    assert world.records[-1].user_email == "ada@example.com"


@pytest.mark.parametrize("public", BOTH, indirect=True)
async def test_g6_89_every_cookie_is_cleared_with_the_attributes_that_set_it(world, browser):
    world.change(WIKI, enable_binding_cookie=True, http_only_cookie_attribute=False, same_site_cookie_attribute="lax")
    await browser.sign_in()
    for host, names in ((WIKI_HOST, {"CF_Authorization", "CF_Binding"}), (TEAM, {"CF_Authorization", "CF_Session"})):
        before = len(browser.set_cookies)
        await browser.get(world.origin(host) + "/cdn-cgi/access/logout")
        cleared = [one for one in browser.set_cookies[before:] if "Max-Age=0" in one]
        assert all("Expires=Thu, 01 Jan 1970" in one for one in cleared)
        assert names <= {attributes(one)[0] for one in cleared}
        was_set = {attributes(one) for one in browser.set_cookies[:before] if "Max-Age=0" not in one}
        assert {attributes(one) for one in cleared} <= was_set


async def test_after_signing_out_no_cookie_of_a_login_is_left(world, browser):
    await browser.sign_in()
    await browser.get(world.origin(WIKI_HOST) + "/cdn-cgi/access/logout")
    await browser.team("/logout")
    left = {name for _, name, _ in browser.jar if "_Session_" not in name and "_AppSession_" not in name}
    assert left == set()


async def test_a_path_cookie_is_cleared_at_its_path(world, browser):
    world.change(WIKI, domain="wiki.example.com/docs", path_cookie_attribute=True)
    await browser.sign_in(path="/docs/x")
    assert (WIKI_HOST, "CF_Authorization", "/docs") in browser.jar
    response = await browser.get(world.origin(WIKI_HOST) + "/cdn-cgi/access/logout")
    assert (WIKI_HOST, "CF_Authorization", "/docs") not in browser.jar
    assert response.headers["location"].startswith(world.origin(TEAM) + "/cdn-cgi/access/logout")
    assert (await browser.get(response.headers["location"])).status_code == 200
    assert (await browser.team("/get-identity")).status_code == 401


async def test_an_application_without_a_token_lets_the_team_domain_do_it(world, browser):
    await browser.sign_in()
    del browser.jar[WIKI_HOST, "CF_Authorization", "/"]
    url = world.origin(WIKI_HOST) + "/cdn-cgi/access/logout?returnTo=/bye"
    response = await browser.get(url)
    assert response.status_code == 302
    assert parameter(response.headers["location"], "returnTo") == world.origin(WIKI_HOST) + "/bye"
    await browser.get(response.headers["location"])
    assert world.shown.return_url == world.origin(WIKI_HOST) + "/bye"
    assert (await browser.team("/get-identity")).status_code == 401


async def test_the_app_tokens_of_a_session_that_is_over_are_ended_too(world, browser):
    world.change(WIKI, session_duration="100h")
    await browser.sign_in()
    world.time += 86_400
    await browser.get(world.origin(WIKI_HOST) + "/cdn-cgi/access/logout")
    assert set(world.revoked) == {"app-a"}


async def test_signing_out_without_a_session_is_fine(world, browser):
    assert (await browser.team("/logout")).status_code == 200
    assert world.refreshed == 0


async def test_head_signs_nobody_out(world, browser):
    await browser.sign_in()
    for host in (TEAM, WIKI_HOST):
        assert (await browser.ask("HEAD", world.origin(host) + "/cdn-cgi/access/logout")).status_code == 200
    assert (await browser.team("/get-identity")).status_code == 200


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        ("{wiki}/bye?x=1", "{wiki}/bye?x=1"),
        ("{wiki}", "{wiki}/"),
        ("{lab}/x", "{lab}/x"),
        ("{team}/", "{team}/"),
        ("/local", "{team}/local"),
    ],
)
@pytest.mark.parametrize("public", BOTH, indirect=True)
async def test_one_may_return_to_the_organizations_own_hosts(world, browser, wanted, kept):
    places = {"wiki": world.origin(WIKI_HOST), "lab": world.origin("a.lab.example.com"), "team": world.origin(TEAM)}
    back = quote(wanted.format(**places), safe="")
    response = await browser.team(f"/logout?returnTo={back}")
    assert response.status_code == 200
    assert world.shown.return_url == kept.format(**places)


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.test/", "//evil.test/", "/\\evil.test", "https://wiki.example.com@evil.test/", "javascript:alert(1)",
        "https://wiki.example.com.evil.test/", "https:evil.test", "https:///evil.test", "ftp://wiki.example.com/", "data:x",
        "https://wiki.example.com:444/", "http://wiki.example.com:1/", "https://user@wiki.example.com/", "https://[::1]/",
        "https://wiki.example.com:x/", "http://wiki.example.com:443/", "https://wiki.example.com:8080/", "https://wiki.example.com\\@evil.test/", "\thttps://evil.test/", "https://a.b.lab.example.com/",
    ],
)  # fmt: skip
@pytest.mark.parametrize("public", BOTH, indirect=True)
async def test_g7_94_one_may_return_nowhere_else(world, browser, wanted):
    response = await browser.team(f"/logout?returnTo={quote(wanted, safe='')}")
    assert response.status_code == 200
    assert world.shown.return_url in {"", world.origin(TEAM) + "/"}
    assert "evil" not in response.text
