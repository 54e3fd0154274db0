"""Signing out, on either domain, of everything and at once (access.md 5.3)."""

from __future__ import annotations

import time

import pytest
from tests.door.house import TEAM
from tests.door.markup import links_of
from tests.door.running import eventually
from tests.door.visitor import Visitor, location, set_cookies

pytestmark = pytest.mark.edge

FAST, SLOW = "wiki.localhost", "here.localhost"


@pytest.fixture
async def somebody(visitor):
    """Signed in at an application that Envoy decides about alone, and at one that the control plane decides about."""
    assert (await visitor.sign_in(FAST)).status_code == 200
    assert (await visitor.open(SLOW)).status_code == 200
    return visitor


async def opens(house, host, token):
    async with Visitor(house, headers={}) as thief:
        return (await thief.get(host, headers={"cookie": f"CF_Authorization={token}"})).status_code == 200


@pytest.mark.parametrize("domain", [TEAM, FAST, SLOW])
async def test_one_logout_ends_all_within_a_second(house, somebody, domain):
    tokens = {host: somebody.cookie(host) for host in (FAST, SLOW)}
    org = somebody.cookie(TEAM)
    for host, token in tokens.items():
        assert await opens(house, host, token)

    began = time.monotonic()
    page = await somebody.get(domain, "/cdn-cgi/access/logout")
    assert page.status_code == 200
    for host, token in tokens.items():
        while await opens(house, host, token):
            assert time.monotonic() - began < 1, host
    assert time.monotonic() - began < 1.5

    async with Visitor(house, headers={}) as thief:
        for token in (org, *tokens.values()):
            answer = await thief.team("/get-identity", headers={"cookie": f"CF_Authorization={token}"})
            assert answer.status_code == 401
    asked_again = await somebody.open("notes.localhost")
    assert asked_again.url.host == TEAM
    assert "Directory" in asked_again.text


@pytest.mark.parametrize("domain", [TEAM, FAST])
async def test_the_cookies_are_cleared_with_the_attributes_that_set_them(somebody, domain):
    page = await somebody.get(domain, "/cdn-cgi/access/logout")
    cleared = set_cookies(page)["CF_Authorization"]
    assert cleared["value"] == ""
    assert cleared["max-age"] == "0"
    assert cleared["expires"] == "Thu, 01 Jan 1970 00:00:00 GMT"
    assert cleared["path"] == "/"
    assert "httponly" in cleared
    assert not somebody.cookie(domain)
    other = "CF_Session" if domain == TEAM else "CF_AppSession"
    assert set_cookies(page)[other]["max-age"] == "0"


async def test_cookies_of_every_path_are_cleared(house, alice):
    await alice.open("paths.localhost", "/alpha")
    async with Visitor(house) as visitor:
        page = await visitor.get("paths.localhost", "/cdn-cgi/access/logout")
    paths = {
        header.partition("Path=")[2].partition(";")[0]
        for header in page.headers.get_list("set-cookie")
        if header.startswith("CF_Authorization=")
    }
    assert paths == {"/", "/alpha", "/beta"}


async def test_the_page_says_so(somebody):
    page = await somebody.get(TEAM, "/cdn-cgi/access/logout")
    assert "signed out" in page.text.lower()
    assert "no-store" in page.headers["cache-control"]


async def test_an_application_that_cannot_tell_the_session_asks_the_team_domain(house, visitor):
    response = await visitor.get(FAST, "/cdn-cgi/access/logout")
    assert response.status_code == 302
    assert location(response) == house.team("/logout")
    assert (await visitor.ask("GET", location(response))).status_code == 200


async def test_head_signs_nobody_out(house, somebody):
    token = somebody.cookie(FAST)
    assert (await somebody.head(FAST, "/cdn-cgi/access/logout")).status_code == 200
    assert await opens(house, FAST, token)


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        ("{wiki}/after?x=1", "{wiki}/after?x=1"),
        ("/after", "{team}/after"),
        ("https://evil.example/", ""),
        ("//evil.example/", "{team}/"),
        ("http://wiki.localhost@evil.example/", ""),
        ("javascript:alert(1)", ""),
        ("{wiki}/cdn-cgi/access/logout", "{wiki}/"),
    ],
)
async def test_the_way_back_is_one_of_our_own_hosts(house, visitor, wanted, kept):
    names = {"wiki": house.url(FAST, ""), "team": house.issuer}
    page = await visitor.team("/logout", params={"returnTo": wanted.format(**names)})
    assert page.status_code == 200
    outward = [link for link in links_of(page.text) if link.startswith(("http", "//", "javascript"))]
    assert outward == ([kept.format(**names)] if kept else [])


async def test_the_session_of_another_browser_goes_on(house, somebody):
    async with Visitor(house) as other:
        await other.sign_in(FAST)
        await somebody.get(TEAM, "/cdn-cgi/access/logout")
        assert (await other.get(FAST)).status_code == 200


async def test_who_signed_out_is_asked_again_by_the_provider(house, somebody):
    await somebody.get(FAST, "/cdn-cgi/access/logout")
    assert (await somebody.sign_in(FAST)).status_code == 200
    await eventually(lambda: '"outcome": "logout"' in house.door.log.read_text())
