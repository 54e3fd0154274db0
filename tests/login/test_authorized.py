from __future__ import annotations

import asyncio
import json
from base64 import urlsafe_b64decode
from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest
from tests.login.world import (
    BOARD,
    BOTH,
    COMPANY,
    HTTPS,
    LAB,
    NOTES,
    PARTNER,
    TEAM,
    WIKI,
    Browser,
    aud,
    parameter,
    policy,
)
from tests.tokens.material import ring

from doorward.client_certificates import CertificateFacts
from doorward.login.authorized import TOKENS, WINDOW
from doorward.pages import Problem
from doorward.signin import HANDOFF_LIFETIME
from doorward.tokens.jwt import verify_app

WIKI_HOST = "wiki.example.com"


async def handed_off(world, browser, letter=WIKI, host=WIKI_HOST, path="/"):
    """A login up to the hand-off: the URL of ``/authorized``."""
    world.change(letter, allowed_idps=("company-idp",))
    response = await browser.get(world.door(browser, letter, host, path))
    if response.headers["location"].startswith("https://idp.test"):
        response = await browser.get(browser.back(response))
    location = response.headers["location"]
    assert location.startswith(f"{world.origin(host)}/cdn-cgi/access/authorized?"), location
    return location


def claims_of(world, browser, letter=WIKI, host=WIKI_HOST):
    token = browser.cookie(host, "CF_Authorization")
    return verify_app(token, ring(), issuer=world.organization.issuer, aud=aud(letter), now=world.time)


@pytest.mark.parametrize("public", BOTH, indirect=True)
async def test_the_hand_off_becomes_the_applications_cookie(world, browser, public):
    response = await browser.get(await handed_off(world, browser, path="/page?x=1"))
    assert response.status_code == 302
    assert response.headers["location"] == world.origin(WIKI_HOST) + "/page?x=1"
    (cookie,) = [one for one in response.headers.get_list("set-cookie") if one.startswith("CF_Authorization=")]
    expires = next(part for part in cookie.split("; ") if part.startswith("Expires="))
    assert parsedate_to_datetime(expires.partition("=")[2]).timestamp() == world.time + 8 * 3600
    assert "; HttpOnly" in cookie
    assert ("; Secure" in cookie) == (public.scheme == "https")


async def test_the_token_says_who_for_how_long_and_why(world, browser):
    await browser.get(await handed_off(world, browser))
    claims = claims_of(world, browser)
    assert (claims.email, claims.country, claims.policy_id) == ("ada@example.com", "NL", "policy-allow")
    assert (claims.iat, claims.exp) == (world.time, world.time + 8 * 3600)
    assert len(claims.nonce) == 64
    assert len(claims.identity_nonce) == 16
    assert claims.custom == {"team": "red"}
    session = await world.store.sessions.find(claims.identity_nonce)
    assert session.user_id == claims.sub
    (token,) = await world.store.app_tokens.by_session(claims.identity_nonce)
    assert (token.nonce, token.application_id, token.exp) == (claims.nonce, "app-a", claims.exp)


async def test_the_state_says_where_it_goes_and_is_never_believed(world, browser):
    location = await handed_off(world, browser, path="/page")
    state = json.loads(urlsafe_b64decode(parameter(location, "state")))
    assert state == {"hostname": WIKI_HOST, "authDomain": TEAM, "redirectURL": "/page", "isSSO": False}
    base = location.partition("&state=")[0]
    response = await browser.get(base + "&state=eyJyZWRpcmVjdFVSTCI6Ii8vZXZpbC50ZXN0In0")
    assert response.headers["location"] == world.origin(WIKI_HOST) + "/page"


@pytest.mark.parametrize("public", BOTH, indirect=True)
async def test_head_works_as_well(world, browser):
    response = await browser.ask("HEAD", await handed_off(world, browser))
    assert response.status_code == 302
    assert browser.cookie(WIKI_HOST, "CF_Authorization")


async def test_g7_96_a_hand_off_works_once(world, browser):
    location = await handed_off(world, browser)
    assert (await browser.get(location)).status_code == 302
    other = Browser(world)
    other.jar = {key: value for key, value in browser.jar.items() if "Authorization" not in key[1]}
    response = await other.get(location)
    assert response.status_code == 400
    assert isinstance(world.shown, Problem)
    assert world.shown.action_url == world.origin(WIKI_HOST) + "/"
    assert not other.cookie(WIKI_HOST, "CF_Authorization")


async def test_of_two_at_once_one_gets_the_cookie(world, browser):
    location = await handed_off(world, browser)
    one, other = Browser(world), Browser(world)
    one.jar, other.jar = dict(browser.jar), dict(browser.jar)
    responses = await asyncio.gather(one.get(location), other.get(location))
    assert sorted(response.status_code for response in responses) == [302, 400]


async def test_the_back_button_of_a_finished_login_leads_to_the_application(world, browser):
    location = await handed_off(world, browser, path="/page")
    await browser.get(location)
    response = await browser.get(location)
    assert response.status_code == 302
    assert response.headers["location"] == world.origin(WIKI_HOST) + "/"


