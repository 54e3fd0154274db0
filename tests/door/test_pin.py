"""The one-time PIN (access.md 6.4) over real SMTP."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from tests.door.house import TEAM
from tests.door.mailbox import text_of
from tests.door.markup import forms_of
from tests.door.running import claims_of, eventually
from tests.door.visitor import Visitor, set_cookies, unseen_path

pytestmark = pytest.mark.edge

HOST = "pin.localhost"


async def asked(visitor, address, path="/", host=HOST):
    """The page that waits for the code."""
    page = await visitor.open(host, path)
    assert 'id="totp-form"' in page.text
    return await visitor.submit(page, {"email": address})


async def test_a_code_from_the_mail_lets_in(house, visitor):
    path = unseen_path() + "?a=b"
    page = await asked(visitor, "pia@example.test", path)
    assert page.status_code == 200
    assert page.url.host == TEAM
    code = await house.mailbox.code_for("pia@example.test")
    arrived = await visitor.submit(page, {"code": code})
    assert arrived.status_code == 200
    assert house.reached(path)
    assert house.at_origin(path).get("cf-access-authenticated-user-email") == "pia@example.test"
    callback = next(one for one in reversed(visitor.trail) if "/callback" in str(one.url))
    assert (callback.request.method, callback.status_code) == ("POST", 302)
    device = set_cookies(callback)["CF_Device"]
    assert (device["samesite"], device["max-age"]) == ("Strict", str(30 * 86400))
    assert "httponly" in device
    assert "CF_Authorization" in set_cookies(callback)
    identity = (await visitor.team("/get-identity")).json()
    assert identity["idp"]["type"] == "onetimepin"
    assert claims_of(visitor.cookie(HOST))["email"] == "pia@example.test"


async def test_the_addresses_of_the_flow(house, visitor):
    page = await visitor.open(HOST)
    form = next(form for form in forms_of(page.text) if "/verify-code/" in form.action)
    assert urlsplit(form.action).path == f"/cdn-cgi/access/verify-code/{HOST}"
    assert form.method == "POST"
    waiting = await visitor.submit(page, {"email": "flo@example.test"})
    (typed,) = [form for form in forms_of(waiting.text) if "code" in form.fields]
    assert urlsplit(typed.action).path == "/cdn-cgi/access/callback"
    assert "nonce" in typed.fields
    assert "nonce=" in str(waiting.url)


async def test_a_wrong_code_may_be_corrected(house, visitor):
    page = await asked(visitor, "willy@example.test")
    code = await house.mailbox.code_for("willy@example.test")
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    page = await visitor.submit(page, {"code": wrong})
    assert page.status_code == 400
    assert "CF_Authorization" not in set_cookies(page)
    assert (await visitor.submit(page, {"code": code})).headers["x-origin"] == "/"


async def test_a_code_works_once(house, visitor):
    page = await asked(visitor, "once@example.test")
    code = await house.mailbox.code_for("once@example.test")
    await visitor.submit(page, {"code": code})
    again = await visitor.submit(page, {"code": code})
    assert again.status_code == 400
    assert "already been used" in again.text


async def test_a_code_is_for_the_browser_that_asked(house, visitor):
    page = await asked(visitor, "browser@example.test")
    code = await house.mailbox.code_for("browser@example.test")
    async with Visitor(house) as thief:
        await thief.open(HOST)
        stolen = await thief.submit(page, {"code": code})
    assert stolen.status_code == 400
    assert not thief.cookie(TEAM)


async def test_a_newer_code_replaces_the_one_before(house, visitor):
    page = await asked(visitor, "newer@example.test")
    first = await house.mailbox.code_for("newer@example.test")
    again = await asked(visitor, "newer@example.test")
    second = await house.mailbox.code_for("newer@example.test", 2)
    assert (await visitor.submit(page, {"code": first})).status_code == 400
    assert (await visitor.submit(again, {"code": second})).status_code == 200


async def test_asking_again_at_once_says_how_long_to_wait(house, visitor):
    page = await asked(visitor, "again@example.test")
    await house.mailbox.code_for("again@example.test")
    resend = re.search(r'(?:href|action)="([^"]*resend-code[^"]*)"', page.text).group(1).replace("&amp;", "&")
    assert urlsplit(resend).path == "/cdn-cgi/access/resend-code"
    answer = await visitor.ask("GET", f"{house.issuer}{resend}")
    assert answer.status_code == 429
    assert len(house.mailbox.to("again@example.test")) == 1


async def test_an_address_that_may_not_enter_gets_the_same_page_and_no_mail(house, visitor):
    known = await asked(visitor, "somebody@example.test")
    await house.mailbox.code_for("somebody@example.test")
    async with Visitor(house) as other:
        unknown = await asked(other, "somebody@elsewhere.test")
    assert unknown.status_code == known.status_code == 200

    def shape(page):
        return re.sub(r"somebody@[a-z]+\.test|[A-Za-z0-9_\-]{20,}(?:\.[0-9a-f]+)?|[0-9a-f]{16}", "…", page.text)

    assert shape(unknown) == shape(known)
    assert house.mailbox.to("somebody@elsewhere.test") == []


async def test_g7_112_the_link_in_the_mail_uses_nothing_up(house, visitor):
    """Mail scanners fetch every link (docs/attacks.md, 112)."""
    page = await asked(visitor, "scanned@example.test")
    code = await house.mailbox.code_for("scanned@example.test")
    link = re.search(r"http://\S+/cdn-cgi/access/callback\?\S+", text_of(house.mailbox.to("scanned@example.test")[0]))
    async with Visitor(house, headers={"user-agent": "scanner"}) as scanner:
        for method in ("HEAD", "GET", "GET"):
            answer = await scanner.ask(method, link.group())
            assert "CF_Authorization" not in set_cookies(answer)
    confirm = await visitor.ask("GET", link.group())
    assert confirm.status_code == 200
    assert "CF_Authorization" not in set_cookies(confirm)
    assert code in confirm.text
    assert (await visitor.submit(page, {"code": code})).status_code == 200


async def test_the_button_behind_the_link_signs_in(house, visitor):
    await asked(visitor, "button@example.test")
    await house.mailbox.code_for("button@example.test")
    link = re.search(r"http://\S+/cdn-cgi/access/callback\?\S+", text_of(house.mailbox.to("button@example.test")[0]))
    confirm = await visitor.ask("GET", link.group())
    assert (await visitor.submit(confirm, {})).headers["x-origin"] == "/"


@pytest.mark.parametrize("address", ["", "nobody", "a@b@c", "x" * 300 + "@example.test"])
async def test_what_is_no_address_is_said_to_be_none(house, visitor, address):
    page = await visitor.open(HOST)
    answer = await visitor.submit(page, {"email": address})
    assert answer.status_code == 400
    assert 'id="totp-form"' in answer.text


async def test_the_login_is_recorded_and_the_code_is_not(house, visitor):
    page = await asked(visitor, "record@example.test")
    code = await house.mailbox.code_for("record@example.test")
    await visitor.submit(page, {"code": code})
    await eventually(lambda: "record@example.test" in house.door.log.read_text())
    lines = [line for line in house.door.log.read_text().splitlines() if "record@example.test" in line]
    assert any('"kind": "login"' in line and '"outcome": "allow"' in line for line in lines)
    assert not any(re.search(rf"\b{code}\b", re.sub(r"\.\d{6}Z?", "", line)) for line in lines)
