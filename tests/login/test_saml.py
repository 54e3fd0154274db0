"""Answers of SAML providers, kept until the browser comes back: anybody may send one, so there is only so much room."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text
from tests.login.world import COMPANY, TEAM, WIKI, Browser

from doorward.login import saml
from doorward.organization import IdentityProvider
from doorward.store.kept_requests import Space

ELSEWHERE = {"origin": "https://idp.example.org", "sec-fetch-site": "cross-site"}


@pytest.fixture
async def button(world, browser):
    """Where a login with the SAML provider begins; whoever has it may begin as many as they like."""
    world.identity_providers[COMPANY] = IdentityProvider(id=COMPANY, name="Company", type="saml")
    await browser.get(world.door(browser, WIKI, "wiki.example.com"))
    return world.origin(TEAM) + world.shown.methods[0].url


async def sent(world, button, size=500):
    """Begin a login and send an answer to it, each time as a browser that nobody knows."""
    begun = await Browser(world).get(button)
    (state,) = parse_qs(urlsplit(begun.headers["location"]).query)["state"]
    form = {"SAMLResponse": "A" * size, "RelayState": state}
    return await Browser(world).post(world.origin(TEAM) + "/cdn-cgi/access/callback", form, headers=ELSEWHERE)


async def statuses(world, button, times, size=500):
    return [(await sent(world, button, size)).status_code for _ in range(times)]


async def kept(world):
    count = text("SELECT count(*) FROM saml_answers")
    return await world.store._database.read(lambda connection: connection.execute(count).scalar_one())


async def test_an_answer_is_kept_and_the_browser_comes_back(world, button):
    response = await sent(world, button)
    assert response.status_code == 303
    assert response.headers["location"].startswith(world.origin(TEAM) + "/cdn-cgi/access/callback?state=")
    assert await kept(world) == 1


async def test_the_largest_answer_has_room_after_encryption(world, button):
    assert await statuses(world, button, 1, 1_590_000) == [303]


async def test_g8_127_a_stranger_does_not_fill_the_database_with_answers(world, button):
    answers = await statuses(world, button, 60, 65_536)
    room = saml.SPACE.of_client // (65_536 * 4 // 3)
    assert answers == [303] * (room - 1) + [429] * (61 - room)
    assert await kept(world) == room - 1
    assert (world.shown.status, world.shown.title) == (429, "Too many logins at once")
    assert world.records[-1].refusal == "too_many_answers"


async def test_g8_127_somebody_elsewhere_still_signs_in_and_so_does_the_client_later(world, button, monkeypatch):
    monkeypatch.setattr(saml, "SPACE", Space(of_client=2000, in_all=10_000))
    assert await statuses(world, button, 3) == [303, 303, 429]
    world.ip = "203.0.113.8"
    assert await statuses(world, button, 1) == [303]
    world.ip = "203.0.113.7"
    world.time += saml.WINDOW
    assert await statuses(world, button, 1) == [303]


@pytest.mark.parametrize(
    ("addresses", "answers"),
    [
        (["2001:db8::1", "2001:db8::2:3", "2001:db8:0:0:ffff::"], [303, 303, 429]),
        (["2001:db8::1", "2001:db8::2:3", "2001:db8:0:1::"], [303, 303, 303]),
    ],
)
async def test_g8_127_an_ipv6_network_is_one_client(world, button, monkeypatch, addresses, answers):
    monkeypatch.setattr(saml, "SPACE", Space(of_client=2000, in_all=10_000))
    seen = []
    for world.ip in addresses:
        seen += await statuses(world, button, 1)
    assert seen == answers


async def test_g8_127_many_addresses_together_do_not_fill_it_either(world, button, monkeypatch):
    monkeypatch.setattr(saml, "SPACE", Space(of_client=2000, in_all=3000))
    answers = []
    for number in range(5):
        world.ip = f"203.0.113.{number}"
        answers += await statuses(world, button, 1)
    assert answers == [303, 303, 303, 503, 503]
    assert (world.shown.status, world.shown.title) == (503, "Too many logins at once")
    assert await kept(world) == 3


async def test_g8_127_small_answers_are_counted(world, button, monkeypatch):
    monkeypatch.setattr(saml, "ANSWERS", 2)
    response = [await sent(world, button, 1) for _ in "123"]
    assert [one.status_code for one in response] == [303, 303, 429]
    assert response[2].headers["retry-after"] == str(saml.WINDOW)
    assert await kept(world) == 2


async def test_g8_127_of_large_ones_there_may_be_fewer(world, button, monkeypatch):
    monkeypatch.setattr(saml, "LARGE_ANSWERS", 1)
    assert await statuses(world, button, 2, saml.LARGE + 1) == [303, 429]
    assert await statuses(world, button, 1, saml.LARGE) == [303]


@pytest.mark.parametrize(
    ("value", "status"), [("%41" * 22_000, 400), ("A" * 60_000 + "%0D%0A" * 1000, 303), ("%41" * 20_000, 303)]
)
async def test_g8_127_a_large_form_of_nothing_but_escapes_is_not_decoded(world, button, value, status):
    begun = await Browser(world).get(button)
    (state,) = parse_qs(urlsplit(begun.headers["location"]).query)["state"]
    headers = {"content-type": "application/x-www-form-urlencoded"} | ELSEWHERE
    body = f"RelayState={state}&SAMLResponse={value}".encode()
    url = world.origin(TEAM) + "/cdn-cgi/access/callback"
    assert (await Browser(world).ask("POST", url, body=body, headers=headers)).status_code == status
