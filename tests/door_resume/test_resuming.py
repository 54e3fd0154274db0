"""A form that met an ended session, through a real Envoy to a real application (docs/sessions.md)."""

from __future__ import annotations

import asyncio
import contextlib
from urllib.parse import urlsplit

import httpx
import pytest
from tests.connection import connected
from tests.door.house import TEAM
from tests.door.markup import forms_of
from tests.door.visitor import Visitor, location, origin_of, unseen_path

from doorward.resumption import LONGEST_BODY

pytestmark = pytest.mark.edge

FORM = "application/x-www-form-urlencoded"


def of_page(house, host, **changes):
    """What a browser says of a form that stood on the application's own page."""
    return {"origin": house.url(host, ""), "sec-fetch-site": "same-origin", "content-type": FORM} | changes


async def send(visitor, host, path, body=b"title=Caf%C3%A9&text=one%0D%0Atwo", **changes):
    house = visitor.house
    return await visitor.ask("POST", house.url(host, path), content=body, headers=of_page(house, host, **changes))


async def keep(visitor, response, body=b"title=Caf%C3%A9&text=one%0D%0Atwo", **changes):
    """Send it once more, as 307 has browsers do; the answer of the place where it is kept."""
    host = urlsplit(location(response)).hostname
    headers = of_page(visitor.house, host, **changes)
    return await visitor.ask("POST", location(response), content=body, headers=headers)


async def sign_in(visitor, response):
    """From the answer that keeps a form to the page that sends it."""
    page = await visitor.follow(response)
    form = await visitor.choose_directory(page) if urlsplit(str(page.url)).hostname == TEAM else page
    return await visitor.submit(form, {"sub": "alice"})


async def press(visitor, page):
    """The button: the form goes to us, which sends the browser with it to where it was sent first."""
    (form,) = forms_of(page.text)
    there = visitor.house.url(urlsplit(str(page.url)).hostname, form.action)
    headers = {"origin": origin_of(there), "sec-fetch-site": "same-origin"}
    fields = {name: value.replace("\n", "\r\n") for name, value in form.fields.items()}  # as browsers send line ends
    first = await visitor.ask("POST", there, data=fields, headers=headers)
    if first.status_code != 307:
        return first
    return await visitor.ask("POST", location(first), data=fields, headers=headers)


async def test_what_was_entered_reaches_the_application_after_the_login(house, visitor):
    path = unseen_path() + "?page=1"
    response = await send(visitor, "wiki.localhost", path)
    assert response.status_code == 307
    assert location(response).startswith(house.url("wiki.localhost", "/cdn-cgi/access/resume?"))
    assert not house.reached(path)
    page = await sign_in(visitor, await keep(visitor, response))
    assert "Did you enter this?" in page.text
    assert not house.reached(path)
    done = await press(visitor, page)
    assert done.status_code == 200
    request = house.at_origin(path)
    assert (request.method, request.body) == ("POST", b"title=Caf%C3%A9&text=one%0D%0Atwo")
    assert request.get("origin") == house.url("wiki.localhost", "")
    assert request.get("cf-access-authenticated-user-email") == "alice@example.test"


async def test_with_a_session_on_the_team_domain_nobody_is_asked_anything_but_the_button(house, visitor):
    await visitor.sign_in("wiki.localhost")
    visitor.client.cookies.delete("CF_Authorization", domain="wiki.localhost")
    path = unseen_path()
    page = await visitor.follow(await keep(visitor, await send(visitor, "wiki.localhost", path)))
    assert "alice@example.test" in page.text
    assert (await press(visitor, page)).status_code == 200
    assert house.reached(path)


async def test_it_is_sent_once(house, visitor):
    path = unseen_path()
    page = await sign_in(visitor, await keep(visitor, await send(visitor, "wiki.localhost", path)))
    assert (await press(visitor, page)).status_code == 200
    assert (await press(visitor, page)).status_code == 404
    assert len(house.all_at_origin(path)) == 1


async def test_an_expired_token_says_who_it_was(house, visitor):
    """Browsers drop such a cookie by themselves; one with a clock that is slow does not."""
    await visitor.sign_in("moment.localhost")
    token, app_session = (visitor.cookie("moment.localhost", name) for name in ("CF_Authorization", "CF_AppSession"))
    sent = {"cookie": f"CF_Authorization={token}; CF_AppSession={app_session}"}
    async with asyncio.timeout(40):
        response = await send(visitor, "moment.localhost", unseen_path(), **sent)
        while response.status_code == 200:  # its token lives ten seconds
            await asyncio.sleep(0.5)
            response = await send(visitor, "moment.localhost", unseen_path(), **sent)
    assert response.status_code == 307
    page = await visitor.follow(await keep(visitor, response))
    assert "Did you enter this?" not in page.text
    assert "Send what you entered" in page.text


