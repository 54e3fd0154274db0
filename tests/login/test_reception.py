from __future__ import annotations

import asyncio

import httpx
import pytest
from tests.login.world import BOTH, TEAM, WIKI, Browser, aud

from doorward.pages import Notice, Problem

WIKI_HOST = "wiki.example.com"
EVERY_TEAM_PATH = [
    "/login/wiki.example.com", "/start/company-idp/wiki.example.com", "/callback", "/verify-code/wiki.example.com",
    "/resend-code", "/get-identity", "/refresh-identity", "/logout", "/certs", "/public-cert",
]  # fmt: skip


async def test_the_front_page_says_whose_login_it_is_and_who_is_signed_in(world, browser):
    response = await browser.get(world.origin(TEAM) + "/")
    assert response.status_code == 200
    assert isinstance(world.shown, Notice)
    assert "not signed in" in world.shown.title
    assert world.shown.action_url == ""
    await browser.sign_in()
    await browser.get(world.origin(TEAM) + "/")
    assert "ada@example.com" in world.shown.message
    assert world.shown.action_url == world.origin(TEAM) + "/cdn-cgi/access/logout"


@pytest.mark.parametrize("host", ["evil.test", "", "login.example.com@evil.test", "login.example.com.evil.test", "x y"])
async def test_an_unknown_host_is_not_found(world, browser, host):
    response = await browser.get(world.origin(TEAM) + "/", headers={"host": host})
    assert response.status_code == 404
    assert isinstance(world.shown, Problem)
    assert world.shown.reference == "0123456789abcdef"


@pytest.mark.parametrize("host", ["login.example.com:9443", "LOGIN.example.com", "login.example.com."])
async def test_the_team_domain_is_known_with_a_port_a_dot_or_capitals(world, browser, host):
    assert (await browser.get(world.origin(TEAM) + "/", headers={"host": host})).status_code == 200


async def test_the_team_domain_wins_over_a_wildcard_that_covers_it(world, browser):
    world.change(WIKI, domain="*.example.com")
    await browser.get(world.origin(TEAM) + "/")
    assert isinstance(world.shown, Notice)


@pytest.mark.parametrize(
    "path",
    [
        "/x",
        "/cdn-cgi/access",
        "/cdn-cgi/access/",
        "/cdn-cgi/access/x",
        "/cdn-cgi/access/login",
        "/cdn-cgi/access/certs/",
        "/cdn-cgi/access/authorized",
        "/favicon.ico",
    ],
)
async def test_what_is_not_in_the_table_is_not_found(world, browser, path):
    response = await browser.get(world.origin(TEAM) + path)
    assert response.status_code == 404
    assert "location" not in response.headers
    assert world.shown.reference


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/callback",
        "/start/company-idp/wiki.example.com",
        "/verify-code/wiki.example.com",
        "/refresh-identity",
        "/cli",
    ],
)
async def test_the_login_itself_is_not_on_application_hosts(world, browser, path):
    assert (await browser.get(f"{world.origin(WIKI_HOST)}/cdn-cgi/access{path}")).status_code == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_refused_with_the_ones_that_work(world, browser, method):
    for path in EVERY_TEAM_PATH:
        response = await browser.ask(method, f"{world.origin(TEAM)}/cdn-cgi/access{path}")
        assert response.status_code == 405, path
        assert "GET" in response.headers["allow"]
        assert "HEAD" in response.headers["allow"]


async def test_head_answers_wherever_get_does(world, browser):
    for path in EVERY_TEAM_PATH:
        get = await browser.get(f"{world.origin(TEAM)}/cdn-cgi/access{path}")
        head = await browser.ask("HEAD", f"{world.origin(TEAM)}/cdn-cgi/access{path}")
        assert head.status_code in {get.status_code, 200}, path


async def test_nothing_that_depends_on_who_asks_is_cached(world, browser):
    for path in (*EVERY_TEAM_PATH, "/x"):
        response = await browser.get(f"{world.origin(TEAM)}/cdn-cgi/access{path}")
        assert ("no-store" in response.headers["cache-control"]) == (path not in {"/certs", "/public-cert"}), path
        assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("public", BOTH, indirect=True)
