from __future__ import annotations

import asyncio

import pytest
from tests.login.world import (
    BOTH,
    COMPANY,
    PIN,
    TEAM,
    VAULT,
    WIKI,
    Browser,
    parameter,
    policy,
)

from doorward.login import pin, pin_code
from doorward.pages import Chooser, ConfirmCode, EnterCode, Problem
from doorward.signin import PIN_LIFETIME, PIN_TRIES

WIKI_HOST = "wiki.example.com"
pytestmark = pytest.mark.usefixtures("mailbox")


async def ask(world, browser, email="ada@example.com", letter=WIKI, host=WIKI_HOST, path="/"):
    """Type an address into the login page; the answer to the form."""
    await browser.get(world.door(browser, letter, host, path))
    form = dict(world.shown.pin_form.hidden) | {"email": email}
    return await browser.post(world.origin(TEAM) + world.shown.pin_form.action, form)


async def open_form(world, browser, **where):
    """Up to the page where the code is typed; its nonce."""
    response = await ask(world, browser, **where)
    assert response.status_code == 302, response.text
    page = await browser.get(response.headers["location"])
    assert page.status_code == 200
    assert isinstance(world.shown, EnterCode)
    return world.shown.nonce


async def enter(world, browser, nonce, code):
    """Send the form, and go where it leads if it was not taken."""
    response = await browser.post(world.origin(TEAM) + "/cdn-cgi/access/callback", {"code": code, "nonce": nonce})
    return await browser.get(response.headers["location"]) if response.status_code == 303 else response


def wrong(code):
    return f"{(int(code) + 1) % 1_000_000:06d}"


async def mails_waiting(world):
    await asyncio.sleep(0.3)
    return world.mailbox.mails.qsize()


@pytest.mark.parametrize("public", BOTH, indirect=True)
async def test_the_whole_way_from_the_address_to_the_application(world, browser):
    nonce = await open_form(world, browser, path="/page")
    recipient, code, _ = await world.mailbox.next()
    assert recipient == "ada@example.com"
    response = await enter(world, browser, nonce, code)
    assert response.status_code == 302
    response = await browser.get(response.headers["location"])
    assert response.headers["location"] == world.origin(WIKI_HOST) + "/page"
    identity = (await browser.team("/get-identity")).json()
    assert (identity["email"], identity["amr"], identity["idp"]) == (
        "ada@example.com",
        ["otp"],
        {"id": PIN, "type": "onetimepin"},
    )
    assert [record.outcome for record in world.records] == ["allow"]


@pytest.mark.parametrize("public", BOTH, indirect=True)
async def test_a_script_that_knows_the_wire_gets_through(world):
    script = Browser(world, headers={})
    url = world.door(script, WIKI, WIKI_HOST)
    await script.get(url)
    response = await script.post(
        url.replace("/login/", "/verify-code/"), {"email": "ada@example.com"}, headers={"origin": ""}
    )
    nonce = parameter(response.headers["location"], "nonce")
    _, code, _ = await world.mailbox.next()
    assert (await enter(world, script, nonce, code)).status_code == 302
    assert script.cookie(TEAM, "CF_Authorization")
    device = next(one for one in script.set_cookies if one.startswith("CF_Device="))
    assert "SameSite=Strict" in device
    assert f"Max-Age={30 * 86_400}" in device


async def test_the_device_cookie_stays_the_same(world, browser):
    for _ in range(2):
        nonce = await open_form(world, browser)
        _, code, _ = await world.mailbox.next()
        await enter(world, browser, nonce, code)
        browser.jar = {key: value for key, value in browser.jar.items() if "Authorization" not in key[1]}
    devices = {one.partition(";")[0] for one in browser.set_cookies if one.startswith("CF_Device=")}
    assert len(devices) == 1


async def test_pasted_spaces_and_hyphens_do_not_matter(world, browser):
    nonce = await open_form(world, browser)
    _, code, _ = await world.mailbox.next()
    assert (await enter(world, browser, nonce, f" {code[:3]}-{code[3:]} ")).status_code == 302


