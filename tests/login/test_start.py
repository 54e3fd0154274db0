from __future__ import annotations

from urllib.parse import urlsplit

import httpx
import pytest
from tests.login.world import (
    BOARD,
    BOTH,
    COMPANY,
    EMPTY,
    HTTP,
    HTTPS,
    INSIDE,
    LAB,
    NOTES,
    PARTNER,
    PIN,
    TEAM,
    VAULT,
    WIKI,
    Browser,
    aud,
    parameter,
    person,
    policy,
)

from doorward.pages import Chooser, Denied, Problem
from doorward.providers import ProviderError, Reason
from doorward.sessions import META_LIFETIME

WIKI_HOST = "wiki.example.com"


def link(world, host=WIKI_HOST, **query):
    return f"{world.origin(TEAM)}/cdn-cgi/access/login/{host}?{httpx.QueryParams(**query)}"


@pytest.mark.parametrize("public", BOTH, indirect=True)
async def test_the_login_page_offers_every_allowed_way(world, browser):
    response = await browser.get(world.door(browser, WIKI, WIKI_HOST, "/page?x=1"))
    assert response.status_code == 200
    assert response.headers["cf-access-domain"] == WIKI_HOST
    assert isinstance(world.shown, Chooser)
    assert [method.name for method in world.shown.methods] == ["Company", "Partner"]
    assert world.shown.pin_form is not None
    assert browser.cookie(TEAM, "CF_Session")
    assert 'id="totp-form"' in response.text


async def test_head_on_the_login_page_tells_cloudflared_what_it_needs_and_begins_nothing(world, browser):
    world.change(WIKI, allowed_idps=(COMPANY,))
    response = await browser.ask("HEAD", world.door(browser, WIKI, WIKI_HOST))
    assert response.status_code == 200
    assert response.headers["cf-access-domain"] == WIKI_HOST
    assert world.providers.begun == []


async def test_a_button_leads_to_its_provider_with_a_fresh_attempt(world, browser):
    await browser.get(world.door(browser, WIKI, WIKI_HOST, "/page?x=1"))
    response = await browser.get(world.origin(TEAM) + world.shown.methods[1].url)
    assert response.status_code == 302
    assert response.headers["location"].startswith(f"https://idp.test/{PARTNER}/authorize?")
    ((attempt, prompt),) = world.providers.begun
    assert attempt.idp_id == PARTNER
    assert attempt.destination.hostname == WIKI_HOST
    assert attempt.destination.redirect_url == "/page?x=1"
    assert len(attempt.code_verifier) == 43
    assert len({attempt.state, attempt.nonce, attempt.code_verifier}) == 3
    assert prompt == ""


async def test_a_button_works_long_after_the_page_was_opened(world, browser):
    await browser.get(world.door(browser, WIKI, WIKI_HOST))
    world.time += 3000
    assert (await browser.get(world.origin(TEAM) + world.shown.methods[0].url)).status_code == 302
    assert len(world.providers.begun) == 1


async def test_a_button_pressed_too_late_starts_at_the_application(world, browser):
    await browser.get(world.door(browser, WIKI, WIKI_HOST, "/page"))
    world.time += 3600
    response = await browser.get(world.origin(TEAM) + world.shown.methods[0].url)
    assert response.headers["location"] == world.origin(WIKI_HOST) + "/page"
    assert world.providers.begun == []


async def test_head_on_a_button_begins_nothing(world, browser):
    await browser.get(world.door(browser, WIKI, WIKI_HOST))
    response = await browser.ask("HEAD", world.origin(TEAM) + world.shown.methods[0].url)
    assert response.status_code == 302
    assert world.providers.begun == []


async def test_the_only_provider_is_gone_to_at_once(world, browser):
    response = await browser.get(world.door(browser, BOARD, "board.example.com"))
    assert response.status_code == 302
    assert response.headers["location"].startswith(f"https://idp.test/{PARTNER}/")
    assert response.headers["cf-access-domain"] == "board.example.com"


