"""Cookies nobody should send (docs/attacks.md, G6): never in without an identity, never a crash."""

from __future__ import annotations

import base64

import pytest
from tests.breakage.house import FAST, log_since, mark, signed_in
from tests.breakage.raw import request, send

pytestmark = pytest.mark.edge


async def ask(house, cookie: bytes, path: str, *more: bytes):
    """The answer to a browser that sends this Cookie header, and whether the origin saw the request."""
    host = f"{FAST}:{house.door.port}".encode()
    lines = (b"cookie: " + cookie, b"accept: text/html", b"sec-fetch-mode: navigate", *more)
    answer = await send(house.door.port, request(host, path.encode(), *lines))
    return answer, house.reached(path)


def no_crash(house, at):
    assert "Traceback" not in log_since(house.door, at)


PREFIXED = {
    "wide space before": b"\xe2\x80\x80CF_Authorization=%s",
    "no-break space before": b"\xc2\xa0CF_Authorization=%s",
    "vertical tab before": b"\x0bCF_Authorization=%s",
    "nameless": b"=CF_Authorization=%s",
    "nameless with space": b" =CF_Authorization=%s",
    "legacy version": b'$Version=1; CF_Authorization="%s"; $Path="/"',
    "quoted with escapes": b'CF_Authorization="\\145%s"',
    "percent-encoded name": b"CF%%5FAuthorization=%s",
    "other case": b"cf_authorization=%s",
    "with prefix": b"__Host-CF_Authorization=%s",
    "comma in place of semicolon": b"a=b,CF_Authorization=%s",
}


@pytest.mark.parametrize("form", PREFIXED.values(), ids=PREFIXED.keys())
async def test_g6_85_a_cookie_in_a_form_that_only_some_parsers_read_opens_nothing(house, form, request):
    somebody, at = await signed_in(house), mark(house.door)
    path = f"/g6-85/{abs(hash(request.node.name))}"
    answer, reached = await ask(house, form % somebody.token.encode(), path)
    assert not reached
    assert answer.status in {302, 400, 403}
    no_crash(house, at)


async def test_g6_85_the_plain_form_does_open(house):
    somebody = await signed_in(house)
    answer, reached = await ask(house, b"CF_Authorization=" + somebody.token.encode(), "/g6-85/plain")
    assert (answer.status, reached) == (200, True)


@pytest.mark.parametrize("form", [b'CF_Authorization="%s"', b"CF_Authorization = %s"], ids=["quoted", "spaced"])
async def test_g6_85_quotes_and_blanks_around_a_token_change_nothing_about_whose_it_is(house, form, request):
    """RFC 6265 has quoted values, and Envoy drops blanks: what counts is that exactly the verified token is passed on."""
    somebody, path = await signed_in(house), f"/g6-85/{abs(hash(request.node.name))}"
    answer, reached = await ask(house, form % somebody.token.encode(), path)
    assert answer.status in {200, 302}
    if reached:
        assert house.at_origin(path).get("cf-access-jwt-assertion") == somebody.token
        assert house.at_origin(path).get("cf-access-authenticated-user-email") == "alice@example.test"


async def test_g6_86_quotes_that_span_cookies_hide_no_token_in_another_cookie(house):
    """The origin must not find the token inside a cookie that it may show to scripts."""
    somebody = await signed_in(house)
    token = somebody.token.encode()
    for number, cookie in enumerate([
        b'$Version=1; shown="start; CF_Authorization=' + token + b'; end"',
        b'shown="start; CF_Authorization=' + token + b'; end"',
        b'shown="a; CF_Authorization=' + token,
    ]):  # fmt: skip
        path = f"/g6-86/{number}"
        answer, reached = await ask(house, cookie, path)
        assert answer.status in {200, 302, 400}
        if reached:  # let in, by the token as it stands: then it is one cookie of its own to whoever reads by RFC 6265
            seen = house.at_origin(path).get("cookie") or ""
            assert seen.count(somebody.token) == 1
            assert f"CF_Authorization={somebody.token}" in [part.strip() for part in seen.split(";")]
            assert house.at_origin(path).get("cf-access-jwt-assertion") == somebody.token


