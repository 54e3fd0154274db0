"""Requests that make no sense, to every part of the door: a clear answer, nothing let through, nothing in pieces."""

from __future__ import annotations

import asyncio
import random

import httpx
import pytest
from tests.breakage.house import ANONYMOUS, FAST, log_since, mark, signed_in
from tests.breakage.pages import is_clear, shows_nothing_inside
from tests.breakage.raw import request, send
from tests.door.house import TEAM
from tests.door.running import browser
from tests.door.visitor import Visitor, query_of

pytestmark = pytest.mark.edge

ODD_VALUES = {
    "empty": b"",
    "NUL": b"%00",
    "line break": b"a%0d%0ab",
    "not UTF-8": b"%ff%fe",
    "overlong UTF-8": b"%c0%ae",
    "surrogate": b"%ed%a0%80",
    "half an escape": b"%",
    "bad escape": b"%zz",
    "long": b"A" * 8000,
    "markup": b"%3Cscript%3Ealert(1)%3C/script%3E",
    "template": b"%7B%7B7*7%7D%7D",
    "format": b"%25s%25n%7B0%7D",
    "list": b"a&%s=b",
    "brackets": b"a&%s[]=b",
    "semicolon": b"a;%s=b",
    "number": b"99999999999999999999999999",
}
PLACES = {
    "login": (TEAM, b"/cdn-cgi/access/login/wiki.localhost?kid=%s&meta=%s&redirect_url=%s", b"kid"),
    "login host": (TEAM, b"/cdn-cgi/access/login/%s", b"kid"),
    "start": (TEAM, b"/cdn-cgi/access/start/%s?kid=%s&meta=%s", b"kid"),
    "callback": (TEAM, b"/cdn-cgi/access/callback?state=%s&code=%s", b"state"),
    "callback with a PIN": (TEAM, b"/cdn-cgi/access/callback?nonce=%s&code=%s", b"nonce"),
    "authorized": (FAST, b"/cdn-cgi/access/authorized?nonce=%s&state=%s", b"nonce"),
    "logout": (TEAM, b"/cdn-cgi/access/logout?returnTo=%s", b"returnTo"),
    "logout of an application": (FAST, b"/cdn-cgi/access/logout?returnTo=%s", b"returnTo"),
    "verify-code": (TEAM, b"/cdn-cgi/access/verify-code/%s?nonce=%s", b"nonce"),
    "resend-code": (TEAM, b"/cdn-cgi/access/resend-code?nonce=%s", b"nonce"),
    "refresh-identity": (TEAM, b"/cdn-cgi/access/refresh-identity?success=%s", b"success"),
    "assets": (TEAM, b"/cdn-cgi/access/assets/%s", b"v"),
    "nothing": (TEAM, b"/cdn-cgi/access/%s?x=%s", b"x"),
}


@pytest.mark.parametrize("place", PLACES)
async def test_odd_values_in_queries_and_paths_are_answered_clearly(house, place):
    host, target, name = PLACES[place]
    at = mark(house.door)
    for what, value in ODD_VALUES.items():
        filled = target.replace(b"%s", value.replace(b"%s", name))
        authority = f"{host}:{house.door.port}".encode()
        answer = await send(
            house.door.port, request(authority, filled, b"accept: text/html", b"sec-fetch-mode: navigate")
        )
        assert answer.status in {200, 302, 400, 401, 403, 404, 405, 414, 431}, (what, answer)
        assert not answer.from_origin, what
        shows_nothing_inside(answer.body.decode("utf-8", "replace"))
        assert b"<script>" not in answer.body, what
        assert b"\n49" not in answer.body, what
    said = log_since(house.door, at)
    assert "Traceback" not in said
    assert "check_failed" not in said