@pytest.mark.parametrize("organization_wide", [False, True])
async def test_auto_redirect_skips_the_choice_when_one_provider_has_a_page_of_its_own(
    world, browser, organization_wide
):
    world.change(WIKI, allowed_idps=(COMPANY, PIN), auto_redirect_to_identity=not organization_wide)
    world.organization = world.organization.model_copy(update={"auto_redirect_to_identity": organization_wide})
    response = await browser.get(world.door(browser, WIKI, WIKI_HOST))
    assert response.headers["location"].startswith(f"https://idp.test/{COMPANY}/")


async def test_auto_redirect_does_not_choose_between_two(world, browser):
    world.change(WIKI, auto_redirect_to_identity=True)
    assert (await browser.get(world.door(browser, WIKI, WIKI_HOST))).status_code == 200


async def test_one_time_pin_alone_shows_its_form(world, browser):
    world.change(WIKI, allowed_idps=(PIN,))
    response = await browser.get(world.door(browser, WIKI, WIKI_HOST))
    assert response.status_code == 200
    assert world.shown.methods == ()
    assert world.shown.pin_form is not None


async def test_an_application_that_allows_no_provider_we_have_says_so(world, browser):
    world.change(WIKI, allowed_idps=("removed",))
    response = await browser.get(world.door(browser, WIKI, WIKI_HOST))
    assert response.status_code == 403
    assert world.shown.reference == "0123456789abcdef"


async def test_a_provider_the_application_does_not_allow_cannot_be_started(world, browser):
    world.change(WIKI, allowed_idps=(COMPANY, PIN))
    await browser.get(world.door(browser, WIKI, WIKI_HOST))
    button = world.origin(TEAM) + world.shown.methods[0].url
    for idp in (PARTNER, PIN, "unknown"):
        response = await browser.get(button.replace(f"/start/{COMPANY}/", f"/start/{idp}/"))
        assert response.status_code == 400
    assert world.providers.begun == []


@pytest.mark.parametrize("public", BOTH, indirect=True)
async def test_no_meta_starts_at_the_application(world, browser):
    response = await browser.get(link(world, kid=aud(WIKI), redirect_url="/page?x=1"))
    assert response.status_code == 302
    assert response.headers["location"] == world.origin(WIKI_HOST) + "/page?x=1"
    assert response.headers["cf-access-domain"] == WIKI_HOST


async def test_an_expired_meta_starts_at_the_application(world, browser):
    url = world.door(browser, WIKI, WIKI_HOST, "/page?x=1")
    world.time += META_LIFETIME
    response = await browser.get(url)
    assert response.status_code == 302
    assert response.headers["location"] == world.origin(WIKI_HOST) + "/page?x=1"


async def test_a_bookmark_of_an_application_that_was_made_anew_starts_there(world, browser):
    response = await browser.get(link(world, kid="9" * 64, redirect_url="/page"))
    assert response.headers["location"] == world.origin(WIKI_HOST) + "/page"
    assert "cf-access-domain" not in response.headers


