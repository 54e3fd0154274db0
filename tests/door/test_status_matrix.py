"""What somebody without a usable session is answered (access.md 1.2), row by row."""

from __future__ import annotations

import pytest
from tests.door.house import TEAM, aud
from tests.door.visitor import BROWSER, Visitor, query_of, unseen_path

pytestmark = pytest.mark.edge

LOGIN = "/cdn-cgi/access/login/"


def challenge(house, host, path="/"):
    address = house.url(host, f"/.well-known/cloudflare-access-protected-resource{path}")
    return f'Cloudflare-Access resource_metadata="{address}"'


def assert_refused_by_the_door(response, host):
    """What tells the door's refusal from the origin's own."""
    assert response.headers["cf-access-error"] == "1"
    assert response.headers["cf-access-aud"] == aud(host)
    assert response.headers["cf-access-domain"] == host
    assert "location" not in response.headers
    assert "x-origin" not in response.headers
    assert "no-store" in response.headers["cache-control"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_an_ordinary_request_is_sent_to_the_login(house, visitor, method):
    path = unseen_path()
    response = await visitor.ask(method, house.url("wiki.localhost", path))
    assert response.status_code == 302
    assert response.headers["location"].startswith(house.url(TEAM, LOGIN + "wiki.localhost?"))
    assert not house.reached(path)


@pytest.mark.parametrize(
    "headers", [{"accept": "application/json"}, {"sec-fetch-mode": "cors", "origin": "http://other.localhost"}]
)
async def test_asking_for_json_or_by_fetch_changes_nothing(house, visitor, headers):
    response = await visitor.get("wiki.localhost", headers=headers)
    assert response.status_code == 302
    assert query_of(response.headers["location"])["kid"] == aud("wiki.localhost")


@pytest.mark.parametrize("spelling", ["XMLHttpRequest", "xmlhttprequest"])
async def test_a_script_that_says_so_gets_401(house, visitor, spelling):
    path = unseen_path()
    response = await visitor.get("wiki.localhost", path, headers={"x-requested-with": spelling})
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == challenge(house, "wiki.localhost", path)
    assert response.headers["access-control-allow-headers"] == "x-requested-with"
    assert response.headers["access-control-allow-credentials"] == "true"
    assert response.headers["content-type"].startswith("text/html")
    assert "401 Unauthorized" in response.text
    assert len(response.content) < 1000
    assert "location" not in response.headers
    assert not house.reached(path)


async def test_another_requested_with_is_no_script(visitor):
    response = await visitor.get("wiki.localhost", headers={"x-requested-with": "com.example.app"})
    assert response.status_code == 302


async def test_an_application_for_services_only_answers_403(house, visitor):
    path = unseen_path()
    response = await visitor.get("robots.localhost", path)
    assert response.status_code == 403
    assert response.headers["content-type"].startswith("text/html")
    assert_refused_by_the_door(response, "robots.localhost")
    assert not house.reached(path)


async def test_an_application_for_services_only_answers_in_json_who_asks_for_json(visitor):
    response = await visitor.get("robots.localhost", headers={"accept": "application/json"})
    assert response.status_code == 403
    assert response.headers["content-type"] == "application/json"
    assert response.json()["code"] == 403
    assert len(response.json()["reference"]) == 16
    assert_refused_by_the_door(response, "robots.localhost")


async def test_the_domain_of_a_wildcard_application_is_named_with_its_star(visitor):
    response = await visitor.get("r2.robots.localhost")
    assert response.status_code == 403
    assert_refused_by_the_door(response, "*.robots.localhost")


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
async def test_service_auth_401_redirect_makes_it_401(visitor, accept):
    response = await visitor.get("robots401.localhost", headers={"accept": accept})
    assert response.status_code == 401
    assert_refused_by_the_door(response, "robots401.localhost")


async def test_an_allow_policy_beside_the_services_means_a_login(house, visitor):
    response = await visitor.get("mixed.localhost")
    assert response.status_code == 302
    assert response.headers["location"].startswith(house.url(TEAM, LOGIN + "mixed.localhost?"))


@pytest.mark.parametrize("host", ["away.localhost", "abroad.localhost", "closed.localhost"])
async def test_who_is_ruled_out_before_any_login_gets_the_forbidden_page(house, visitor, host):
    path = unseen_path()
    response = await visitor.get(host, path)
    assert response.status_code == 403
    assert response.headers["content-type"].startswith("text/html")
    assert_refused_by_the_door(response, host)
    assert not house.reached(path)


async def test_who_is_ruled_out_before_any_login_may_be_sent_elsewhere(house, visitor):
    response = await visitor.get("awayurl.localhost", "/a?b=c")
    assert response.status_code == 302
    target = response.headers["location"]
    assert target.startswith("https://denied.example/where?")
    assert query_of(target) == {"original_url": house.url("awayurl.localhost", "/a?b=c")}
    assert response.headers["cf-access-error"] == "1"


@pytest.mark.parametrize("host", ["here.localhost", "dutch.localhost"])
async def test_who_is_not_ruled_out_is_sent_to_the_login(visitor, host):
    assert (await visitor.get(host)).status_code == 302


PREFLIGHT = {"origin": "http://wiki.localhost", "access-control-request-method": "PUT"}


async def test_a_preflight_without_cookie_and_settings_gets_403(house, visitor):
    path = unseen_path()
    response = await visitor.ask("OPTIONS", house.url("wiki.localhost", path), headers=PREFLIGHT)
    assert response.status_code == 403
    assert_refused_by_the_door(response, "wiki.localhost")
    assert not any(name.startswith("access-control-") for name in response.headers)
    assert not house.reached(path)


async def test_an_options_request_that_is_no_preflight_is_an_ordinary_one(house, visitor):
    assert (await visitor.ask("OPTIONS", house.url("wiki.localhost"))).status_code == 302


@pytest.mark.parametrize(("host", "status"), [("wiki.localhost", 302), ("robots.localhost", 403)])
async def test_a_websocket_is_answered_like_any_request(house, visitor, host, status):
    upgrade = {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    response = await visitor.get(host, "/websocket", headers=upgrade)
    assert response.status_code == status
    assert not house.reached("/websocket")


@pytest.mark.parametrize("path", ["/", "/cdn-cgi/access/certs", "/cdn-cgi/access/login/wiki.localhost", "/any"])
async def test_a_name_that_does_not_exist_is_404_on_every_path(house, visitor, path):
    response = await visitor.get("nobody.else.localhost", path)
    assert response.status_code == 404
    assert not any(one.get("host").startswith("nobody") for one in list(house.origin.requests))


async def test_trace_is_refused(house, visitor):
    assert (await visitor.ask("TRACE", house.url("wiki.localhost"))).status_code == 405


async def test_a_bypassed_path_needs_no_session(house, visitor):
    path = f"/public{unseen_path()}"
    response = await visitor.get("wiki.localhost", path)
    assert response.status_code == 200
    assert "set-cookie" not in response.headers
    assert house.reached(path)


async def test_a_service_policy_that_matches_lets_in_and_sets_a_token(house, visitor):
    path = unseen_path()
    response = await visitor.get("sensor.localhost", path)
    assert response.status_code == 200
    assert house.reached(path)
    assert visitor.cookie("sensor.localhost")


async def test_a_client_that_is_no_browser_is_answered_the_same(house):
    async with Visitor(house, headers={"user-agent": "curl/8.0", "accept": "*/*"}) as program:
        assert (await program.get("wiki.localhost")).status_code == 302
        assert (await program.get("robots.localhost")).status_code == 403
    assert "sec-fetch-mode" in BROWSER