BROKEN = {
    "empty": b"CF_Authorization=",
    "not base64": b"CF_Authorization=!!!.???.###",
    "bad length": b"CF_Authorization=a.b.c",
    "one part": b"CF_Authorization=eyJhbGciOiJSUzI1NiJ9",
    "many parts": b"CF_Authorization=" + b"eyJhbGciOiJSUzI1NiJ9." * 20,
    "control characters": b"CF_Authorization=\x01\x02",
    "not UTF-8": b"CF_Authorization=\xff\xfe.\xff.\xff",
    "deep JSON": b"CF_Authorization=" + base64.urlsafe_b64encode(b'{"a":' * 1000 + b"1" + b"}" * 1000)[:4000] + b".e30.e30",
    "JSON list": b"CF_Authorization=W10.W10.W10",
    "null": b"CF_Authorization=bnVsbA.bnVsbA.bnVsbA",
    "300 cookies": b"; ".join(b"c%d=v" % n for n in range(300)) + b"; CF_Authorization=a.b.c",
    "300 of ours": b"; ".join(b"CF_Authorization=a%d.b.c" % n for n in range(300)),
    "50 kB": b"CF_Authorization=" + b"A" * 50_000,
    "only separators": b";" * 1000 + b"=" * 1000,
}  # fmt: skip


@pytest.mark.parametrize("cookie", BROKEN.values(), ids=BROKEN.keys())
async def test_g6_87_a_malformed_session_cookie_leads_to_the_login(house, cookie, request):
    at, path = mark(house.door), f"/g6-87/{abs(hash(request.node.name))}"
    answer, reached = await ask(house, cookie, path)
    assert not reached
    assert answer.status in {302, 400}, answer
    no_crash(house, at)


async def test_g6_87_a_script_with_a_malformed_cookie_gets_401(house):
    answer, reached = await ask(house, b"CF_Authorization=a.b.c", "/g6-87/script", b"x-requested-with: XMLHttpRequest")
    assert (answer.status, reached) == (401, False)


async def test_g6_87_a_cookie_of_100_kb_is_refused_and_the_door_goes_on(house):
    answer, reached = await ask(house, b"CF_Authorization=" + b"A" * 100_000, "/g6-87/huge")
    assert (answer.status, reached) == (431, False)
    await house.door.ready()


async def test_g6_87_a_truncated_or_changed_token_leads_to_the_login(house):
    somebody = await signed_in(house)
    head, payload, signature = somebody.token.split(".")
    for number, token in enumerate([
        somebody.token[:-1],
        somebody.token[:-10],
        f"{head}.{payload}.",
        f"{head}.{payload}",
        f"{head}.{payload}.{signature[::-1]}",
        f"{head}.{payload[:-2]}.{signature}",
        f"{head}..{signature}",
        f".{payload}.{signature}",
        f"{head}.{payload}.{signature}.{signature}",
        f"{somebody.token}=",
        f"{head}=.{payload}.{signature}",
    ]):  # fmt: skip
        answer, reached = await ask(house, f"CF_Authorization={token}".encode(), f"/g6-87/changed/{number}")
        assert (answer.status, reached) == (302, False), token


CHUNKED = (
    b"CF_Authorization_0=a; CF_Authorization_1=b",
    b"CF_Authorization_-1=a",
    b"CF_Authorization_1000000000=a",
    b"CF_Authorization_chunks=1000000000; CF_Authorization_0=a",
    b"; ".join(b"CF_Authorization_%d=a" % n for n in range(1000)),
    b"CF_AppSession_=; CF_AppSession_00000000=a; CF_Session_1=b",
)


@pytest.mark.parametrize("cookie", CHUNKED, ids=range(len(CHUNKED)))
async def test_g6_88_crafted_chunks_of_a_cookie_mean_nothing(house, cookie, request):
    somebody, at, path = await signed_in(house), mark(house.door), f"/g6-88/{abs(hash(request.node.name))}"
    answer, reached = await ask(house, cookie, path)
    assert (answer.status, reached) == (302, False)
    half = len(somebody.token) // 2
    split = f"CF_Authorization_0={somebody.token[:half]}; CF_Authorization_1={somebody.token[half:]}"
    answer, reached = await ask(house, split.encode(), path)
    assert (answer.status, reached) == (302, False)
    no_crash(house, at)