BODIES = {
    "nothing": ("application/x-www-form-urlencoded", b""),
    "not UTF-8": ("application/x-www-form-urlencoded", b"code=%ff&nonce=\xff\xfe&email=\xff"),
    "NUL": ("application/x-www-form-urlencoded", b"email=%00&code=%00&nonce=%00&state=%00"),
    "the same twice": ("application/x-www-form-urlencoded", b"email=a@example.test&email=b@example.test&nonce=1&nonce=2"),
    "thousands of fields": ("application/x-www-form-urlencoded", b"&".join(b"f%d=1" % n for n in range(20_000))),
    "megabytes": ("application/x-www-form-urlencoded", b"email=" + b"a" * 5_000_000),
    "JSON": ("application/json", b'{"email": "a@example.test"}'),
    "multipart without boundary": ("multipart/form-data", b"--x\r\n"),
    "broken multipart": ("multipart/form-data; boundary=x", b"--x\r\ncontent-disposition: form-data; name=email\r\n\r\na"),
    "a file": ("multipart/form-data; boundary=x",
               b'--x\r\ncontent-disposition: form-data; name="email"; filename="a"\r\n\r\n' + b"a" * 100_000 + b"\r\n--x--\r\n"),
    "an odd type": ("a/b;;;=", b"email=a"),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "body"), BODIES.values(), ids=BODIES.keys())
async def test_odd_bodies_are_answered_clearly(house, kind, body):
    at = mark(house.door)
    async with browser() as client:
        for path in ("/callback", "/verify-code", "/resend-code", "/login/wiki.localhost", "/logout", "/nothing"):
            headers = {**ANONYMOUS, "content-type": kind, "origin": house.issuer}
            try:
                response = await client.post(house.team(path), content=body, headers=headers)
            except httpx.TransportError:
                assert len(body) > 1_000_000, "whoever sends megabytes may find the connection closed, nobody else"
                continue
            allowed = range(200 if path == "/logout" else 300, 500)
            assert response.status_code in allowed, (path, response.status_code, response.text)
            shows_nothing_inside(response.text)
        assert (await client.get(house.team("/certs"))).status_code == 200
    assert "Traceback" not in log_since(house.door, at)


async def test_a_body_that_never_ends_is_given_up_after_half_a_minute(house):
    authority = f"{TEAM}:{house.door.port}".encode()
    head = request(authority, b"/cdn-cgi/access/callback", b"content-type: application/x-www-form-urlencoded",
                   b"content-length: 1000", method=b"POST")  # fmt: skip
    answer = await send(house.door.port, head + b"email=", seconds=60)
    assert answer.status in {0, 408, 504}
    assert (await signed_in(house)).token


async def test_ours_are_pages_with_a_reference(house):
    async with browser() as client:
        client.headers.update(ANONYMOUS)
        for url, statuses in (
            (house.team("/callback?state=unknown&code=1"), (400,)),
            (house.team("/login/nobody.example?kid=1"), (400, 404)),
            (house.team("/no-such-page"), (404,)),
            (house.url("nobody.localhost", "/"), (404,)),
            (house.url("closed.localhost", "/"), (403,)),
            (house.url(FAST, "/cdn-cgi/access/authorized?nonce=1&state=2"), (400,)),
        ):
            is_clear(await client.get(url), *statuses)


TOO_BIG = {
    "URL of 100 kB": (b"/" + b"a" * 100_000, ()),
    "query of 70 kB": (b"/?" + b"q=" + b"a" * 70_000, ()),
    "header of 100 kB": (b"/big", (b"x-big: " + b"a" * 100_000,)),
    "500 headers": (b"/big", tuple(b"x-%d: 1" % n for n in range(500))),
    "200 kB of headers": (b"/big", tuple(b"x-%d: " % n + b"a" * 4000 for n in range(50))),
}


@pytest.mark.parametrize(("target", "lines"), TOO_BIG.values(), ids=TOO_BIG.keys())
async def test_what_is_too_big_is_refused_before_anything_else(house, target, lines):
    somebody = await signed_in(house)
    authority = f"{FAST}:{house.door.port}".encode()
    before = len(house.origin.requests)
    answer = await send(
        house.door.port, request(authority, target, b"cookie: CF_Authorization=" + somebody.token.encode(), *lines)
    )
    assert answer.status in {0, 414, 431}
    assert len(house.origin.requests) == before
    await house.door.ready()


