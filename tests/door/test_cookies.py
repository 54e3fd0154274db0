"""Every attribute of every cookie, on plain http (access.md 1.7). ``test_https`` has what differs with TLS."""

from __future__ import annotations

import asyncio
import time
from email.utils import parsedate_to_datetime

import pytest
from tests.door.house import TEAM
from tests.door.minting import signed
from tests.door.running import claims_of
from tests.door.visitor import Visitor, location, set_cookies, unseen_path

pytestmark = pytest.mark.edge

HOUR = 3600


def assert_lives(cookie, seconds):
    """``Expires`` and ``Max-Age`` say the same."""
    assert abs(int(cookie["max-age"]) - seconds) <= 3
    expires = parsedate_to_datetime(cookie["expires"]).timestamp()
    assert abs(expires - time.time() - seconds) < 30
    assert cookie["expires"].endswith(" GMT")


async def app_cookie(visitor, host, path="/"):
    """What ``/authorized`` sets for an application of Alice's."""
    response = await visitor.open(host, path, until="/cdn-cgi/access/authorized")
    if not location(response):
        response = await visitor.sign_in(host, path, until="/cdn-cgi/access/authorized")
    return set_cookies(await visitor.ask("GET", location(response)))


async def test_cf_appsession(visitor):
    cookie = set_cookies(await visitor.get("wiki.localhost"))["CF_AppSession"]
    assert_lives(cookie, 24 * HOUR)
    assert cookie["path"] == "/"
    assert "httponly" in cookie
    assert "domain" not in cookie
    assert "secure" not in cookie  # plain http


async def test_cf_session(visitor):
    cookie = set_cookies(await visitor.open("wiki.localhost"))["CF_Session"]
    assert_lives(cookie, 4 * HOUR)
    assert cookie["path"] == "/"
    assert "httponly" in cookie
    assert "domain" not in cookie


async def test_cf_authorization_of_the_team_domain(visitor):
    response = await visitor.sign_in("wiki.localhost", until="/cdn-cgi/access/authorized")
    cookie = set_cookies(response)["CF_Authorization"]
    assert response.url.host == TEAM
    assert_lives(cookie, 24 * HOUR)
    assert cookie["path"] == "/"
    assert "httponly" in cookie
    assert "domain" not in cookie


async def test_cf_authorization_of_an_application(alice):
    cookie = (await app_cookie(alice, "lax.localhost"))["CF_Authorization"]
    assert_lives(cookie, 24 * HOUR)
    assert cookie["path"] == "/"
    assert "httponly" in cookie
    assert "domain" not in cookie
    assert cookie["samesite"] == "Lax"


@pytest.mark.parametrize(
    ("host", "seconds"),
    [
        ("wiki.localhost", 8 * HOUR),
        ("notes.localhost", 24 * HOUR),
        ("brief.localhost", HOUR // 2),
        ("whole.localhost", 24 * HOUR),
        ("moment.localhost", 10),
    ],
    ids=["application", "default", "policy", "organization", "immediate"],
)
async def test_it_lives_as_long_as_policy_application_or_organization_say(house, alice, host, seconds):
    for name in ("wiki.localhost", "notes.localhost"):
        alice.client.cookies.delete("CF_Authorization", domain=name)
    cookie = (await app_cookie(alice, host))["CF_Authorization"]
    assert_lives(cookie, seconds)
    claims = claims_of(cookie["value"])
    assert claims["exp"] - claims["iat"] == seconds


async def test_http_only_is_the_applications_choice(alice):
    assert "httponly" not in (await app_cookie(alice, "script.localhost"))["CF_Authorization"]


async def test_same_site_is_the_applications_choice(alice):
    assert (await app_cookie(alice, "strict.localhost"))["CF_Authorization"]["samesite"] == "Strict"


async def test_a_strict_cookie_does_not_lead_round_in_circles(alice):
    """After a redirect from the team domain browsers would not send it: a page of the host itself goes on."""
    response = await alice.open("strict.localhost", until="/cdn-cgi/access/authorized")
    arrived = await alice.ask("GET", location(response))
    assert arrived.status_code == 200
    assert arrived.headers["refresh"].startswith("0;url=")


async def test_the_path_is_the_applications_where_it_wants_that(house, alice):
    for path, expected in [("/alpha/x", "/alpha"), ("/beta/y", "/beta"), ("/z", "/")]:
        assert (await app_cookie(alice, "paths.localhost", path))["CF_Authorization"]["path"] == expected
    for path in ("/alpha", "/beta", "/other"):
        assert (await alice.get("paths.localhost", path)).status_code == 200, path


async def test_a_cookie_of_one_path_is_no_key_to_another(house, alice):
    cookie = (await app_cookie(alice, "paths.localhost", "/alpha"))["CF_Authorization"]["value"]
    async with Visitor(house) as other:
        response = await other.get("paths.localhost", "/beta", headers={"cookie": f"CF_Authorization={cookie}"})
    assert response.status_code == 302


async def test_the_binding_cookie(alice):
    cookies = await app_cookie(alice, "bound.localhost")
    token, binding = cookies["CF_Authorization"], cookies["CF_Binding"]
    assert binding["expires"] == token["expires"]
    assert binding["path"] == "/"
    assert "httponly" in binding
    assert len(binding["value"]) >= 32


async def test_g6_92_without_the_binding_cookie_the_token_is_worth_nothing(house, alice):
    cookies = await app_cookie(alice, "bound.localhost")
    token, binding = (cookies[name]["value"] for name in ("CF_Authorization", "CF_Binding"))
    async with Visitor(house) as other:
        for header, status in [
            (f"CF_Authorization={token}", 302),
            (f"CF_Authorization={token}; CF_Binding={'0' * 64}", 302),
            (f"CF_Authorization={token}; CF_Binding={binding}", 200),
        ]:
            assert (await other.get("bound.localhost", headers={"cookie": header})).status_code == status, header


async def test_the_binding_cookie_stays_at_the_door(house, alice):
    path = unseen_path()
    await alice.open("bound.localhost", path)
    sent = house.at_origin(path).get("cookie")
    assert "CF_Binding" not in sent
    assert "CF_Authorization=" in sent


async def test_a_cookie_copied_to_another_client_works_without_binding(house, alice):
    async with Visitor(house, headers={"user-agent": "curl/8"}) as other:
        header = {"cookie": f"CF_Authorization={alice.cookie('wiki.localhost')}"}
        assert (await other.get("wiki.localhost", headers=header)).status_code == 200


@pytest.mark.parametrize("host", ["wiki.localhost", "here.localhost"])
async def test_a_token_is_over_two_seconds_after_its_end(house, alice, signing_key, host):
    await alice.open(host)
    end = int(time.time()) + 1
    header = {"cookie": f"CF_Authorization={signed(claims_of(alice.cookie(host)) | {'exp': end}, signing_key)}"}
    async with Visitor(house) as other:
        assert (await other.get(host, headers=header)).status_code == 200
        await asyncio.sleep(max(end + 2.1 - time.time(), 0))  # Envoy allows a second for skew and counts whole ones
        assert (await other.get(host, headers=header)).status_code == 302