async def test_g7_111_known_and_unknown_addresses_get_the_same_answer_and_only_one_gets_mail(world, browser):
    other = Browser(world)
    known = await ask(world, browser, email="ada@example.com")
    unknown = await ask(world, other, email="ada@elsewhere.test")
    assert known.status_code == unknown.status_code == 302
    page_known = await browser.get(known.headers["location"])
    nonce_known = world.shown.nonce
    page_unknown = await other.get(unknown.headers["location"])
    nonce_unknown = world.shown.nonce

    def neutral(response, email, nonce):
        return response.text.replace(email, "E").replace(nonce, "N")

    assert neutral(page_known, "ada@example.com", nonce_known) == neutral(
        page_unknown, "ada@elsewhere.test", nonce_unknown
    )
    assert set(known.headers) == set(unknown.headers)
    assert (await world.mailbox.next())[0] == "ada@example.com"
    assert await mails_waiting(world) == 0

    wrong_known = await enter(world, browser, nonce_known, "000000")
    wrong_unknown = await enter(world, other, nonce_unknown, "000000")
    assert wrong_known.status_code == wrong_unknown.status_code == 400
    assert neutral(wrong_known, "ada@example.com", nonce_known) == neutral(
        wrong_unknown, "ada@elsewhere.test", nonce_unknown
    )


async def test_g7_111_no_code_at_all_opens_a_challenge_without_mail(world, browser):
    nonce = await open_form(world, browser, email="ada@elsewhere.test")
    assert (await world.store.pins.find(nonce, world.time)).code_hash == ""
    for code in ("000000", "", "      "):
        assert (await enter(world, browser, nonce, code)).status_code == 400
    assert not browser.cookie(TEAM, "CF_Authorization")


async def test_an_address_that_this_application_refuses_gets_no_mail(world, browser):
    await open_form(world, browser, letter=VAULT, host="vault.example.com")
    assert await mails_waiting(world) == 0
    await open_form(world, Browser(world), email="boss@example.com", letter=VAULT, host="vault.example.com")
    assert (await world.mailbox.next())[0] == "boss@example.com"


async def test_g7_111_a_wrong_code_costs_a_try_and_loses_nothing(world, browser):
    nonce = await open_form(world, browser)
    _, code, _ = await world.mailbox.next()
    for left in range(PIN_TRIES - 1, 0, -1):
        response = await enter(world, browser, nonce, wrong(code))
        assert response.status_code == 400
        assert isinstance(world.shown, EnterCode)
        assert (world.shown.tries_left, world.shown.email, world.shown.nonce) == (left, "ada@example.com", nonce)
    assert (await enter(world, browser, nonce, code)).status_code == 302


async def test_after_a_wrong_code_reloading_the_page_tries_nothing(world, browser):
    nonce = await open_form(world, browser)
    _, code, _ = await world.mailbox.next()
    response = await browser.post(
        world.origin(TEAM) + "/cdn-cgi/access/callback", {"code": wrong(code), "nonce": nonce}
    )
    assert response.status_code == 303
    page = response.headers["location"]
    assert page.startswith(world.origin(TEAM) + "/cdn-cgi/access/verify-code/")
    assert code not in page
    for _ in range(PIN_TRIES + 2):
        assert "That is not the code." in (await browser.get(page)).text
        assert world.shown.tries_left == PIN_TRIES - 1
    assert "That is not the code." not in (await browser.get(page.partition("&error=")[0])).text
    assert (await browser.get(page.replace("error=wrong", "error=anything"))).status_code == 200
    assert (await enter(world, browser, nonce, code)).status_code == 302


async def test_g7_111_after_the_last_wrong_code_the_right_one_is_dead(world, browser):
    nonce = await open_form(world, browser)
    _, code, _ = await world.mailbox.next()
    for _ in range(PIN_TRIES):
        response = await enter(world, browser, nonce, wrong(code))
    assert response.status_code == 400
    assert isinstance(world.shown, Problem)
    assert "/cdn-cgi/access/resend-code?nonce=" in world.shown.action_url
    assert (await enter(world, browser, nonce, code)).status_code == 400
    assert not browser.cookie(TEAM, "CF_Authorization")
    assert [record.refusal for record in world.records if record.refusal != "pin_over"] == ["pin_wrong"] * PIN_TRIES


async def test_g7_111_a_thousand_guesses_at_once_are_five(world, browser):
    nonce = await open_form(world, browser)
    _, code, _ = await world.mailbox.next()
    guesses = [f"{(int(code) + 1 + number) % 1_000_000:06d}" for number in range(40)]
    responses = await asyncio.gather(*(enter(world, browser, nonce, guess) for guess in guesses))
    assert all(response.status_code in {400, 429} for response in responses)
    assert (await enter(world, browser, nonce, code)).status_code != 302


