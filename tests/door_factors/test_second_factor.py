"""Second factors through the real Envoy: what is asked, when a token ends, and what the operator takes away (access.md 4.7)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sqlite3
import time

import httpx
import pytest
from pyotp import TOTP
from tests.door.house import TEAM
from tests.door.running import claims_of, eventually
from tests.door.visitor import Visitor
from tests.second_factor.house import CODES, MOMENT, PASSKEYS, PLAIN

pytestmark = pytest.mark.edge
FACTOR = "/cdn-cgi/access/factor/"


def secret_of(page: httpx.Response) -> str:
    found = re.search(r"<code>([A-Z2-7 ]{39})</code>", page.text)
    assert found is not None, page.text
    return found.group(1).replace(" ", "")


async def commanded(house, *arguments):
    done = await asyncio.to_thread(house.door.run, *arguments)
    assert done.returncode == 0, done.stderr
    return done


async def afresh(house, who):
    """Without an authenticator and without limits from the test before."""
    await asyncio.to_thread(house.door.run, "factors", "remove", f"{who}@example.test")


async def recorded(house) -> list[dict]:
    """Every record, the newest first, once the one that was made last is written."""

    def read() -> list[dict]:
        with contextlib.closing(sqlite3.connect(house.door.folder / "state" / "doorward.db")) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute("select * from decisions order by id desc")]

    await eventually(lambda: any(one["outcome"] == "shown" for one in read()))
    await eventually(lambda: read()[0]["kind"] != "factor")
    return read()


async def set_up(visitor: Visitor, host: str = CODES, who: str = "alice") -> str:
    """Sign in, set up an app, and enter."""
    await afresh(visitor.house, who)
    page = await visitor.sign_in(host, who=who)
    assert "Set up an authenticator app" in page.text, page.text
    secret = secret_of(page)
    page = await visitor.submit(page, {"code": TOTP(secret).now()})
    assert "Keep these codes" in page.text
    (link,) = re.findall(r'href="([^"]+/factor/[^"]+)"', page.text)
    page = await visitor.follow(await visitor.ask("GET", link.replace("&amp;", "&")))
    assert page.status_code == 200
    assert visitor.cookie(host)
    return secret


async def test_nobody_gets_to_the_origin_before_the_second_factor(house, visitor):
    await afresh(house, "alice")
    page = await visitor.sign_in(CODES, "/before/it")
    assert str(page.url).startswith(house.url(TEAM, FACTOR))
    assert not visitor.cookie(CODES)
    assert not house.all_at_origin("/before/it")
    again = await visitor.get(CODES, "/before/it")
    assert again.status_code == 302


async def test_the_token_ends_with_the_second_factor_and_the_fast_path_with_it(visitor):
    await set_up(visitor)
    token = claims_of(visitor.cookie(CODES))
    assert token["exp"] - token["iat"] <= 2 * 3600
    assert (await visitor.get(CODES, "/fast")).status_code == 200


async def test_g7_110_when_it_is_over_the_token_is_refused_and_nothing_is_issued_in_silence(house, visitor):
    """The session lives for a day; the second factor counted for a minute."""
    await set_up(visitor, MOMENT)
    token = claims_of(visitor.cookie(MOMENT))
    assert (await visitor.get(MOMENT)).status_code == 200
    await asyncio.sleep(max(0, token["exp"] - time.time()))
    page = await eventually_asked(visitor)
    assert str(page.url).startswith(house.url(TEAM, FACTOR)), "no login: the question again"
    assert "Show that it is you" in page.text


async def eventually_asked(visitor: Visitor) -> httpx.Response:
    for _ in range(100):
        page = await visitor.open(MOMENT)
        if FACTOR in str(page.url):
            return page
        await asyncio.sleep(0.1)
    raise AssertionError("the token still opens the door")


async def test_g7_110_a_login_for_an_application_that_wants_none_does_not_open_one_that_does(house, visitor):
    await afresh(house, "bob")
    await visitor.sign_in(PLAIN, who="bob")
    token = visitor.cookie(PLAIN)
    assert token
    page = await visitor.open(PASSKEYS)
    assert str(page.url).startswith(house.url(TEAM, FACTOR))
    answer = await visitor.get(PASSKEYS, headers={"cookie": f"CF_Authorization={token}"})
    assert answer.status_code == 302


async def test_a_second_browser_shows_it_and_the_decision_can_be_explained(house, visitor):
    secret = await set_up(visitor)
    async with Visitor(house) as other:
        page = await other.sign_in(CODES)
        assert "Show that it is you" in page.text
        wrong = await other.submit(page, {"code": "000000"})
        assert wrong.status_code == 400
        page = await other.submit(wrong, {"code": TOTP(secret).at(int(time.time()) + 30)})
        assert page.status_code == 200
        assert other.cookie(CODES)
    records = await recorded(house)
    allowed = next(one for one in records if one["kind"] == "login" and one["outcome"] == "allow")
    done = await commanded(house, "explain", allowed["reference"])
    assert "a code of an authenticator app was shown" in done.stdout
    assert [one["outcome"] for one in records if one["kind"] == "factor"][:2] == ["shown", "wrong"]
    assert secret not in json.dumps(records)


async def test_what_the_operator_removes_ends_at_once_and_is_set_up_anew(house, visitor):
    await set_up(visitor, who="bob")
    listed = json.loads((await commanded(house, "factors", "list", "bob@example.test", "--json")).stdout)
    (factor,) = listed["factors"]
    assert (factor["type"], listed["recovery_codes_left"]) == ("totp", 8)
    done = await commanded(house, "factors", "remove", "bob@example.test", factor["id"], "--json")
    told = json.loads(done.stdout)
    assert told["removed"] == 1
    assert told["revoked"]["sessions"] >= 1
    assert (await visitor.get(CODES)).status_code == 302
    page = await visitor.sign_in(CODES, who="bob")
    assert "Set up an authenticator app" in page.text


async def test_a_demand_that_is_made_stricter_concerns_tokens_that_are_out_already(house, visitor):
    await afresh(house, "alice")
    await visitor.sign_in(PLAIN)
    assert (await visitor.get(PLAIN)).status_code == 200
    before = house.door.configuration.read_text()
    wide = before.replace(
        "  session_duration: 24h\n", "  session_duration: 24h\n  mfa_required_for_all_apps: true\n", 1
    )
    assert wide != before
    try:
        await house.door.reload(wide)
        page = await strict(visitor)
        assert str(page.url).startswith(house.url(TEAM, FACTOR))
    finally:
        await house.door.reload(before)
        await again_plain(visitor)


async def strict(visitor: Visitor) -> httpx.Response:
    for _ in range(300):
        page = await visitor.open(PLAIN)
        if FACTOR in str(page.url):
            return page
        await asyncio.sleep(0.1)
    raise AssertionError("the old token still opens the door")


async def again_plain(visitor: Visitor) -> None:
    for _ in range(300):
        if (await visitor.open(PLAIN)).url.host == PLAIN:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the demand is still there")
