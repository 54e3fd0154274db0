"""Where a message ends, what it may turn into, and who may start it (group 4)."""

from __future__ import annotations

import pytest
from tests.attacks.wire import WEBSOCKET, ask, send, upgrade
from tests.door.visitor import set_cookies, unseen_path

pytestmark = pytest.mark.edge

PREFLIGHT = ("origin: https://evil.example", "access-control-request-method: POST")


async def test_g4_56_a_real_preflight_goes_through_where_that_is_allowed(house):
    target = unseen_path()
    assert (await ask(house.door.port, "options.localhost", target, *PREFLIGHT, method="OPTIONS")).status == 200
    assert house.reached(target)


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        (("content-length: 5",), b"hello"),
        (("transfer-encoding: chunked",), b"5\r\nhello\r\n0\r\n\r\n"),
        (("content-length: 5", "x-http-method-override: DELETE"), b"hello"),
        (("Transfer-Encoding: CHUNKED",), b"5\r\nhello\r\n0\r\n\r\n"),
    ],
)
async def test_g4_56_with_a_body_it_is_no_preflight(house, lines, body):
    target = unseen_path()
    answer = await ask(house.door.port, "options.localhost", target, *PREFLIGHT, *lines, method="OPTIONS", body=body)
    assert answer.status in {302, 403}
    assert not house.reached(target)


@pytest.mark.parametrize(
    "lines", [PREFLIGHT[:1], PREFLIGHT[1:], (), ("origin: x", "access-control-request-method;"), ("x-origin: y",)]
)
async def test_g4_56_without_its_two_headers_it_is_no_preflight(house, lines):
    target = unseen_path()
    answer = await ask(house.door.port, "options.localhost", target, *lines, method="OPTIONS")
    assert answer.status in {302, 400, 403}
    assert not house.reached(target)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "TRACE", "FOO", "options"])
async def test_g4_55_another_method_with_the_headers_of_a_preflight_is_no_preflight(house, method):
    target = unseen_path()
    answer = await ask(house.door.port, "options.localhost", target, *PREFLIGHT, method=method)
    assert answer.status in {0, 302, 400, 403, 404, 405}
    assert not house.reached(target)


async def test_g4_55_expect_continue_gets_its_answer_before_any_body(house):
    target = unseen_path()
    head = f"POST {target} HTTP/1.1\r\nhost: wiki.localhost\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n"
    answer = await send(house.door.port, head.encode(), within=1.5)
    assert answer.status in {100, 302}
    assert not house.reached(target)


SMUGGLED = (
    b"GET /smuggled-%s HTTP/1.1\r\nhost: open.localhost\r\ncf-access-authenticated-user-email: boss@example.test\r\n"
    b"x-doorward-client-address: 203.0.113.9\r\n\r\n"
)


@pytest.mark.parametrize("target", ["/plain", "/cdn-cgi/access/certs", "/cdn-cgi/access/get-identity", "/admin"])
async def test_g4_52_53_bytes_behind_an_upgrade_are_no_second_request(house, target):
    """Not at an origin that answers 200, and not at the control plane, which speaks no WebSocket."""
    name = unseen_path().rpartition("/")[2].encode()
    answer = await send(house.door.port, upgrade("open.localhost", target) + SMUGGLED % name, within=2)
    assert answer.status != 101
    assert answer.raw.count(b"HTTP/1.1 ") <= 1
    assert not house.reached(f"/smuggled-{name.decode()}")