async def test_something_that_is_no_code_costs_no_try(world, browser):
    nonce = await open_form(world, browser)
    _, code, _ = await world.mailbox.next()
    for text in ("", "12345", "1234567", "abcdef", "٣٣٣٣٣٣"):
        assert (await enter(world, browser, nonce, text)).status_code == 400
        assert world.shown.tries_left is None
    assert (await enter(world, browser, nonce, code)).status_code == 302


async def enter_from_elsewhere(world):
    """The person whose address it is, at another client address, is not locked out."""
    there, world.ip = world.ip, "198.51.100.77"
    browser = Browser(world)
    nonce = await open_form(world, browser)
    _, code, _ = await world.mailbox.next()
    assert (await enter(world, browser, nonce, code)).status_code == 302
    world.ip = there


async def test_g7_111_tries_are_limited_for_an_address_over_all_challenges(world):
    tries = 0
    for _ in range(4):
        world.time += 700
        browser = Browser(world)
        nonce = await open_form(world, browser)
        _, code, _ = await world.mailbox.next()
        for _ in range(PIN_TRIES):
            assert (await enter(world, browser, nonce, wrong(code))).status_code == 400
            tries += 1
    assert tries == pin_code.TRIES
    await enter_from_elsewhere(world)
    world.time += 100
    browser = Browser(world)
    nonce = await open_form(world, browser)
    _, code, _ = await world.mailbox.next()
    response = await enter(world, browser, nonce, code)
    assert response.status_code == 429
    assert response.headers["retry-after"]
    assert world.records[-1].refusal == "too_many"
    assert not browser.cookie(TEAM, "CF_Authorization")


async def test_g7_111_a_code_works_once(world, browser):
    nonce = await open_form(world, browser)
    _, code, _ = await world.mailbox.next()
    await enter(world, browser, nonce, code)
    response = await enter(world, browser, nonce, code)
    assert response.status_code == 400
    assert "This One-Time PIN has already been used" in response.text


async def test_g7_111_of_two_right_answers_at_once_one_counts(world, browser):
    nonce = await open_form(world, browser)
    _, code, _ = await world.mailbox.next()
    responses = await asyncio.gather(enter(world, browser, nonce, code), enter(world, browser, nonce, code))
    assert sorted(response.status_code for response in responses) == [302, 400]


async def test_g7_111_a_code_is_bound_to_its_browser(world, browser):
    nonce = await open_form(world, browser)
    _, code, _ = await world.mailbox.next()
    other = Browser(world)
    await open_form(world, other)
    assert (await enter(world, other, nonce, code)).status_code == 400
    assert (await enter(world, Browser(world), nonce, code)).status_code == 400
    assert (await enter(world, browser, nonce, code)).status_code == 302


async def test_g7_111_a_code_of_one_challenge_is_worthless_for_another(world, browser):
    other = Browser(world)
    await open_form(world, browser)
    _, code, _ = await world.mailbox.next()
    nonce = await open_form(world, other, email="boss@example.com")
    _, other_code, _ = await world.mailbox.next()
    assert code != other_code
    assert (await enter(world, other, nonce, code)).status_code == 400


async def test_g7_111_a_code_leads_to_the_application_it_was_asked_for(world, browser):
    nonce = await open_form(world, browser, path="/page")
    _, code, _ = await world.mailbox.next()
    response = await browser.post(
        world.origin(TEAM) + "/cdn-cgi/access/callback?kid=" + "b" * 64 + "&redirect_url=/other",
        {"code": code, "nonce": nonce},
    )
    assert response.headers["location"].startswith(world.origin(WIKI_HOST) + "/cdn-cgi/access/authorized?")


async def test_g7_111_only_the_newest_code_works(world, browser):
    first = await open_form(world, browser)
    _, code, _ = await world.mailbox.next()
    second = await open_form(world, browser)
    _, newer, _ = await world.mailbox.next()
    assert (await enter(world, browser, first, code)).status_code == 400
    assert (await enter(world, browser, second, newer)).status_code == 302


async def test_g7_113_an_expired_code_says_so_and_offers_another(world, browser):
    nonce = await open_form(world, browser)
    _, code, _ = await world.mailbox.next()
    world.time += PIN_LIFETIME
    response = await enter(world, browser, nonce, code)
    assert response.status_code == 400
    assert isinstance(world.shown, Problem)
    response = await browser.get(world.shown.action_url)
    _, newer, _ = await world.mailbox.next()
    assert (await enter(world, browser, parameter(response.headers["location"], "nonce"), newer)).status_code == 302


