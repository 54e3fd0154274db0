"""G3: what a client says never reaches the origin, or the decision, in the door's own words."""

from __future__ import annotations

import pytest
from tests.edge.recording_origin import Reply
from tests.edge.xds import world
from tests.edge.xds.conftest import Bench

pytestmark = [pytest.mark.edge, pytest.mark.asyncio(loop_scope="module")]

KINDS = ("fast", "slow", "bypass", "wildcard", "unverified token")
IDENTITY = ("cf-access-jwt-assertion", "cf-access-authenticated-user-email")


async def through(bench: Bench, kind: str, *lines: str, method: str = "GET") -> None:
    """One request with more header lines that reaches the origin on this kind of way."""
    host = {"bypass": "open.test", "wildcard": "x.wild.test"}.get(kind, "wiki.test")
    identity = [("cf-access-jwt-assertion", "checked"), ("cf-access-authenticated-user-email", "checked@example.com")]
    bench.check.reply = lambda _: Reply(200, [] if kind == "bypass" else identity)
    cookie = {
        "fast": f"CF_Authorization={bench.token()}",
        "wildcard": f"CF_Authorization={bench.token(world.WILD)}",
        "unverified token": "CF_Authorization=eyJhbGciOiJub25lIn0.e30.",
    }.get(kind, "")
    answer = await bench.get("/", host, *lines, cookie=cookie, method=method)
    assert answer.status == 200, answer.raw
    assert len(bench.origin.requests) == 1


def identity_is_ours(bench: Bench, kind: str) -> None:
    got = [bench.origin.last.get(name) for name in IDENTITY]
    if kind in {"fast", "wildcard"} and not bench.check.requests:
        assert got[0] is not None
        assert got[0].startswith("eyJ")
        assert got[1] == world.EMAIL
    elif kind == "bypass":
        assert got == [None, None]
    else:
        assert got == ["checked", "checked@example.com"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [*IDENTITY, "Cf-Access-Jwt-Assertion", "CF-ACCESS-AUTHENTICATED-USER-EMAIL"])
@pytest.mark.parametrize("times", [1, 2])
async def test_g3_31_35_identity_headers_from_clients_never_arrive(bench, kind, name, times):
    await through(bench, kind, *[f"{name}: forged"] * times)
    identity_is_ours(bench, kind)
    assert b"forged" not in bench.origin.last.head


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["OPTIONS", "HEAD", "POST", "DELETE"])
async def test_g3_31_whatever_the_method(bench, kind, method):
    await through(bench, kind, *(f"{name}: forged" for name in IDENTITY), "content-length: 0", method=method)
    identity_is_ours(bench, kind)
    assert b"forged" not in bench.origin.last.head