@pytest.mark.parametrize(
    "changes",
    [
        {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://other.localhost"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-mode": "cors"},
        {"content-type": "application/json"},
    ],
)
async def test_g7_97_a_form_of_another_site_is_answered_as_documented_and_kept_nowhere(house, visitor, changes):
    response = await send(visitor, "wiki.localhost", unseen_path(), **changes)
    assert response.status_code == 302
    assert location(response).startswith(house.url(TEAM, "/cdn-cgi/access/login/wiki.localhost?"))
    direct = await send(visitor, "wiki.localhost", unseen_path())
    kept = await keep(visitor, direct, **changes)
    assert kept.status_code in ({200, 400} if "content-type" in changes or "sec-fetch-mode" in changes else {403})
    assert kept.status_code != 200 or "sec-fetch-mode" in changes


async def test_scripts_get_401_and_programs_302(house, visitor):
    script = await send(visitor, "wiki.localhost", unseen_path(), **{"x-requested-with": "XMLHttpRequest"})
    assert script.status_code == 401
    async with Visitor(house, headers={"user-agent": "curl/8.0"}) as program:
        response = await program.ask("POST", house.url("wiki.localhost"), data={"a": "b"})
        assert response.status_code == 302


async def test_where_it_is_switched_off_the_answer_is_the_documented_one(house, visitor):
    response = await send(visitor, "plain.localhost", unseen_path())
    assert response.status_code == 302
    assert location(response).startswith(house.url(TEAM, "/cdn-cgi/access/login/plain.localhost?"))


async def test_g4_55_with_expect_and_in_chunks_it_is_kept_as_well(house, visitor):
    async def chunks():
        yield b"a=1&"
        await asyncio.sleep(0)
        yield b"b=2"

    response = await send(visitor, "wiki.localhost", unseen_path(), chunks())
    assert response.status_code == 307
    kept = await keep(visitor, response, chunks(), expect="100-continue")
    assert kept.status_code == 200
    page = await sign_in(visitor, kept)
    assert forms_of(page.text)[0].fields == {"a": "1", "b": "2"}


async def test_what_is_too_large_gets_a_page_that_says_how_to_go_on(house, visitor):
    for body in (b"a=" + b"x" * 65_535, b"a=" + b"x" * LONGEST_BODY * 8):
        response = await send(visitor, "wiki.localhost", "/", b"a=1")
        refused = await keep(visitor, response, body)
        assert refused.status_code == 413
        assert "What you entered was not sent" in refused.text
        assert "64 KiB" in refused.text


async def test_an_endless_form_is_not_read_to_its_end(house, visitor):
    response = await send(visitor, "wiki.localhost", "/", b"a=1")
    sent = 0

    async def endless():
        nonlocal sent
        for _ in range(200_000):
            sent += 1
            yield b"x" * 4096
            await asyncio.sleep(0)

    answers = []
    with contextlib.suppress(httpx.TransportError):  # cut off while it was still sending
        answers.append((await keep(visitor, response, endless())).status_code)
    assert answers in ([], [413])
    assert sent < 50_000


async def test_nothing_waits_for_the_body(house):
    """The answer is there while the form is still being sent: no filter buffers a body for the question."""
    head = (
        f"POST /held HTTP/1.1\r\nHost: wiki.localhost:{house.door.port}\r\nOrigin: {house.url('wiki.localhost', '')}\r\n"
        f"Sec-Fetch-Site: same-origin\r\nContent-Type: {FORM}\r\nContent-Length: 1000\r\n\r\na=1"
    )
    async with connected(house.door.port) as (reader, writer):
        writer.write(head.encode())
        await writer.drain()
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
    assert answer.startswith(b"HTTP/1.1 307 ")
    assert b"/cdn-cgi/access/resume?" in answer


async def test_nothing_of_it_is_in_the_log_or_in_the_clear_on_the_disk(house, visitor):
    response = await send(visitor, "wiki.localhost", "/secret-target", b"password=correct-horse-battery-staple")
    assert (await keep(visitor, response, b"password=correct-horse-battery-staple")).status_code == 200
    for file in [house.door.log, *house.door.folder.glob("state/*")]:
        assert b"correct-horse" not in file.read_bytes(), file