async def test_login_on_an_application_host_goes_to_the_team_domain(world, browser):
    response = await browser.get(
        f"{world.origin(WIKI_HOST)}/cdn-cgi/access/login/{WIKI_HOST}?kid={aud(WIKI)}&redirect_url=%2Fa%3Fb"
    )
    expected = f"{world.origin(TEAM)}/cdn-cgi/access/login/{WIKI_HOST}?kid={aud(WIKI)}&redirect_url=%2Fa%3Fb"
    assert response.headers["location"] == expected
    response = await browser.get(f"{world.origin(WIKI_HOST)}/cdn-cgi/access/login")
    assert response.headers["location"] == f"{world.origin(TEAM)}/cdn-cgi/access/login/{WIKI_HOST}"
    response = await browser.get(response.headers["location"])
    assert response.headers["location"] == world.origin(WIKI_HOST) + "/"


@pytest.mark.parametrize("rest", ["%2F%2Fevil.test", "evil.test@x", "%0d%0aSet-Cookie:x", "..%2f..%2flogout"])
async def test_g7_94_login_on_an_application_host_leads_nowhere_else(world, browser, rest):
    response = await browser.get(f"{world.origin(WIKI_HOST)}/cdn-cgi/access/login/{rest}")
    assert response.headers.get("location", world.origin(TEAM) + "/").startswith(world.origin(TEAM) + "/")


async def test_an_unexpected_error_is_a_page_and_no_traceback(world, browser):
    world.providers.people["ada"] = RuntimeError("the secret is hunter2")
    await browser.get(world.door(browser, WIKI, WIKI_HOST))
    response = await browser.get(await browser.choose())
    assert response.status_code == 500
    assert isinstance(world.shown, Problem)
    assert world.shown.reference == "0123456789abcdef"
    assert "hunter2" not in response.text
    assert "Traceback" not in response.text
    assert not browser.cookie(TEAM, "CF_Authorization")


async def test_an_error_while_the_page_is_made_is_still_an_answer(world, browser):
    def broken(page, organization):
        raise RuntimeError("the secret is hunter2")

    world.pages.render = broken
    response = await browser.get(world.origin(TEAM) + "/")
    assert response.status_code == 500
    assert "0123456789abcdef" in response.text
    assert "hunter2" not in response.text


async def test_a_request_without_an_id_gets_a_reference_too(world):
    transport = httpx.ASGITransport(world.application)
    async with httpx.AsyncClient(transport=transport) as client:
        response = await client.get(world.origin(TEAM) + "/nothing")
    assert response.status_code == 404
    assert len(world.shown.reference) == 16


async def test_a_form_that_is_too_large_or_of_another_kind_is_refused(world, browser):
    url = world.origin(TEAM) + "/cdn-cgi/access/callback"
    assert (await browser.post(url, {"code": "1" * 70_000})).status_code == 400
    response = await browser.ask("POST", url, headers={"content-type": "multipart/form-data; boundary=x"})
    assert response.status_code == 400
    response = await browser.ask("POST", url, headers={"content-type": "application/json"})
    assert response.status_code == 400


async def test_the_lifespan_protocol_is_spoken(world):
    sent = []
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive():
        return next(messages)

    async def send(message):
        sent.append(message["type"])

    await world.application({"type": "lifespan"}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_a_socket_is_not_spoken_to(world):
    async def nothing(*_):
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="only HTTP"):
        await world.application({"type": "websocket", "headers": []}, nothing, nothing)


async def test_g6_87_three_hundred_cookies_or_a_huge_one_are_no_session(world):
    browser = Browser(world)
    for header in (
        "; ".join(f"CF_Authorization=x{number}" for number in range(300)),
        "CF_Authorization=" + "x" * 100_000,
    ):
        response = await browser.get(world.door(browser, WIKI, WIKI_HOST), headers={"cookie": header})
        assert response.status_code == 200