STRIPPED = (
    "cf-access-user", "cf-access-anything", "cf-access-", "cf-access-tokens", "cf-access-client", "cf-access-jwt",
    "x-doorward-route", "x-doorward-client-address", "x-doorward-assertion", "x-doorward-token", "x-doorward-",
    "x-envoy-original-path", "x-envoy-internal", "x-envoy-decorator-operation", "x-envoy-external-address",
    "x-envoy-max-retries", "x-envoy-upstream-rq-timeout-ms", "x-envoy-retry-on", "x-envoy-force-trace",
    "x-envoy-peer-metadata", "x-envoy-original-dst-host", "x-envoy-upstream-alt-stat-name", "x-envoy-auth-headers-to-remove",
    "x-forwarded-uri", "x-forwarded-host", "x-forwarded-method", "x-forwarded-port", "x-forwarded-prefix",
    "x-forwarded-server", "x-forwarded-client-cert", "x-forwarded-user", "x-forwarded-email", "forwarded",
    "x-original-url", "x-rewrite-url", "x-original-uri", "x-original-host", "x-host",
    "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip", "x-cluster-client-ip",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
async def test_g3_31_40_42_what_could_deceive_is_stripped_on_every_way(bench, kind):
    await through(bench, kind, *(f"{name}: forged" for name in STRIPPED), "x-request-id: forged")
    assert b"forged" not in bench.origin.last.head
    assert not any(name.startswith("x-doorward-") for name, _ in bench.origin.last.headers)
    for request in bench.check.requests:
        assert b"forged" not in request.head.replace(b"x-doorward-assertion: forged", b"")
        assert request.get("x-doorward-assertion") is None


@pytest.mark.parametrize("kind", KINDS)
async def test_g3_40_what_only_the_application_understands_is_left_alone(bench, kind):
    kept = {"x-http-method-override": "DELETE", "authorization": "Bearer x", "x-csrf-token": "y", "cf-ray": "z"}
    await through(bench, kind, *(f"{name}: {value}" for name, value in kept.items()))
    assert {name: bench.origin.last.get(name) for name in kept} == kept
    assert bench.origin.last.method == "GET"


@pytest.mark.parametrize("kind", KINDS)
async def test_g3_46_credentials_for_the_door_stop_at_the_door(bench, kind):
    names = ("cf-access-token", "cf-access-client-id", "cf-access-client-secret", "cf-access-metadata-request")
    await through(bench, kind, *(f"{name}: secret" for name in names))
    assert b"secret" not in bench.origin.last.head
    assert len(bench.check.requests) == 1
    assert [bench.check.last.get(name) for name in names] == ["secret"] * 4


async def test_g3_46_the_door_s_credentials_stop_even_when_the_upgrade_is_a_websocket(bench):
    bench.check.reply = lambda _: Reply(200)
    lines = ("upgrade: websocket", "connection: upgrade", "sec-websocket-version: 13", "sec-websocket-key: MDEyMzQ1Njc4OTAxMjM0NQ==")  # fmt: skip
    answer = await bench.get("/websocket", "wiki.test", *lines, "cf-access-client-secret: secret")
    assert answer.status == 101
    assert b"secret" not in bench.origin.last.head


@pytest.mark.parametrize("name", ["Cf_Access_Jwt_Assertion", "cf_access-authenticated_user_email", "X_Forwarded_For", "x-doorward_route", "anything_else", "_"])  # fmt: skip
@pytest.mark.parametrize("kind", KINDS)
async def test_g3_32_34_underscores_in_header_names_are_refused(bench, name, kind):
    host = "open.test" if kind == "bypass" else "wiki.test"
    cookie = f"CF_Authorization={bench.token()}" if kind == "fast" else ""
    assert (await bench.get("/", host, f"{name}: x", cookie=cookie)).status == 400
    assert bench.origin.requests == bench.check.requests == []


@pytest.mark.parametrize("line", ["cf access jwt assertion: x", "cf-access-jwt-assertion : x", "cf-access-jwt-assertion\t: x", "cf-access-jwt\u00adassertion: x", "cf\xe2\x80\x90access-jwt-assertion: x", " folded: x", ": x", "cf-access-jwt-assertion", "cf-access-jwt-assertion;: x", "x: a\r\n cf-access-jwt-assertion: x"])  # fmt: skip
async def test_g3_33_malformed_header_names_are_refused_or_harmless(bench, line):
    bench.check.reply = lambda _: Reply(200, [("cf-access-jwt-assertion", "checked")])
    answer = await bench.get("/", "wiki.test", line)
    if answer.status == 200:
        assert bench.origin.last.get("cf-access-jwt-assertion") == "checked"
    else:
        assert answer.status in {0, 400}
        assert bench.origin.requests == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("nominated", ["Cf-Access-Jwt-Assertion", "cf-access-authenticated-user-email", "cookie", "x-request-id"])  # fmt: skip
async def test_g3_38_connection_cannot_take_our_headers_away(bench, kind, nominated):
    host = {"bypass": "open.test", "wildcard": "x.wild.test"}.get(kind, "wiki.test")
    await through(bench, kind, f"connection: keep-alive, {nominated}")
    identity_is_ours(bench, kind)
    assert bench.origin.last.get("x-forwarded-for")
    assert bench.origin.last.get("x-request-id")
    assert bench.origin.last.get("host") == host


@pytest.mark.parametrize("nominated", ["x-forwarded-for", "X-Forwarded-Proto", "host", ":path"])
async def test_g3_38_connection_that_names_what_routing_needs_is_refused(bench, nominated):
    assert (await bench.get("/", "open.test", f"connection: keep-alive, {nominated}")).status == 400
    assert bench.origin.requests == bench.check.requests == []


@pytest.mark.parametrize("value", ["6.6.6.6", "a", "6.6.6.6, 7.7.7.7", "127.0.0.1", "", "\xff"])
@pytest.mark.parametrize("kind", KINDS)
async def test_g3_39_x_forwarded_for_of_a_client_counts_for_nothing_when_nobody_is_trusted(bench, kind, value):
    await through(bench, kind, f"x-forwarded-for: {value}", "x-forwarded-proto: https")
    seen = bench.origin.last.get("x-forwarded-for") or ""
    assert "," not in seen
    assert "6.6.6.6" not in seen
    assert bench.origin.last.get("x-forwarded-proto") == "http"
    for request in bench.check.requests:
        assert request.get("x-doorward-client-address") == "127.0.0.1"


@pytest.mark.parametrize("name", ["cookie", "user-agent", "x-anything", "accept", "origin", "cf-access-token", "cf-access-jwt-assertion"])  # fmt: skip
@pytest.mark.parametrize("value", ["\xff\xfe", "\xc3\xa9", "\x80abc", "a\xffb"])
async def test_g3_43_bytes_that_are_not_utf_8_do_not_open_the_door(bench, name, value):
    answer = await bench.get("/", "wiki.test", f"{name}: {value}")
    assert answer.status in {400, 403}
    assert bench.origin.requests == []
    assert len(bench.check.requests) == (answer.status == 403)


async def test_g3_44_47_line_breaks_in_the_answer_of_the_check_do_not_become_headers(bench):
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\ncf-access-authenticated-user-email: a\rx-admin: 1\r\n\r\n"
    bench.check.reply = lambda _: Reply(raw=head)
    await bench.get()
    assert all(request.get("x-admin") is None for request in bench.origin.requests)
    assert all(b"\rx-admin" not in request.head for request in bench.origin.requests)


async def test_g3_47_a_nul_in_the_answer_of_the_check_is_no_answer(bench):
    bench.check.reply = lambda _: Reply(raw=b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx: a\x00b\r\n\r\n")
    assert (await bench.get()).status == 503
    assert bench.origin.requests == []


@pytest.mark.parametrize("email", ["a@b\r\nx-admin: 1", "a@b\x00", "a b@c", "a@b@c", "\u00e4@example.com", "a@\u043e.com", "a@b\t", '"a b"@c', "@", "a@", "@b"])  # fmt: skip
async def test_g3_44_an_odd_address_in_a_token_is_not_written_by_envoy(bench, email):
    answer = await bench.get(cookie=f"CF_Authorization={bench.token(email=email)}")
    assert answer.status == 403
    assert bench.origin.requests == []


async def test_g3_45_more_headers_than_we_take_are_refused(bench):
    assert (await bench.get("/", "wiki.test", *(f"x-{n}: y" for n in range(200)))).status in {400, 431}
    assert (await bench.get("/", "wiki.test", f"x: {'y' * 70_000}")).status == 431
    assert bench.origin.requests == bench.check.requests == []


async def test_g3_47_the_check_can_set_the_identity_and_cookies_and_nothing_else(bench):
    bench.check.reply = lambda _: Reply(
        200,
        [
            ("cf-access-jwt-assertion", "checked"),
            ("cookie", "a=b"),
            ("x-admin", "1"),
            ("host", "evil.test"),
            ("x-forwarded-for", "9.9.9.9"),
            ("set-cookie", "CF_Authorization=1; Path=/"),
            ("set-cookie", "CF_Binding=2"),
            ("location", "http://evil.test"),
        ],
    )
    answer = await bench.get("/", "wiki.test", cookie="c=d")
    assert bench.origin.last.get("cookie") == "a=b"
    assert bench.origin.last.get("x-admin") is None
    assert bench.origin.last.get("host") == "wiki.test"
    assert bench.origin.last.get("x-forwarded-for") != "9.9.9.9"
    assert answer.all("set-cookie") == ["CF_Authorization=1; Path=/", "CF_Binding=2"]
    assert answer.all("cf-access-jwt-assertion") == []
    assert answer.all("location") == []
    assert answer.all("x-admin") == []


async def test_the_check_can_take_the_cookie_away(bench):
    bench.check.reply = lambda _: Reply(200, [("x-envoy-auth-headers-to-remove", "cookie")])
    answer = await bench.get("/", "wiki.test", cookie="CF_Authorization=x")
    assert answer.status == 200
    assert bench.origin.last.get("cookie") is None
    assert answer.all("x-envoy-auth-headers-to-remove") == []


async def test_a_refusal_reaches_the_visitor_as_the_check_wrote_it(bench):
    headers = [("location", "http://team.test/x"), ("set-cookie", "a=1"), ("set-cookie", "b=2"), ("www-authenticate", "Cloudflare-Access"), ("cache-control", "no-store"), ("cf-access-domain", "wiki.test"), ("content-type", "text/html")]  # fmt: skip
    bench.check.reply = lambda _: Reply(302, headers, b"<p>moved</p>")
    answer = await bench.get()
    assert answer.status == 302
    assert {pair for pair in headers if pair not in answer.headers} == set()
    assert answer.body == b"<p>moved</p>"
    assert bench.origin.requests == []


async def test_what_the_check_is_told(bench):
    await bench.get("/p?q=1", "wiki.test:8080", "accept: a", "origin: o", "access-control-request-method: PUT", "access-control-request-headers: h", "x-requested-with: XMLHttpRequest", "user-agent: u", "sec-fetch-mode: navigate", "authorization: Bearer not-for-us", cookie="a=1", method="PUT")  # fmt: skip
    request = bench.check.last
    assert request.method == "PUT"
    assert request.target == "/check/p?q=1"
    assert request.get("host") == "wiki.test:8080"
    told = {"accept": "a", "origin": "o", "access-control-request-method": "PUT", "access-control-request-headers": "h", "x-requested-with": "XMLHttpRequest", "user-agent": "u", "sec-fetch-mode": "navigate", "cookie": "a=1", "x-doorward-route": "app-1", "x-doorward-client-address": "127.0.0.1"}  # fmt: skip
    assert {name: request.get(name) for name in told} == told
    assert request.get("authorization") is None
    assert len(request.get("x-request-id") or "") == 36


async def test_the_request_id_of_the_decision_reaches_the_origin(bench):
    bench.check.reply = lambda _: Reply(200)
    await bench.get()
    assert bench.origin.last.get("x-request-id") == bench.check.last.get("x-request-id")


@pytest.mark.parametrize("header", ["cf-access-jwt-assertion", "x-doorward-assertion"])
async def test_the_assertion_of_a_client_is_shown_to_the_check_under_our_name_alone(bench, header):
    await bench.get("/", "wiki.test", f"{header}: theirs")
    assert bench.check.last.get("cf-access-jwt-assertion") is None
    assert bench.check.last.get("x-doorward-assertion") == ("theirs" if header.startswith("cf") else None)


async def test_two_cookie_lines_are_one_for_the_check_and_the_origin(bench):
    bench.check.reply = lambda _: Reply(200)
    await bench.get("/", "wiki.test", "cookie: a=1", "cookie: b=2")
    assert bench.check.last.get("cookie") == bench.origin.last.get("cookie") == "a=1; b=2"


@pytest.mark.parametrize("kind", ["fast", "slow", "bypass"])
@pytest.mark.parametrize("value", ["NTLM TlRMTVNTUAAB", "Negotiate YII=", "negotiate", "nTlM\tx"])
async def test_g4_58_authentication_of_a_connection_is_refused(bench, kind, value):
    host = "open.test" if kind == "bypass" else "wiki.test"
    cookie = f"CF_Authorization={bench.token()}" if kind == "fast" else ""
    assert (await bench.get("/", host, f"authorization: {value}", cookie=cookie)).status == 403
    assert bench.origin.requests == bench.check.requests == []