async def test_an_application_below_a_path_is_led_back_to_there(world, browser):
    world.change(WIKI, domain="wiki.example.com/docs")
    location = await handed_off(world, browser, path="/docs/x")
    await browser.get(location)
    assert (await browser.get(location)).headers["location"] == world.origin(WIKI_HOST) + "/docs"
    await Browser(world).get(location)
    assert world.shown.action_url == world.origin(WIKI_HOST) + "/docs"


@pytest.mark.parametrize("query", ["", "?nonce=", "?nonce=unknown&state=x", "?state=x"])
async def test_g7_96_an_unknown_hand_off_is_refused(world, browser, query):
    response = await browser.get(f"{world.origin(WIKI_HOST)}/cdn-cgi/access/authorized{query}")
    assert response.status_code == 400


async def test_g7_96_a_hand_off_expires(world, browser):
    location = await handed_off(world, browser)
    world.time += HANDOFF_LIFETIME
    assert (await browser.get(location)).status_code == 400


async def test_g7_100_a_nonce_sent_twice_is_refused_and_not_used_up(world, browser):
    location = await handed_off(world, browser)
    assert (await browser.get(location + "&nonce=x")).status_code == 400
    assert (await browser.get(location)).status_code == 302


async def test_g6_91_a_hand_off_at_another_host_is_refused(world, browser):
    location = await handed_off(world, browser, LAB, "one.lab.example.com")
    for host in ("two.lab.example.com", "notes.example.com"):
        other = Browser(world)
        other.jar = {
            (host if at == "one.lab.example.com" else at, *rest): value for (at, *rest), value in browser.jar.items()
        }
        response = await other.get(location.replace("one.lab.example.com", host))
        assert response.status_code == 400
        assert not other.cookie(host, "CF_Authorization")
        location = await handed_off(world, browser, LAB, "one.lab.example.com")


@pytest.mark.parametrize("public", BOTH, indirect=True)
async def test_g7_97_a_hand_off_in_another_browser_is_refused(world, browser):
    location = await handed_off(world, browser)
    victim = Browser(world)
    world.door(victim, WIKI, WIKI_HOST)  # has a CF_AppSession of its own
    response = await victim.get(location)
    assert response.status_code == 400
    assert not victim.cookie(WIKI_HOST, "CF_Authorization")
    assert world.records[-1].refusal == "foreign_browser"


@pytest.mark.parametrize("public", [HTTPS], indirect=True)
async def test_g6_84_a_planted_app_session_cookie_does_not_help(world, browser):
    location = await handed_off(world, browser)
    victim = Browser(world)
    victim.jar = {key: value for key, value in browser.jar.items() if key[1].startswith("CF_AppSession")}
    assert victim.jar
    assert (await victim.get(location)).status_code == 400


async def test_g7_109_a_session_revoked_meanwhile_gives_no_cookie(world, browser):
    location = await handed_off(world, browser)
    identity = (await browser.team("/get-identity")).json()
    (session,) = await world.store.sessions.live_of(identity["user_uuid"], world.time)
    await world.store.sessions.revoke(session.nonce, world.time)
    assert (await browser.get(location)).status_code == 400
    assert not browser.cookie(WIKI_HOST, "CF_Authorization")


async def test_g7_109_nor_does_one_revoked_at_the_very_moment(world, browser, monkeypatch):
    location = await handed_off(world, browser)
    record = world.store.app_tokens.record

    async def revoked_first(nonce, session_nonce, *rest):
        await world.store.sessions.revoke(session_nonce, world.time)
        return await record(nonce, session_nonce, *rest)

    monkeypatch.setattr(world.store.app_tokens, "record", revoked_first)
    assert (await browser.get(location)).status_code == 400
    assert not browser.cookie(WIKI_HOST, "CF_Authorization")


async def test_a_session_that_ended_meanwhile_gives_no_cookie(world, browser):
    world.organization = world.organization.model_copy(update={"session_duration": timedelta(seconds=60)})
    location = await handed_off(world, browser)
    world.time += 60
    assert (await browser.get(location)).status_code == 400
    assert not browser.cookie(WIKI_HOST, "CF_Authorization")


async def test_an_application_or_policy_removed_meanwhile_gives_no_cookie(world, browser):
    location = await handed_off(world, browser)
    world.change(WIKI, policies=(policy("allow", id="another"),))
    assert (await browser.get(location)).status_code == 400
    location = await handed_off(world, browser, NOTES, "notes.example.com")
    world.change(NOTES, domain="wiki.example.com/notes")
    assert (await browser.get(location)).status_code == 404


async def test_the_binding_cookie_comes_with_the_token(world, browser):
    world.change(WIKI, enable_binding_cookie=True)
    await browser.get(await handed_off(world, browser))
    assert browser.cookie(WIKI_HOST, "CF_Binding")
    assert claims_of(world, browser).nonce not in browser.cookie(WIKI_HOST, "CF_Binding")


