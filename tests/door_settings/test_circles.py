"""Somebody whose browser does not bring back what it was given is told so, and what to do, in place of spinning."""

from __future__ import annotations

import asyncio
import re

import pytest
from tests.door.markup import links_of
from tests.door.visitor import location, set_cookies, unseen_path

pytestmark = pytest.mark.edge


def without(visitor, host, *names):
    """Take cookies of a host out of the jar, as a browser does that refuses them."""
    jar = visitor.client.cookies.jar
    for cookie in [one for one in jar if one.domain == host and one.name in names]:
        jar.clear(cookie.domain, cookie.path, cookie.name)


async def until_it_ends(visitor, host, path, each):
    """Follow redirects; ``each`` is done to the jar before every request. The page, and how many redirects it took."""
    response = await visitor.get(host, path)
    for redirects in range(20):
        target = location(response)
        if not target:
            return response, redirects
        each()
        response = await visitor.ask("GET", target)
    raise AssertionError(f"it spins: {[str(one.url) for one in visitor.trail[-8:]]}")


async def test_a_browser_that_does_not_keep_the_cookie_is_told_so(house, visitor):
    await visitor.sign_in("shop.localhost")
    path = unseen_path() + "?a=b"
    page, redirects = await until_it_ends(
        visitor, "round.localhost", path, lambda: without(visitor, "round.localhost", "CF_Authorization")
    )
    assert (page.status_code, redirects) == (400, 9)
    assert page.headers["content-type"].startswith("text/html")
    assert "did not send the cookie" in page.text
    assert "Allow cookies for this site" in page.text
    assert page.headers["cf-access-error"] == "1"
    assert not house.reached(path)
    assert house.url("round.localhost", path) in links_of(page.text)
    (reference,) = re.findall(r"<code>([0-9a-f]{16})</code>", page.text)
    explained = house.door.run("explain", reference)
    assert "again and again" in explained.stdout, explained.stderr


async def test_the_page_leads_on_and_once_the_browser_keeps_the_cookie_all_is_well(house, visitor):
    await visitor.sign_in("shop.localhost")
    path = unseen_path()
    page, _ = await until_it_ends(
        visitor, "round.localhost", path, lambda: without(visitor, "round.localhost", "CF_Authorization")
    )
    assert page.status_code == 400
    (again,) = [link for link in links_of(page.text) if link.endswith(path)]
    assert [name for name, one in set_cookies(page).items() if one["max-age"] == "0"] == [
        name for name in set_cookies(page) if name.startswith("CF_Rounds_")
    ]
    assert (await visitor.follow(await visitor.ask("GET", again))).status_code == 200
    assert house.reached(path)


async def test_two_cookies_that_contradict_each_other_are_named_as_the_reason(house, visitor):
    """One is left from a time when the cookie was for a path. Both are good tokens, so neither counts."""
    await visitor.sign_in("shop.localhost")
    await visitor.open("again.localhost")
    left = visitor.cookie("again.localhost")
    without(visitor, "again.localhost", "CF_Authorization")
    await visitor.open("again.localhost")
    assert visitor.cookie("again.localhost") != left
    visitor.client.cookies.set("CF_Authorization", left, domain="again.localhost", path="/page")
    path = unseen_path()
    page, redirects = await until_it_ends(visitor, "again.localhost", path, lambda: None)
    assert (page.status_code, redirects) == (400, 9)
    assert "more than one cookie" in page.text
    assert not house.reached(path)


async def test_the_missing_second_cookie_is_named_as_the_reason(house, visitor):
    await visitor.sign_in("shop.localhost")
    page, redirects = await until_it_ends(
        visitor, "bound.localhost", unseen_path(), lambda: without(visitor, "bound.localhost", "CF_Binding")
    )
    assert (page.status_code, redirects) == (400, 9)
    assert "second cookie" in page.text


async def test_a_cookie_that_cannot_be_read_is_no_circle_but_an_error_at_once(visitor):
    await visitor.sign_in("shop.localhost")
    response = await visitor.get("round.localhost", "/", headers={"cookie": "nameless"})
    assert response.status_code == 302


async def test_ten_tabs_and_people_who_come_back_are_no_circle(house, visitor):
    await visitor.sign_in("shop.localhost")
    paths = [unseen_path() for _ in range(6)]
    pages = await asyncio.gather(*(visitor.open("plain.localhost", path) for path in paths))
    assert [page.status_code for page in pages] == [200] * 6
    for _ in range(2):
        without(visitor, "plain.localhost", "CF_Authorization")
        assert (await visitor.open("plain.localhost", paths[0])).status_code == 200


async def test_the_note_never_opens_anything(house, visitor):
    path = unseen_path()
    for value in ("1-0-" + "0" * 16, "9999999999-9-" + "0" * 16, "x"):
        visitor.client.cookies.set("CF_Rounds_" + "0" * 8, value, domain="round.localhost")
        assert (await visitor.get("round.localhost", path)).status_code == 302
    assert not house.reached(path)


async def test_a_browser_that_keeps_no_cookie_at_all_does_not_even_go_round_once(house, visitor):
    await visitor.sign_in("shop.localhost")
    jar = visitor.client.cookies.jar

    def forget():
        for cookie in [one for one in jar if one.domain == "round.localhost"]:
            jar.clear(cookie.domain, cookie.path, cookie.name)

    page, redirects = await until_it_ends(visitor, "round.localhost", unseen_path(), forget)
    assert (page.status_code, redirects) == (400, 2)
    assert "Your browser sent no cookie that can be read" in page.text


async def test_the_note_stays_at_the_door_where_the_door_is_asked(house, visitor):
    path = unseen_path()
    cookies = "CF_Rounds_00000000=1-0-0000000000000000; other=1; cf.rounds_1=x"
    assert (await visitor.get("open.localhost", path, headers={"cookie": cookies})).status_code == 200
    assert house.at_origin(path).get("cookie") == "other=1"
