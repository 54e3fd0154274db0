"""Logins that end, or go on, with less than they began with."""

from __future__ import annotations

import pytest
from tests.login.world import NOTES, TEAM, WIKI, Browser, person

from doorward.pages import Problem
from doorward.signin import secret_hash

HOST = "wiki.example.com"
REFUSED = "/callback?error=access_denied&error_description=nope"


class TestAProviderThatRefusesWithoutState:
    async def begun(self, world, browser, letter=WIKI, host=HOST, path="/page?x=1"):
        await browser.get(world.door(browser, letter, host, path))
        return await browser.choose()

    async def test_the_page_leads_to_where_this_browser_was_going(self, world, browser):
        await self.begun(world, browser)
        response = await browser.team(REFUSED)
        assert response.status_code == 400
        assert isinstance(world.shown, Problem)
        assert world.shown.title == "You were not signed in"
        assert world.shown.action_url == world.origin(HOST) + "/page?x=1"
        assert world.records[-1].refusal == "provider_without_state"
        assert "nope" not in response.text

    async def test_of_several_the_latest(self, world, browser):
        await self.begun(world, browser)
        world.time += 1
        await self.begun(world, browser, NOTES, "notes.example.com", "/other")
        await browser.team(REFUSED)
        assert world.shown.action_url == world.origin("notes.example.com") + "/other"

    async def test_the_cookie_of_the_attempt_alone_is_enough(self, world, browser):
        await self.begun(world, browser)
        for key in [key for key in browser.jar if key[1] in {"CF_Session", "__Host-CF_Session"}]:
            del browser.jar[key]
        await browser.team(REFUSED)
        assert world.shown.action_url == world.origin(HOST) + "/page?x=1"

    async def test_it_ends_no_login(self, world, browser):
        """Anybody may send a browser here; only an answer with the state says which login is meant (attack 97)."""
        back = await self.begun(world, browser)
        await browser.team(REFUSED)
        assert (await browser.get(back)).status_code == 302
        assert browser.cookie(TEAM, "CF_Authorization")

    async def test_g7_98_in_another_browser_it_leads_nowhere(self, world, browser):
        await self.begun(world, browser)
        stranger = Browser(world)
        await stranger.team(REFUSED)
        assert world.shown.action_url == ""
        assert "Open the application you want again" in world.shown.next_step

    async def test_nor_after_an_hour(self, world, browser):
        await self.begun(world, browser)
        world.time += 3600
        await browser.team(REFUSED)
        assert world.shown.action_url == ""


class TestACodeThatIsSentAgain:
    @pytest.mark.parametrize("left", ["both", "attempt"])
    async def test_it_stays_bound_to_the_browser_that_asked(self, world, browser, mailbox, left):
        """Where only the attempt's own cookie is left, the new code is bound by that, never by nothing."""
        world.change(WIKI, allowed_idps=("pin-idp",))
        await browser.get(world.door(browser, WIKI, HOST))
        form = world.shown.pin_form
        response = await browser.post(
            world.origin(TEAM) + form.action, dict(form.hidden) | {"email": "ada@example.com"}
        )
        await mailbox.next()
        nonce = response.headers["location"].rpartition("nonce=")[2]
        if left == "attempt":
            for key in [key for key in browser.jar if key[1] in {"CF_Session", "__Host-CF_Session"}]:
                del browser.jar[key]
        world.time += 31
        response = await browser.team(f"/resend-code?nonce={nonce}")
        assert response.status_code == 302
        fresh = response.headers["location"].rpartition("nonce=")[2]
        before, after = [await world.store.pins.find(one, world.time) for one in (nonce, fresh)]
        assert after.browser_hash != secret_hash("")
        assert before is None or after.browser_hash == before.browser_hash
        _, code, _ = await mailbox.next()
        stranger = Browser(world)
        stranger.keep(TEAM, "__Host-CF_Session=; Path=/; Secure")
        refused = await stranger.post(world.origin(TEAM) + "/cdn-cgi/access/callback", {"nonce": fresh, "code": code})
        assert refused.status_code == 400
        done = await browser.post(world.origin(TEAM) + "/cdn-cgi/access/callback", {"nonce": fresh, "code": code})
        assert done.status_code == 302


async def test_a_hint_finds_its_application_without_looking_at_all(world, browser):
    await browser.get(world.door(browser, NOTES, "notes.example.com"))
    back = await browser.choose()
    world.time += 3601
    await browser.get(back)
    assert world.shown.action_url == world.origin("notes.example.com") + "/"


async def test_a_token_of_an_application_elsewhere_is_no_credential_here(world, browser):
    """get-identity on an application's host knows tokens for it alone; on the team domain any of ours (access.md 1.6)."""
    world.providers.people["ada"] = person()
    await browser.sign_in()
    token = browser.cookie(HOST, "CF_Authorization")
    sent = {"cookie": f"CF_Authorization={token}"}
    for host, status in ((HOST, 200), (TEAM, 200), ("notes.example.com", 401)):
        response = await Browser(world).get(world.origin(host) + "/cdn-cgi/access/get-identity", headers=sent)
        assert response.status_code == status, host