@pytest.mark.parametrize("redirect_url", ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:alert(1)"])
async def test_g7_94_an_unsigned_link_leads_nowhere_else(world, browser, redirect_url):
    response = await browser.get(link(world, kid=aud(WIKI), redirect_url=redirect_url))
    assert response.headers["location"] == world.origin(WIKI_HOST) + "/"


@pytest.mark.parametrize(
    "host", ["evil.test", "wiki.example.com.evil.test", "wiki.example.com@evil.test", "evil.test:443", "%20"]
)
async def test_g7_94_a_link_for_a_foreign_host_is_not_found(world, browser, host):
    response = await browser.get(link(world, host=host, kid=aud(WIKI), redirect_url="/"))
    assert response.status_code == 404
    assert "location" not in response.headers
    assert "evil" not in response.text


async def test_g7_96_a_forged_meta_is_refused(world, browser):
    url = world.door(browser, WIKI, WIKI_HOST)
    meta = parameter(url, "meta")
    for forged in ("x", meta[:-4] + "AAAA", meta + "A", meta.replace(".", "", 1), "a.b.c"):
        response = await browser.get(link(world, kid=aud(WIKI), meta=forged, redirect_url="/"))
        assert response.status_code == 400
        assert isinstance(world.shown, Problem)
        assert world.shown.action_url == world.origin(WIKI_HOST) + "/"
        assert (world.records[-1].refusal, world.records[-1].reference) == ("forged_link", world.shown.reference)


async def test_g7_96_a_meta_for_another_application_or_host_is_refused(world, browser):
    meta = world.meta(NOTES, "notes.example.com")
    assert (await browser.get(link(world, kid=aud(WIKI), meta=meta))).status_code == 400
    assert (await browser.get(link(world, kid=aud(NOTES), meta=meta))).status_code == 400
    other_host = world.meta(WIKI, "notes.example.com")
    assert (await browser.get(link(world, kid=aud(WIKI), meta=other_host))).status_code == 400


async def test_g7_96_a_meta_for_another_application_of_the_same_host_is_refused(world, browser):
    world.change(NOTES, domain="wiki.example.com/notes")
    meta = world.meta(WIKI, WIKI_HOST)
    assert (await browser.get(link(world, kid=aud(NOTES), meta=meta))).status_code == 400
    assert (await browser.get(link(world, kid=aud(WIKI), meta=meta))).status_code == 200
    world.applications = world.applications[1:]
    assert (await browser.get(link(world, kid=aud(WIKI), meta=meta))).status_code == 400


async def test_g7_96_another_kind_of_our_tokens_is_no_meta(world, browser):
    await browser.sign_in()
    for token in (browser.cookie(WIKI_HOST, "CF_Authorization"), browser.cookie(TEAM, "CF_Authorization")):
        assert (await browser.get(link(world, kid=aud(WIKI), meta=token))).status_code == 400


async def test_g7_100_a_login_link_with_a_parameter_twice_is_refused(world, browser):
    url = world.door(browser, WIKI, WIKI_HOST)
    response = await browser.get(url + "&kid=" + aud(NOTES))
    assert response.status_code == 400


async def test_a_host_under_a_wildcard_can_be_signed_in_to(world, browser):
    response = await browser.get(world.door(browser, LAB, "one.lab.example.com"))
    assert response.status_code == 200
    assert response.headers["cf-access-domain"] == "*.lab.example.com"


async def test_whom_an_address_rule_keeps_out_never_sees_a_login(world, browser):
    response = await browser.get(world.door(browser, INSIDE, "inside.example.com"))
    assert response.status_code == 403
    assert isinstance(world.shown, Denied)
    (record,) = world.records
    assert (record.outcome, record.reference) == ("deny", world.shown.reference)
    assert record.trace


async def test_whom_the_address_rule_lets_on_sees_it(world, browser):
    world.ip = "192.0.2.9"
    assert (await browser.get(world.door(browser, INSIDE, "inside.example.com"))).status_code == 200


async def test_no_policies_means_no_entry(world, browser):
    assert (await browser.get(world.door(browser, EMPTY, "empty.example.com"))).status_code == 403


async def test_a_provider_that_is_down_gives_a_page(world, browser):
    world.providers.down = ProviderError("Company", Reason.UNAVAILABLE, "connect timeout")
    await browser.get(world.door(browser, WIKI, WIKI_HOST))
    response = await browser.get(world.origin(TEAM) + world.shown.methods[0].url)
    assert response.status_code == 503
    assert "Company" in response.text
    assert "connect timeout" not in response.text
    assert world.records[-1].detail == "connect timeout"


class TestSingleSignOn:
    @pytest.mark.parametrize("public", BOTH, indirect=True)
    async def test_the_second_application_opens_silently(self, world, browser):
        await browser.sign_in()
        response = await browser.get(world.door(browser, NOTES, "notes.example.com", "/n"))
        assert response.status_code == 302
        assert response.headers["location"].startswith(
            world.origin("notes.example.com") + "/cdn-cgi/access/authorized?"
        )
        response = await browser.get(response.headers["location"])
        assert response.headers["location"] == world.origin("notes.example.com") + "/n"
        assert browser.cookie("notes.example.com", "CF_Authorization")
        assert len(world.providers.begun) == 1

    @pytest.mark.parametrize("public", BOTH, indirect=True)
    async def test_cloudflared_exchanges_its_org_token_by_head(self, world, browser):
        await browser.sign_in()
        program = Browser(world, headers={})
        url = world.door(program, NOTES, "notes.example.com")
        value = program.cookie("notes.example.com", "CF_AppSession")
        program.jar = {
            (TEAM, "CF_Authorization", "/"): browser.cookie(TEAM, "CF_Authorization"),
            ("notes.example.com", "CF_AppSession", "/"): value,
        }
        response = await program.ask("HEAD", url)
        assert response.status_code == 302
        response = await program.ask("HEAD", response.headers["location"])
        (cookie,) = [one for one in response.headers.get_list("set-cookie") if one.startswith("CF_Authorization=")]
        assert "Expires=" in cookie

    async def test_a_session_of_a_provider_that_is_not_allowed_must_sign_in_again(self, world, browser):
        await browser.sign_in()
        response = await browser.get(world.door(browser, BOARD, "board.example.com"))
        assert response.status_code == 200
        assert world.shown.signed_in_as == "ada@example.com"
        assert [method.name for method in world.shown.methods] == ["Partner"]

    async def test_a_session_whose_provider_was_removed_does_not_count(self, world, browser):
        await browser.sign_in()
        del world.identity_providers[COMPANY]
        assert (await browser.get(world.door(browser, NOTES, "notes.example.com"))).status_code == 200

    async def test_the_third_application_refuses_and_says_why(self, world, browser):
        await browser.sign_in()
        response = await browser.get(world.door(browser, VAULT, "vault.example.com", "/x"))
        assert response.status_code == 403
        page = world.shown
        assert isinstance(page, Denied)
        assert (page.email, page.message, page.reference) == ("ada@example.com", "Ask the boss.", "0123456789abcdef")
        assert page.sign_out_url.startswith(world.origin(TEAM) + "/cdn-cgi/access/logout?returnTo=")
        assert response.headers["cf-access-error"] == "1"
        record = world.records[-1]
        assert (record.kind, record.outcome, record.status, record.user_email) == (
            "login",
            "deny",
            403,
            "ada@example.com",
        )
        assert record.reference == page.reference
        assert record.trace[0]["policy_name"] == "Allow"

    async def test_an_expired_session_must_sign_in_again(self, world, browser):
        await browser.sign_in()
        world.time += 86_400
        assert (await browser.get(world.door(browser, NOTES, "notes.example.com"))).status_code == 200

    async def test_g7_109_a_revoked_session_must_sign_in_again(self, world, browser):
        await browser.sign_in()
        (session,) = await world.store.sessions.live_of(
            await world.store.users.resolve("ada@example.com", "", world.time), world.time
        )
        await world.store.sessions.revoke(session.nonce, world.time)
        assert (await browser.get(world.door(browser, NOTES, "notes.example.com"))).status_code == 200

    async def test_policies_are_evaluated_anew(self, world, browser):
        await browser.sign_in()
        world.change(NOTES, policies=(policy("allow", {"email": {"email": "boss@example.com"}}),))
        assert (await browser.get(world.door(browser, NOTES, "notes.example.com"))).status_code == 403

    async def test_a_bypass_for_this_address_does_not_send_people_in_circles(self, world, browser):
        everyone = {"everyone": {}}
        world.change(NOTES, policies=(policy("bypass", everyone), policy("allow")))
        await browser.sign_in()
        response = await browser.get(world.door(browser, NOTES, "notes.example.com"))
        assert "/cdn-cgi/access/authorized?" in response.headers["location"]

    @pytest.mark.parametrize("public", BOTH, indirect=True)
    async def test_g6_84_a_planted_org_token_signs_nobody_in(self, world, browser, public):
        attacker = Browser(world)
        world.providers.people["mallory"] = person("mallory@example.com")
        await attacker.sign_in(code="mallory")
        browser.jar[TEAM, "CF_Authorization", "/"] = attacker.cookie(TEAM, "CF_Authorization")
        response = await browser.get(world.door(browser, NOTES, "notes.example.com"))
        if public.scheme == "https":
            assert response.status_code == 200  # the login page, as for anybody
        else:
            assert response.status_code == 302  # plain http is for development: it has no protected cookie names

    @pytest.mark.parametrize("public", [HTTP], indirect=True)
    async def test_two_different_sessions_are_none(self, world, browser):
        attacker = Browser(world)
        world.providers.people["mallory"] = person("mallory@example.com")
        await attacker.sign_in(code="mallory")
        await browser.sign_in()
        browser.jar[TEAM, "CF_Authorization", "/cdn-cgi"] = attacker.cookie(TEAM, "CF_Authorization")
        assert (await browser.get(world.door(browser, NOTES, "notes.example.com"))).status_code == 200

    @pytest.mark.parametrize("public", [HTTPS], indirect=True)  # plain http has no protected cookie names
    async def test_g6_84_a_planted_org_token_does_not_replace_the_own_session(self, world, browser):
        attacker = Browser(world)
        world.providers.people["mallory"] = person("mallory@example.com")
        await attacker.sign_in(code="mallory")
        await browser.sign_in()
        browser.jar[TEAM, "CF_Authorization", "/cdn-cgi"] = attacker.cookie(TEAM, "CF_Authorization")
        response = await browser.get(world.door(browser, NOTES, "notes.example.com"))
        await browser.get(response.headers["location"])
        assert world.records[-1].user_email == "ada@example.com"

    @pytest.mark.parametrize("token", ["", "x", "a.b.c", "A" * 9000])
    async def test_a_malformed_org_token_is_no_session(self, world, browser, token):
        browser.jar[TEAM, "CF_Authorization", "/"] = token
        browser.jar[TEAM, "__Host-CF_Authorization", "/"] = token
        assert (await browser.get(world.door(browser, WIKI, WIKI_HOST))).status_code == 200

    async def test_g6_91_an_app_token_is_no_session_on_the_team_domain(self, world, browser):
        await browser.sign_in()
        token = browser.cookie(WIKI_HOST, "CF_Authorization")
        other = Browser(world)
        other.jar[TEAM, "CF_Authorization", "/"] = other.jar[TEAM, "__Host-CF_Authorization", "/"] = token
        assert (await other.get(world.door(other, NOTES, "notes.example.com"))).status_code == 200


class TestDenyPages:
    async def refused(self, world, browser, **fields):
        world.change(VAULT, **fields)
        await browser.sign_in()
        return await browser.get(world.door(browser, VAULT, "vault.example.com", "/x?y=1"))

    @pytest.mark.parametrize("public", BOTH, indirect=True)
    async def test_identity_failures_go_to_the_operators_page(self, world, browser):
        response = await self.refused(world, browser, custom_deny_url="https://help.example.org/no?a=b")
        location = urlsplit(response.headers["location"])
        assert (response.status_code, location.hostname, location.path) == (302, "help.example.org", "/no")
        assert parameter(response.headers["location"], "a") == "b"
        assert parameter(response.headers["location"], "original_url") == world.origin("vault.example.com") + "/x?y=1"
        assert world.records[-1].outcome == "deny"

    async def test_the_page_for_other_failures_is_not_used_for_identities(self, world, browser):
        response = await self.refused(world, browser, custom_non_identity_deny_url="https://help.example.org/no")
        assert response.status_code == 403

    async def test_non_identity_failures_go_to_theirs(self, world, browser):
        world.change(INSIDE, custom_non_identity_deny_url="https://help.example.org/address")
        response = await browser.get(world.door(browser, INSIDE, "inside.example.com"))
        assert response.headers["location"].startswith("https://help.example.org/address?original_url=")

    async def test_a_page_behind_the_door_that_would_refuse_too_is_not_gone_to(self, world, browser):
        response = await self.refused(world, browser, custom_deny_url="https://vault.example.com/no")
        assert response.status_code == 403

    async def test_a_page_behind_the_door_that_is_open_to_the_visitor_is(self, world, browser):
        response = await self.refused(world, browser, custom_deny_url="https://wiki.example.com/no")
        assert response.headers["location"].startswith("https://wiki.example.com/no?original_url=")

    @pytest.mark.parametrize("url", ["javascript:alert(1)", "data:x", "//evil.test", "/relative"])
    async def test_what_is_no_web_address_is_not_gone_to(self, world, browser, url):
        assert (await self.refused(world, browser, custom_deny_url=url)).status_code == 403