async def test_a_long_but_lawful_url_is_carried_through_a_login(house):
    """Shortened where it would not fit, never lost in an error."""
    for length in (1500, 8_000, 40_000):
        async with Visitor(house) as visitor:
            response = await visitor.sign_in(FAST, f"/long?{length}=" + "q" * length)
            assert (response.status_code, response.headers["x-origin"][:5]) == (200, "/long")


HOSTS = {
    "empty": b"",
    "space": b"wiki.localhost evil",
    "path": b"wiki.localhost/evil",
    "userinfo": b"wiki.localhost@evil.example",
    "two ports": b"wiki.localhost:80:80",
    "letters as port": b"wiki.localhost:http",
    "NUL": b"wiki.localhost\x00",
    "not ASCII": "wıki.localhost".encode(),
    "not UTF-8": b"wiki.localhost\xff",
    "percent": b"wiki%2elocalhost",
    "comma": b"wiki.localhost,evil.example",
    "very long": b"a" * 5000 + b".localhost",
    "dots": b"..",
    "open bracket": b"[::1",
    "address": b"127.0.0.1",
    "our socket": b"doorward_check",
    "tab": b"wiki.localhost\tevil",
    "quote": b'wiki.localhost"',
}


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS.keys())
async def test_a_hostile_host_reaches_no_application_and_no_login_page(house, host):
    somebody, at = await signed_in(house), mark(house.door)
    before = len(house.origin.requests)
    for path in (b"/", b"/cdn-cgi/access/login/wiki.localhost", b"/cdn-cgi/access/certs"):
        answer = await send(
            house.door.port, request(host, path, b"cookie: CF_Authorization=" + somebody.token.encode())
        )
        assert answer.status in {0, 400, 403, 404}, answer
        assert b"evil" not in answer.head
        assert b"<script" not in answer.body
    assert len(house.origin.requests) == before
    assert "Traceback" not in log_since(house.door, at)


async def test_two_hosts_are_refused(house):
    authority = f"{FAST}:{house.door.port}".encode()
    answer = await send(house.door.port, request(authority, b"/two-hosts", b"host: evil.example"))
    assert answer.status == 400
    assert not house.reached("/two-hosts")


async def test_a_hostile_host_does_not_get_into_the_login_redirect(house):
    async with browser() as client:
        response = await client.get(house.url(FAST, "/a"), headers={**ANONYMOUS, "x-forwarded-host": "evil.example",
                                    "forwarded": "host=evil.example", "x-original-host": "evil.example"})  # fmt: skip
    assert response.status_code == 302
    assert "evil.example" not in str(response.headers)
    assert query_of(response.headers["location"])["redirect_url"] == "/a"


async def test_random_bytes_open_nothing_and_break_nothing(house):
    """The same bytes each time: a failure can be looked at."""
    chance, at = random.Random(20261124), mark(house.door)
    before = len(house.origin.requests)
    authority = f"{FAST}:{house.door.port}".encode()
    pieces = [b"GET", b"/", b" ", b"\r\n", b"\r\n\r\n", b"HTTP/1.1", b"host: " + authority, b"cookie: CF_Authorization=",
              b"\x00", b"\xff", b"%", b"..", b";", b"content-length: 5", b"transfer-encoding: chunked", b"5\r\nhello\r\n0\r\n\r\n",
              b"/cdn-cgi/access/", b"callback?", b"a" * 500, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x02\x00"]  # fmt: skip

    async def one() -> None:
        data = b"".join(chance.choices(pieces, k=chance.randrange(3, 25)))
        if chance.random() < 0.7:
            data = request(authority, b"/" + bytes(chance.choices(range(256), k=20)).replace(b" ", b""), data)
        try:
            answer = await send(house.door.port, data, seconds=1)
        except TimeoutError:
            return  # it waits for the rest of the request
        assert answer.status < 500, (data, answer)
        assert not answer.from_origin, data

    for _ in range(20):
        await asyncio.gather(*(one() for _ in range(20)))
    assert len(house.origin.requests) == before
    assert "Traceback" not in log_since(house.door, at)
    assert (await signed_in(house)).token