async def test_a_challenge_nobody_knows_leads_back_to_the_application_its_name_hints_at(world, browser):
    nonce = await open_form(world, browser)
    world.time += pin.REMEMBERED + PIN_LIFETIME
    assert (await enter(world, browser, nonce, "123456")).status_code == 400
    assert world.shown.action_url == world.origin(WIKI_HOST) + "/"
    for unknown in ("unknown", "", "x.y", "." + "f" * 16):
        assert (await enter(world, browser, unknown, "123456")).status_code == 400
        assert world.shown.action_url == ""


class TestResend:
    async def resend(self, browser, nonce, method="GET"):
        return await browser.ask(method, f"{browser.world.origin(TEAM)}/cdn-cgi/access/resend-code?nonce={nonce}")

    async def test_a_new_code_replaces_the_old_one(self, world, browser):
        nonce = await open_form(world, browser)
        _, code, _ = await world.mailbox.next()
        world.time += pin.RESEND_AFTER
        response = await self.resend(browser, nonce)
        assert response.status_code == 302
        _, newer, _ = await world.mailbox.next()
        assert (await enter(world, browser, nonce, code)).status_code == 400
        assert (await enter(world, browser, parameter(response.headers["location"], "nonce"), newer)).status_code == 302

    async def test_not_within_thirty_seconds(self, world, browser):
        nonce = await open_form(world, browser)
        await world.mailbox.next()
        world.time += pin.RESEND_AFTER - 1
        response = await self.resend(browser, nonce)
        assert response.status_code == 429
        assert isinstance(world.shown, EnterCode)
        assert await mails_waiting(world) == 0

    async def test_two_presses_at_once_send_one_mail(self, world, browser):
        nonce = await open_form(world, browser)
        await world.mailbox.next()
        world.time += pin.RESEND_AFTER
        responses = await asyncio.gather(*(self.resend(browser, nonce) for _ in range(3)))
        assert sorted(response.status_code for response in responses) == [302, 429, 429]
        await world.mailbox.next()
        assert await mails_waiting(world) == 0

    async def test_nobody_else_can_ask(self, world, browser):
        nonce = await open_form(world, browser)
        await world.mailbox.next()
        world.time += pin.RESEND_AFTER
        assert (await self.resend(Browser(world), nonce)).status_code == 400
        assert (await self.resend(browser, "unknown")).status_code == 400
        assert await mails_waiting(world) == 0

    async def test_head_sends_nothing(self, world, browser):
        nonce = await open_form(world, browser)
        await world.mailbox.next()
        world.time += pin.RESEND_AFTER
        assert (await self.resend(browser, nonce, "HEAD")).status_code == 302
        assert await mails_waiting(world) == 0

    async def test_a_used_code_is_not_sent_again(self, world, browser):
        nonce = await open_form(world, browser)
        _, code, _ = await world.mailbox.next()
        await enter(world, browser, nonce, code)
        world.time += pin.RESEND_AFTER
        assert (await self.resend(browser, nonce)).status_code == 400

    async def test_an_unknown_address_looks_the_same(self, world, browser):
        nonce = await open_form(world, browser, email="ada@elsewhere.test")
        world.time += pin.RESEND_AFTER
        assert (await self.resend(browser, nonce)).status_code == 302
        assert await mails_waiting(world) == 0


class TestMailedLink:
    async def test_g7_112_fetching_the_link_uses_nothing_up(self, world, browser):
        nonce = await open_form(world, browser)
        _, code, link = await world.mailbox.next()
        scanner = Browser(world, headers={})
        for method in ("HEAD", "GET", "GET"):
            await scanner.ask(method, link)
        for _ in range(PIN_TRIES + 1):
            response = await browser.get(link)
            assert response.status_code == 200
        assert isinstance(world.shown, ConfirmCode)
        assert (world.shown.nonce, world.shown.code) == (nonce, code)
        assert not browser.cookie(TEAM, "CF_Authorization")
        response = await browser.post(world.origin(TEAM) + world.shown.action, {"nonce": nonce, "code": code})
        assert response.status_code == 302

    async def test_g7_112_in_another_browser_it_sends_people_back_and_shows_nothing(self, world, browser):
        await open_form(world, browser)
        _, code, link = await world.mailbox.next()
        response = await Browser(world).get(link)
        assert response.status_code == 400
        assert world.shown.title == "Use the browser you started in"
        assert code not in response.text
        assert "ada@example.com" not in response.text

    async def test_used_and_expired_links_say_so(self, world, browser):
        nonce = await open_form(world, browser)
        _, code, link = await world.mailbox.next()
        await enter(world, browser, nonce, code)
        assert "already been used" in (await browser.get(link)).text
        other = Browser(world)
        await open_form(world, other)
        _, _, link = await world.mailbox.next()
        world.time += PIN_LIFETIME
        assert (await other.get(link)).status_code == 400
        assert "no longer valid" in world.shown.title

    async def test_a_link_whose_code_was_cut_off_asks_for_it(self, world, browser):
        nonce = await open_form(world, browser)
        response = await browser.team(f"/callback?nonce={nonce}&code=12")
        assert response.status_code == 200
        assert isinstance(world.shown, EnterCode)


