"""From the login page to the application (access.md 1.3), with a real OpenID provider."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from tests.door.house import TEAM, aud
from tests.door.markup import links_of
from tests.door.running import claims_of
from tests.door.visitor import Visitor, location, query_of, set_cookies, unseen_path

pytestmark = pytest.mark.edge


async def test_the_way_in_is_a_chain_of_redirects(house, visitor):
    path = unseen_path() + "?x=1"
    page = await visitor.sign_in("wiki.localhost", path)
    assert page.status_code == 200
    assert house.reached(path)

    walked = [(one.status_code, urlsplit(str(one.url)).hostname, urlsplit(str(one.url)).path) for one in visitor.trail]
    assert walked[0] == (302, "wiki.localhost", path.partition("?")[0])
    assert walked[1] == (200, TEAM, "/cdn-cgi/access/login/wiki.localhost")
    assert walked[-3] == (302, TEAM, "/cdn-cgi/access/callback")
    assert walked[-2] == (302, "wiki.localhost", "/cdn-cgi/access/authorized")
    assert walked[-1] == (200, "wiki.localhost", path.partition("?")[0])

    login, callback, authorized = visitor.trail[1], visitor.trail[-3], visitor.trail[-2]
    assert login.headers["cf-access-domain"] == "wiki.localhost"
    assert "CF_Session" in set_cookies(login)
    assert claims_of(set_cookies(callback)["CF_Authorization"]["value"])["type"] == "org"
    assert claims_of(set_cookies(authorized)["CF_Authorization"]["value"])["type"] == "app"
    assert location(authorized) == house.url("wiki.localhost", path)


async def test_what_is_handed_over_between_the_domains(house, visitor):
    response = await visitor.sign_in("wiki.localhost", "/a?b=c", until="/cdn-cgi/access/authorized")
    query = query_of(location(response))
    assert set(query) == {"nonce", "state"}
    assert json.loads(base64.urlsafe_b64decode(query["state"])) == {
        "hostname": "wiki.localhost",
        "authDomain": TEAM,
        "redirectURL": "/a?b=c",
        "isSSO": False,
    }


async def test_the_second_application_opens_without_a_login(house, visitor):
    await visitor.sign_in("wiki.localhost")
    before, path = len(visitor.trail), unseen_path()
    page = await visitor.open("notes.localhost", path)
    assert page.status_code == 200
    assert house.reached(path)
    assert [one.status_code for one in visitor.trail[before:]] == [302, 302, 302, 200]
    assert claims_of(visitor.cookie("notes.localhost"))["aud"] == [aud("notes.localhost")]
    assert visitor.trail[before + 1].headers["cf-access-domain"] == "notes.localhost"


async def test_one_provider_needs_no_choosing(house, visitor):
    page = await visitor.open("straight.localhost")
    assert str(page.url).startswith(house.provider.auth_url)
    assert (await visitor.submit(page, {"sub": "alice"})).headers["x-origin"] == "/"


async def test_the_login_page_offers_what_the_application_allows(visitor):
    both = await visitor.open("wiki.localhost")
    assert "Directory" in both.text
    assert 'id="totp-form"' in both.text
    pin = await visitor.open("pin.localhost")
    assert 'id="totp-form"' in pin.text
    assert not [link for link in links_of(pin.text) if "/start/" in link]


@pytest.mark.parametrize("nonce", ["", "x", "unknown" * 8])
async def test_a_nonce_that_is_not_known_is_400(house, visitor, nonce):
    await visitor.get("wiki.localhost")
    response = await visitor.get("wiki.localhost", f"/cdn-cgi/access/authorized?nonce={nonce}&state=e30%3D")
    assert response.status_code == 400
    assert "Invalid login session" in response.text
    assert house.url("wiki.localhost", "/") in links_of(response.text)
    assert "set-cookie" not in response.headers


async def test_g7_96_a_nonce_works_once(visitor):
    response = await visitor.sign_in("wiki.localhost", until="/cdn-cgi/access/authorized")
    target = location(response)
    assert (await visitor.ask("GET", target)).status_code == 302
    visitor.client.cookies.delete("CF_Authorization", domain="wiki.localhost")
    again = await visitor.ask("GET", target)
    assert again.status_code == 400
    assert "CF_Authorization" not in set_cookies(again)


async def test_the_back_button_to_a_used_nonce_leads_into_the_application(house, visitor):
    response = await visitor.sign_in("wiki.localhost", until="/cdn-cgi/access/authorized")
    await visitor.ask("GET", location(response))
    again = await visitor.ask("GET", location(response))
    assert (again.status_code, location(again)) == (302, house.url("wiki.localhost"))
    assert "set-cookie" not in again.headers


async def test_g6_91_a_nonce_is_worth_nothing_on_another_host(house, visitor):
    response = await visitor.sign_in("wiki.localhost", until="/cdn-cgi/access/authorized")
    target = location(response).replace("wiki.localhost", "notes.localhost", 1)
    await visitor.get("notes.localhost")
    response = await visitor.ask("GET", target)
    assert response.status_code == 400
    assert not visitor.cookie("notes.localhost")


async def test_a_nonce_is_worth_nothing_in_another_browser(house, visitor):
    response = await visitor.sign_in("wiki.localhost", until="/cdn-cgi/access/authorized")
    async with Visitor(house) as thief:
        await thief.get("wiki.localhost")
        stolen = await thief.ask("GET", location(response))
    assert stolen.status_code == 400
    assert "CF_Authorization" not in set_cookies(stolen)


async def test_a_nonce_that_has_expired_is_400(house, visitor):
    response = await visitor.sign_in("wiki.localhost", until="/cdn-cgi/access/authorized")
    nonce = query_of(location(response))["nonce"]
    async with house.store() as store:
        handoff = await store.handoffs.take(nonce, 0)
        assert handoff is not None
        await store.handoffs.add(replace(handoff, expires_at=int(time.time()) - 1))
    assert (await visitor.ask("GET", location(response))).status_code == 400


async def test_g7_99_ten_tabs_at_once_all_arrive(house, visitor):
    """Opened before any cookie was there; each goes its own way to the end (docs/attacks.md, 99)."""
    paths = [unseen_path() for _ in range(10)]

    async def tab(path):
        answered = await visitor.get("wiki.localhost", path)
        page = await visitor.follow(answered)
        return path, page

    tabs = await asyncio.gather(*map(tab, paths))
    forms = await asyncio.gather(*(visitor.choose_directory(page) for _, page in tabs))
    ends = await asyncio.gather(*(visitor.submit(form, {"sub": "alice"}) for form in forms))
    assert [end.status_code for end in ends] == [200] * 10
    assert sorted(end.headers["x-origin"] for end in ends) == sorted(paths)


async def test_g7_98_the_callback_takes_an_answer_once(visitor):
    response = await visitor.sign_in("wiki.localhost", until="/cdn-cgi/access/callback")
    target = location(response)
    assert (await visitor.ask("GET", target)).status_code == 302
    again = await visitor.ask("GET", target)
    assert again.status_code == 400
    assert "CF_Authorization" not in set_cookies(again)


async def test_g7_97_the_callback_refuses_another_browser(house, visitor):
    response = await visitor.sign_in("wiki.localhost", until="/cdn-cgi/access/callback")
    async with Visitor(house) as thief:
        await thief.open("wiki.localhost")
        assert (await thief.ask("GET", location(response))).status_code == 400
        assert not thief.cookie(TEAM)


async def test_g7_96_a_forged_login_link_is_refused(house, visitor):
    response = await visitor.get("wiki.localhost")
    query = query_of(location(response))
    head, payload, signature = query["meta"].split(".")
    changed = base64.urlsafe_b64encode(
        base64.urlsafe_b64decode(payload + "==").replace(b'"redirect_url":"/"', b'"redirect_url":"/x"')
    )
    meta = f"{head}.{changed.decode().rstrip('=')}.{signature}"
    answer = await visitor.ask("GET", house.team("/login/wiki.localhost"), params=query | {"meta": meta})
    assert answer.status_code == 400


@pytest.mark.parametrize("host", ["notes.localhost", "payroll.localhost"])
async def test_a_login_link_is_for_its_host_only(house, visitor, host):
    query = query_of(location(await visitor.get("wiki.localhost")))
    answer = await visitor.ask("GET", house.team(f"/login/{host}"), params=query)
    assert answer.status_code == 400


async def test_a_login_link_without_proof_begins_at_the_application(house, visitor):
    """As the pages plugin of Cloudflare builds it: no ``meta``."""
    query = {"kid": aud("wiki.localhost"), "redirect_url": "/page?x=1"}
    answer = await visitor.ask("GET", house.team("/login/wiki.localhost"), params=query)
    assert (answer.status_code, location(answer)) == (302, house.url("wiki.localhost", "/page?x=1"))
    assert answer.headers["cf-access-domain"] == "wiki.localhost"


@pytest.mark.parametrize("way", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"])
async def test_g7_94_the_way_back_stays_on_the_host(house, visitor, way):
    query = {"kid": aud("wiki.localhost"), "redirect_url": way}
    answer = await visitor.ask("GET", house.team("/login/wiki.localhost"), params=query)
    assert location(answer) == house.url("wiki.localhost", "/")


async def test_the_provider_says_no(house, visitor):
    state = query_of(str((await visitor.open("straight.localhost")).url))["state"]
    answer = await visitor.team(f"/callback?error=access_denied&state={state}")
    assert answer.status_code == 403
    assert house.url("straight.localhost") in links_of(answer.text)
    assert "CF_Authorization" not in set_cookies(answer)


async def test_another_person_replaces_the_one_before(house, visitor):
    await visitor.sign_in("wiki.localhost")
    old = visitor.cookie("wiki.localhost")
    visitor.client.cookies.delete("CF_Authorization", domain=TEAM)
    visitor.client.cookies.delete("CF_Authorization", domain="wiki.localhost")
    assert (await visitor.sign_in("wiki.localhost", who="bob")).status_code == 200
    new = claims_of(visitor.cookie("wiki.localhost"))
    assert new["email"] == "bob@example.test"
    assert new["identity_nonce"] != claims_of(old)["identity_nonce"]