@pytest.mark.parametrize("protocol", ["h2c", "TLS/1.0", "websocket, h2c", "connect-udp", "foo"])
async def test_g4_51_52_no_other_protocol_is_switched_to(house, protocol):
    target = unseen_path()
    lines = ["connection: upgrade, http2-settings", f"upgrade: {protocol}", "http2-settings: AAMAAABkAARAAAAAAAIAAAAA"]
    answer = await send(
        house.door.port,
        "\r\n".join([f"GET {target} HTTP/1.1", "host: open.localhost", *lines, "", ""]).encode(),
        within=1.5,
    )
    assert answer.status != 101
    assert all(sent.get("upgrade") is None for sent in house.all_at_origin(target))


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://wiki.localhost.evil.example", "file://"])
async def test_g4_54_a_foreign_page_gets_no_websocket_without_the_visitors_cookie(house, origin):
    target = f"/websocket{unseen_path()}"
    answer = await send(house.door.port, upgrade("wiki.localhost", target, f"origin: {origin}"), within=2)
    assert answer.status == 302
    assert not house.reached(target)


async def test_g4_54_the_origin_learns_which_page_opened_a_websocket(house, alice):
    """The application decides: the Origin header it needs for that is what the browser sent."""
    target = f"/websocket{unseen_path()}"
    cookie = f"CF_Authorization={alice.cookie('wiki.localhost')}"
    answer = await send(
        house.door.port, upgrade("wiki.localhost", target, "origin: https://evil.example", cookie=cookie), within=2
    )
    assert answer.status == 101
    assert house.at_origin(target).get("origin") == "https://evil.example"


async def test_g4_54_a_foreign_page_on_another_site_does_not_bring_the_cookie_along(house, visitor):
    """On plain http browsers treat it as SameSite=Lax; ``same_site_cookie_attribute`` says so on https as well."""
    response = await visitor.sign_in("wiki.localhost", until="/cdn-cgi/access/authorized")
    response = await visitor.ask("GET", response.headers["location"])
    assert set_cookies(response)["CF_Authorization"]["samesite"] == "Lax"


@pytest.mark.parametrize("scheme", ["NTLM TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAAKAGFKAAAADw==", "ntlm x", "Negotiate TlRMTVNTUAABAAAA", "negotiate YIIFoQ=="])  # fmt: skip
@pytest.mark.parametrize("host", ["wiki.localhost", "here.localhost", "open.localhost"])
async def test_g4_58_a_login_that_belongs_to_a_connection_does_not_reach_a_shared_connection(
    house, alice, host, scheme
):
    """Visitors share connections to an origin: one who signs in by NTLM would sign all of them in."""
    await alice.open("here.localhost")
    target = unseen_path()
    cookie = f"CF_Authorization={alice.cookie(host)}" if host != "open.localhost" else ""
    answer = await ask(house.door.port, host, target, f"authorization: {scheme}", cookie=cookie)
    assert answer.status in {400, 401, 403}
    assert not house.reached(target)


async def test_the_applications_own_authorization_arrives(house):
    target = unseen_path()
    assert (await ask(house.door.port, "open.localhost", target, "authorization: Bearer abc")).status == 200
    assert house.at_origin(target).get("authorization") == "Bearer abc"


@pytest.mark.parametrize(
    "ambiguous",
    [
        b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
        b"content-length: 0\r\ncontent-length: 60\r\n\r\n",
        b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"transfer-encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        b"content-length: 0_0\r\n\r\n",
    ],
)
@pytest.mark.parametrize("target", ["/plain", "/cdn-cgi/access/callback"])
async def test_g4_49_no_second_request_hides_in_the_body_of_one(house, target, ambiguous):
    """Neither towards the origin nor towards the control plane's own pages."""
    name = unseen_path().rpartition("/")[2].encode()
    head = f"POST {target} HTTP/1.1\r\nhost: open.localhost\r\n".encode()
    answer = await send(house.door.port, head + ambiguous + SMUGGLED % name, within=1.5)
    assert answer.status in {400, 501}
    assert not house.reached(f"/smuggled-{name.decode()}")


def test_the_handshake_used_here_is_a_whole_one():
    assert {line.partition(":")[0] for line in WEBSOCKET} == {
        "connection",
        "upgrade",
        "sec-websocket-version",
        "sec-websocket-key",
    }