async def test_the_cookie_can_be_for_the_applications_path(world, browser):
    world.change(WIKI, domain="wiki.example.com/docs", path_cookie_attribute=True)
    await browser.get(await handed_off(world, browser, path="/docs/x"))
    assert (WIKI_HOST, "CF_Authorization", "/docs") in browser.jar


async def test_a_strict_cookie_is_not_followed_by_a_redirect_that_would_not_send_it(world, browser):
    world.change(WIKI, same_site_cookie_attribute="strict")
    response = await browser.get(await handed_off(world, browser, path="/page?x=1"))
    assert response.status_code == 200
    assert response.headers["refresh"] == f"0;url={world.origin(WIKI_HOST)}/page?x=1"
    assert world.shown.location == world.origin(WIKI_HOST) + "/page?x=1"
    assert browser.cookie(WIKI_HOST, "CF_Authorization")


async def test_two_tabs_of_one_application_both_end_there(world, browser):
    first = await handed_off(world, browser, path="/one")
    second = await handed_off(world, browser, path="/two")
    assert (await browser.get(first)).headers["location"].endswith("/one")
    assert (await browser.get(second)).headers["location"].endswith("/two")


async def test_another_application_is_handed_off_for_itself(world, browser):
    await browser.get(await handed_off(world, browser))
    await browser.get(await handed_off(world, browser, NOTES, "notes.example.com"))
    assert claims_of(world, browser).nonce != claims_of(world, browser, NOTES, "notes.example.com").nonce
    assert BOARD not in {WIKI, NOTES}


async def test_a_session_that_takes_token_after_token_is_stopped(world, browser):
    for _ in range(TOKENS):
        assert (await browser.get(await handed_off(world, browser))).status_code == 302
    location = await handed_off(world, browser)
    response = await browser.get(location)
    assert response.status_code == 429
    assert world.records[-1].refusal == "too_many_logins"
    world.time += WINDOW
    assert (await browser.get(await handed_off(world, browser))).status_code == 302


BOSS = policy("allow", {"email": {"email": "boss@example.com"}})
NOT_ADA = policy("deny", {"email": {"email": "ada@example.com"}})
SOMEWHERE_ELSE = policy("allow", require=[{"geo": {"country_code": "DE"}}])


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"policies": (BOSS,)}, id="the policy names others"),
        pytest.param({"policies": (NOT_ADA, policy())}, id="a block stands before it"),
        pytest.param({"policies": (SOMEWHERE_ELSE,)}, id="from another country"),
        pytest.param({"allowed_idps": (PARTNER,)}, id="the provider is taken no more"),
    ],
)
async def test_g7_109_a_hand_off_made_before_the_rules_changed_gives_no_cookie(world, browser, change):
    """Also where the mark of the change is not known here yet, and in the second of the change."""
    for mark in (0, world.time + 1):
        location = await handed_off(world, browser)
        before = world.applications
        world.change(WIKI, **change, not_before=mark)
        assert (await browser.get(location)).status_code == 400
        assert world.records[-1].refusal == "unknown_handoff"
        assert not browser.cookie(WIKI_HOST, "CF_Authorization")
        world.applications = before


async def test_g7_109_whoever_another_policy_lets_in_now_has_a_token_of_that_policy(world, browser):
    """And by the demands of that one: a person with two addresses may be seen with either."""
    location = await handed_off(world, browser)
    world.change(WIKI, policies=(policy(id="first"), policy()), not_before=0)
    assert (await browser.get(location)).status_code == 302
    assert claims_of(world, browser).policy_id == "first"


async def test_g7_109_a_provider_that_is_gone_vouches_for_no_hand_off(world, browser):
    world.change(WIKI, allowed_idps=(COMPANY,))
    location = await handed_off(world, browser)
    del world.identity_providers[COMPANY]
    assert (await browser.get(location)).status_code == 400
    assert not browser.cookie(WIKI_HOST, "CF_Authorization")


async def test_g7_109_a_hand_off_from_before_the_mark_is_not_judged_at_all(world, browser):
    location = await handed_off(world, browser)
    world.time += 5
    world.change(WIKI, not_before=world.time + 1)
    assert (await browser.get(location)).status_code == 400
    assert (await browser.get(await handed_off(world, browser))).status_code == 302, "a new one, in the same second"
    assert browser.cookie(WIKI_HOST, "CF_Authorization")


async def test_a_hand_off_is_judged_with_the_certificate_that_counted_when_the_login_began(world, browser):
    world.change(WIKI, policies=(policy("allow", require=[{"certificate": {}}]),), allowed_idps=(COMPANY,))
    door = world.door(browser, WIKI, WIKI_HOST, certificate=CertificateFacts("device", "01", "CN=Issuer", "aa"))
    response = await browser.get(browser.back(await browser.get(door)))
    assert (await browser.get(response.headers["location"])).status_code == 302
    assert browser.cookie(WIKI_HOST, "CF_Authorization")