class TestLimits:
    async def test_g7_111_a_stranger_cannot_use_up_somebodys_mails(self, world):
        for _ in range(pin.MAILS):
            assert (await ask(world, Browser(world))).status_code == 302
        assert (await ask(world, Browser(world))).status_code == 429
        world.ip = "203.0.113.99"
        assert (await ask(world, Browser(world))).status_code == 302

    async def test_g7_111_an_address_gets_thirty_mails_in_ten_minutes_whoever_asks(self, world):
        for number in range(pin.ALL_MAILS):
            world.ip = f"203.0.113.{number}"
            assert (await ask(world, Browser(world))).status_code == 302
        world.ip = "203.0.113.99"
        response = await ask(world, Browser(world))
        assert response.status_code == 429
        assert response.headers["retry-after"]
        assert (await ask(world, Browser(world), email="boss@example.com")).status_code == 302
        world.time += pin.MAIL_WINDOW
        assert (await ask(world, Browser(world))).status_code == 302

    async def test_g7_111_an_address_without_mail_is_limited_just_the_same(self, world):
        for _ in range(pin.MAILS):
            assert (await ask(world, Browser(world), email="ada@elsewhere.test")).status_code == 302
        assert (await ask(world, Browser(world), email="ada@elsewhere.test")).status_code == 429

    async def test_g7_106_one_address_is_one_bucket_however_it_is_written(self, world):
        for email in ("ada@example.com", "ADA@example.com", " ada@EXAMPLE.com ", "Ada@Example.Com", "aDA@example.com"):
            assert (await ask(world, Browser(world), email=email)).status_code == 302
        assert (await ask(world, Browser(world), email="adA@example.com")).status_code == 429

    @pytest.mark.parametrize(
        "addresses", [["203.0.113.7"], ["2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:1:ffff::3"]]
    )
    async def test_g7_111_a_client_asks_for_twenty_in_ten_minutes(self, world, addresses):
        world.change(WIKI, policies=(policy("allow", {"email": {"email": "nobody@example.com"}}),))
        for number in range(pin.CLIENT_MAILS):
            world.ip = addresses[number % len(addresses)]
            assert (await ask(world, Browser(world), email=f"person{number}@example.com")).status_code == 302
        assert (await ask(world, Browser(world), email="another@example.com")).status_code == 429
        world.ip = "2001:db8:0:2::1"
        assert (await ask(world, Browser(world), email="another@example.com")).status_code == 302


class TestForm:
    @pytest.mark.parametrize(
        "email",
        [
            "", "ada", "ada@", "@example.com", "ada@evil.test@example.com", '"ada@example.com"@evil.test', "ada @example.com",
            "ada@example.com\r\nBcc: x@evil.test", "ada@example.com,x@evil.test", "mar\u212a@example.com", "a" * 300 + "@example.com",
        ],
    )  # fmt: skip
    async def test_g7_105_what_is_no_address_is_asked_for_again(self, world, browser, email):
        response = await ask(world, browser, email=email)
        assert response.status_code == 400
        assert isinstance(world.shown, Chooser)
        assert world.shown.error
        assert world.shown.pin_form.email == email
        assert await mails_waiting(world) == 0

    @pytest.mark.parametrize(
        "headers",
        [
            {"origin": "https://evil.test", "sec-fetch-site": "cross-site"},
            {"origin": "https://wiki.example.com", "sec-fetch-site": "same-site"},
            {"origin": "null", "sec-fetch-site": "cross-site"},
        ],
    )
    async def test_g7_97_a_form_on_another_site_asks_for_nothing(self, world, browser, headers):
        await browser.get(world.door(browser, WIKI, WIKI_HOST))
        action = world.origin(TEAM) + world.shown.pin_form.action
        response = await browser.post(action, {"email": "ada@example.com"}, headers=headers)
        assert response.status_code == 400
        assert await mails_waiting(world) == 0

    @pytest.mark.parametrize("public", BOTH, indirect=True)
    async def test_g7_97_nor_in_a_browser_that_says_only_the_origin(self, world):
        old = Browser(world, headers={})
        await old.get(world.door(old, WIKI, WIKI_HOST))
        action = world.origin(TEAM) + world.shown.pin_form.action
        for origin in ("https://evil.test", "null", world.origin(WIKI_HOST)):
            response = await old.post(action, {"email": "ada@example.com"}, headers={"origin": origin})
            assert response.status_code == 400
        assert (await old.post(action, {"email": "ada@example.com"})).status_code == 302

    async def test_g7_97_a_code_from_another_site_signs_nobody_in(self, world, browser):
        nonce = await open_form(world, browser)
        _, code, _ = await world.mailbox.next()
        response = await browser.post(
            world.origin(TEAM) + "/cdn-cgi/access/callback",
            {"code": code, "nonce": nonce},
            headers={"origin": "https://evil.test", "sec-fetch-site": "cross-site"},
        )
        assert response.status_code == 400
        assert (await enter(world, browser, nonce, code)).status_code == 302

    async def test_without_the_session_cookie_nothing_is_sent(self, world, browser):
        await browser.get(world.door(browser, WIKI, WIKI_HOST))
        browser.jar.clear()
        response = await browser.post(world.origin(TEAM) + world.shown.pin_form.action, {"email": "ada@example.com"})
        assert response.status_code == 400
        assert "Invalid session. Please try logging in again" in response.text
        assert await mails_waiting(world) == 0

    async def test_an_old_form_starts_at_the_application(self, world, browser):
        await browser.get(world.door(browser, WIKI, WIKI_HOST, "/page"))
        action = world.origin(TEAM) + world.shown.pin_form.action
        world.time += 3600
        response = await browser.post(action, {"email": "ada@example.com"})
        assert response.headers["location"] == world.origin(WIKI_HOST) + "/page"

    async def test_an_application_without_one_time_pins_sends_none(self, world, browser):
        await browser.get(world.door(browser, WIKI, WIKI_HOST))
        action = world.origin(TEAM) + world.shown.pin_form.action
        assert (await browser.post(action, {"email": "a@example.com", "connector_id": COMPANY})).status_code == 400
        world.change(WIKI, allowed_idps=(COMPANY,))
        assert (await browser.post(action, {"email": "a@example.com"})).status_code == 400
        assert await mails_waiting(world) == 0

    async def test_g7_100_two_addresses_are_refused(self, world, browser):
        await browser.get(world.door(browser, WIKI, WIKI_HOST))
        action = world.origin(TEAM) + world.shown.pin_form.action
        response = await browser.ask("POST", action, form={"email": ["ada@example.com", "x@evil.test"]})
        assert response.status_code == 400
        assert await mails_waiting(world) == 0

    async def test_the_application_or_the_method_removed_meanwhile_gives_a_page(self, world, browser):
        nonce = await open_form(world, browser)
        _, code, _ = await world.mailbox.next()
        world.change(WIKI, allowed_idps=(COMPANY,))
        assert (await enter(world, browser, nonce, code)).status_code == 400
        world.applications = world.applications[1:]
        assert (await enter(world, browser, nonce, code)).status_code == 400
        assert not browser.cookie(TEAM, "CF_Authorization")

    @pytest.mark.parametrize("public", BOTH, indirect=True)
    async def test_the_page_may_end_at_the_application_and_nowhere_else(self, world, browser):
        await browser.get((await ask(world, browser)).headers["location"])
        response = await browser.get(world.door(browser, WIKI, WIKI_HOST))
        policy = response.headers["content-security-policy"]
        assert f"form-action 'self' {world.origin(WIKI_HOST)};" in policy


async def test_a_mail_server_that_refuses_shows_the_same_page(world, browser):
    world.mailbox.refuse = True
    nonce = await open_form(world, browser)
    await asyncio.sleep(0.3)
    assert (await enter(world, browser, nonce, "000000")).status_code == 400


async def test_no_mail_server_shows_the_same_page(world, browser):
    world.services.settings.mail = None
    await open_form(world, browser)
    assert await mails_waiting(world) == 0
