"""G4: where one message ends and the next begins; upgrades; methods; floods."""

from __future__ import annotations

import asyncio
import contextlib

import h2.connection
import h2.errors
import h2.events
import pytest
import websockets
from h2.config import H2Configuration
from tests.connection import ended
from tests.edge.recording_origin import Reply
from tests.edge.xds import world
from tests.edge.xds.conftest import Bench

pytestmark = [pytest.mark.edge, pytest.mark.asyncio(loop_scope="module")]

HEAD = b"POST / HTTP/1.1\r\nhost: open.test\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nhost: open.test\r\n\r\n"
AMBIGUOUS = {
    "CL.TE": b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "TE.CL": b"transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n5c\r\n" + SMUGGLED + b"\r\n0\r\n\r\n",
    "TE.TE": b"transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "TE obscured": b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "TE tab": b"transfer-encoding:\tchunked, x\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "TE blank": b"transfer-encoding : chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "two lengths": b"content-length: 0\r\ncontent-length: 44\r\n\r\n" + SMUGGLED,
    "length list": b"content-length: 0, 44\r\n\r\n" + SMUGGLED,
    "length sign": b"content-length: +0\r\n\r\n" + SMUGGLED,
    "length hex": b"content-length: 0x0\r\n\r\n" + SMUGGLED,
    "length negative": b"content-length: -1\r\n\r\n" + SMUGGLED,
    "chunk size": b"transfer-encoding: chunked\r\n\r\n0x0\r\n\r\n" + SMUGGLED,
    "chunk size sign": b"transfer-encoding: chunked\r\n\r\n-1\r\n\r\n" + SMUGGLED,
    "bare LF in a header": b"x: a\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "bare CR in a header": b"x: a\rtransfer-encoding: chunked\r\n\r\n" + SMUGGLED,
    "LF ends the head": b"content-length: 0\n\n" + SMUGGLED,
    "NUL in a header": b"x: a\x00b\r\n\r\n" + SMUGGLED,
    "folded": b"x: a\r\n transfer-encoding: chunked\r\n\r\n" + SMUGGLED,
}


REWRITTEN = {"bare LF in a header", "bare CR in a header", "LF ends the head", "folded"}
"""What RFC 9112 lets a recipient repair (2.2, 5.2). The origin gets a message that Envoy wrote anew, with CRLF."""


@pytest.mark.parametrize("kind", AMBIGUOUS)
async def test_g4_49_ambiguous_lengths_never_reach_the_origin(bench, kind):
    bench.check.reply = lambda _: Reply(200)
    answer = await bench.door.send(HEAD + AMBIGUOUS[kind], within=1)
    await asyncio.sleep(0.05)
    if kind not in REWRITTEN:
        assert answer.status in {400, 501}
        assert bench.origin.requests == []
        return
    assert answer.status == 200
    assert len(bench.origin.requests) <= len(bench.check.requests)  # what follows is a request of its own
    for request in bench.origin.requests:
        assert len(request.all("content-length")) + len(request.all("transfer-encoding")) <= 1
        assert not {"\n", "\r"} & set("".join(value for _, value in request.headers))
    first = bench.origin.requests[0]
    assert first.all("transfer-encoding") == (["chunked"] if kind == "bare LF in a header" else [])


async def test_g4_49_chunk_extensions_do_not_reach_the_origin(bench):
    bench.check.reply = lambda _: Reply(200)
    await bench.door.send(HEAD + b"transfer-encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n", within=1)
    for request in bench.origin.requests:
        assert b";" not in request.body


async def test_g3_37_trailers_of_http1_are_dropped(bench):
    bench.check.reply = lambda _: Reply(200)
    body = b"3\r\nabc\r\n0\r\ncf-access-authenticated-user-email: eve\r\nx-forwarded-for: 6.6.6.6\r\n\r\n"
    await bench.door.send(HEAD + b"transfer-encoding: chunked\r\ntrailer: cf-access-jwt-assertion\r\n\r\n" + body)
    assert b"eve" not in bench.origin.last.body
    assert b"6.6.6.6" not in bench.origin.last.body


UPGRADE = ("connection: Upgrade, HTTP2-Settings", "http2-settings: AAMAAABkAARAAAAAAAIAAAAA")


@pytest.mark.parametrize("protocol", ["h2c", "H2C", "h2c, websocket", "h2"])
async def test_g4_51_an_upgrade_to_h2c_does_not_reach_the_origin(bench, protocol):
    bench.check.reply = lambda _: Reply(200)
    answer = await bench.get("/", "open.test", f"upgrade: {protocol}", *UPGRADE)
    assert answer.status != 101
    for request in bench.origin.requests:
        assert request.get("upgrade") is None
        assert request.get("http2-settings") is None


@pytest.mark.parametrize("protocol", ["foo", "TLS/1.0", "tcp", "connect-udp", "websocket, foo", "spdy/3.1"])
@pytest.mark.parametrize("signed_in", [True, False])
async def test_g4_52_no_other_upgrade_than_websocket_and_early_bytes_go_nowhere(bench, protocol, signed_in):
    bench.check.reply = lambda _: Reply(200)
    host = "wiki.test" if signed_in else "open.test"
    cookie = [f"cookie: CF_Authorization={bench.token()}"] if signed_in else []
    head = "\r\n".join(
        ["GET / HTTP/1.1", f"host: {host}", "connection: upgrade", f"upgrade: {protocol}", *cookie, "", ""]
    )
    answer = await bench.door.send(head.encode() + b"early bytes", within=1)
    assert answer.status != 101
    assert all(request.get("upgrade") is None for request in bench.origin.requests)
    assert bytes(bench.origin.tunnelled) == b""
    assert all(b"early" not in request.head + request.body for request in bench.origin.requests)


WEBSOCKET = ("connection: upgrade", "upgrade: websocket", "sec-websocket-version: 13", "sec-websocket-key: MDEyMzQ1Njc4OTAxMjM0NQ==")  # fmt: skip


async def test_g4_53_an_upgrade_that_the_origin_answers_with_200_opens_no_tunnel(bench):
    bench.check.reply = lambda _: Reply(200)
    bench.origin.reply = lambda _: Reply(200, body=b"no")
    answer = await bench.door.send("\r\n".join(["GET /x HTTP/1.1", "host: open.test", *WEBSOCKET, "", ""]).encode())
    assert answer.status == 200
    await bench.door.send(
        "\r\n".join(["GET /x HTTP/1.1", "host: open.test", *WEBSOCKET, "", ""]).encode() + SMUGGLED, within=0.5
    )
    assert [request.target for request in bench.origin.requests] == ["/x", "/x"]


async def test_a_websocket_is_decided_about_like_any_request(bench):
    answer = await bench.get("/websocket", "wiki.test", *WEBSOCKET)
    assert answer.status == 403
    assert bench.origin.requests == []
    assert (
        await bench.get("/websocket", "wiki.test", *WEBSOCKET, cookie=f"CF_Authorization={bench.token()}")
    ).status == 101
    assert bench.origin.last.get("cf-access-authenticated-user-email") == world.EMAIL


async def test_a_websocket_carries_messages_on_the_fast_path(bench):
    where = {"host": "127.0.0.1", "port": bench.door.port, "proxy": None}
    cookie = {"cookie": f"CF_Authorization={bench.token()}"}
    async with websockets.connect("ws://wiki.test/websocket", additional_headers=cookie, **where) as socket:
        await socket.send("hello")
        assert await socket.recv() == "hello"
        await socket.send(b"\x00" * 100_000)
        assert await socket.recv() == b"\x00" * 100_000


async def test_server_sent_events_arrive_one_by_one(bench):
    loop = asyncio.get_running_loop()
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.door.port)
    writer.write(
        f"GET /events HTTP/1.1\r\nhost: wiki.test\r\ncookie: CF_Authorization={bench.token()}\r\n\r\n".encode()
    )
    times = []
    for number in range(3):
        await asyncio.wait_for(reader.readuntil(f"data: {number}\n\n".encode()), 5)
        times.append(loop.time())
    await ended(writer)
    assert times[2] - times[0] > 0.1


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "PRI", "FOO", "get", "G ET", ""])
@pytest.mark.parametrize("host", ["wiki.test", "open.test", "unknown.test", world.TEAM])
async def test_g4_55_odd_methods_are_refused_on_every_host(bench, method, host):
    bench.check.reply = lambda _: Reply(200)
    answer = await bench.get("/", host, method=method, cookie=f"CF_Authorization={bench.token()}")
    assert answer.status in {0, 400, 404, 405}
    assert bench.origin.requests == bench.check.requests == bench.web.requests == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "REPORT"])
async def test_g4_55_every_method_is_decided_about(bench, method):
    answer = await bench.get("/", method=method)
    assert answer.status == 403
    assert bench.check.last.method == method
    assert bench.origin.requests == []


async def test_g4_55_expect_continue_is_decided_before_the_body_comes(bench):
    answer = await bench.door.send(
        b"POST / HTTP/1.1\r\nhost: wiki.test\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n"
    )
    assert answer.status in {100, 403}
    assert bench.origin.requests == []


async def test_g4_56_a_preflight_is_no_exception_at_the_edge(bench):
    lines = ("origin: https://evil.test", "access-control-request-method: PUT", "content-length: 3")
    answer = await bench.door.send("\r\n".join(["OPTIONS / HTTP/1.1", "host: wiki.test", *lines, "", "abc"]).encode())
    assert answer.status == 403
    assert bench.origin.requests == []


class Http2:
    """A connection of h2 without TLS to the plain listener."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loose = H2Configuration(
            validate_outbound_headers=False, normalize_outbound_headers=False, header_encoding="latin-1"
        )
        self.protocol = h2.connection.H2Connection(loose)
        self.protocol.initiate_connection()
        self.reader, self.writer = reader, writer

    async def flush(self) -> None:
        self.writer.write(self.protocol.data_to_send())
        await self.writer.drain()

    async def outcome(self, stream: int, within: float = 5) -> str:
        """``:status`` of the stream, ``reset`` or ``closed``. Raises ``TimeoutError`` when nothing came."""
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(within):
                while data := await self.reader.read(1 << 16):
                    for event in self.protocol.receive_data(data):
                        if isinstance(event, h2.events.ResponseReceived) and event.stream_id == stream:
                            return dict(event.headers)[":status"]
                        if isinstance(event, h2.events.StreamReset) and event.stream_id == stream:
                            return "reset"
                        if isinstance(event, h2.events.ConnectionTerminated):
                            return "closed"
                    await self.flush()
        return "closed"

    async def settle(self, within: float = 0.3) -> None:
        """Let what is under way arrive."""
        with contextlib.suppress(TimeoutError):
            await self.outcome(-1, within)


@contextlib.asynccontextmanager
async def http2(bench: Bench):
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.door.port)
    try:
        yield Http2(reader, writer)
    finally:
        await ended(writer)


def pseudo(**changes: str) -> list[tuple[str, str]]:
    fields = {"method": "GET", "scheme": "http", "authority": "open.test", "path": "/"} | changes
    return [(f":{name}", value) for name, value in fields.items()]


async def test_http2_from_a_client_is_decided_and_forwarded(bench):
    bench.check.reply = lambda _: Reply(200)
    async with http2(bench) as connection:
        crumbs = [("cookie", "a=1"), ("cookie", f"CF_Authorization={bench.token()}"), ("cookie", "b=2")]
        connection.protocol.send_headers(1, [*pseudo(authority="wiki.test"), *crumbs], end_stream=True)
        await connection.flush()
        assert await connection.outcome(1) == "200"
    assert bench.check.requests == []
    assert bench.origin.last.get("cf-access-authenticated-user-email") == world.EMAIL
    assert bench.origin.last.get("cookie") == f"a=1; CF_Authorization={bench.token()}; b=2"


async def test_g5_78_two_tokens_in_cookie_crumbs_are_for_the_control_plane(bench):
    async with http2(bench) as connection:
        crumbs = [("cookie", f"CF_Authorization={bench.token()}"), ("cookie", "CF_Authorization=evil")]
        connection.protocol.send_headers(1, [*pseudo(authority="wiki.test"), *crumbs], end_stream=True)
        await connection.flush()
        assert await connection.outcome(1) == "403"
    assert bench.origin.requests == []


BAD_H2 = {
    "CRLF in the path": pseudo(path="/ HTTP/1.1\r\nx-admin: 1\r\n\r\n"),
    "LF in the path": pseudo(path="/\nx: y"),
    "blank in the path": pseudo(path="/ x"),
    "no slash": pseudo(path="admin"),
    "empty path": pseudo(path=""),
    "star": pseudo(path="*"),
    "CRLF in the authority": pseudo(authority="open.test\r\nx-admin: 1"),
    "userinfo": pseudo(authority="a@open.test"),
    "blank in the method": pseudo(method="GET / HTTP/1.1"),
    "lower-case method": pseudo(method="get /x"),
    "CRLF in a value": [*pseudo(), ("x", "a\r\ncf-access-jwt-assertion: 1")],
    "CRLF in a name": [*pseudo(), ("x: a\r\nb", "c")],
    "transfer-encoding": [*pseudo(method="POST"), ("transfer-encoding", "chunked")],
    "connection": [*pseudo(), ("connection", "x-request-id")],
    "upgrade": [*pseudo(), ("upgrade", "h2c")],
    "underscore": [*pseudo(), ("cf_access_jwt_assertion", "x")],
    "upper case": [*pseudo(), ("Cf-Access-Jwt-Assertion", "x")],
    "host beside authority": [*pseudo(), ("host", "wiki.test")],
    "two authorities": [*pseudo(), (":authority", "wiki.test")],
    "two paths": [*pseudo(), (":path", "/admin")],
    "pseudo header after others": [("x", "y"), *pseudo()],
    "unknown pseudo header": [*pseudo(), (":admin", "1")],
    "CONNECT": [(":method", "CONNECT"), (":authority", "open.test:80")],
    "CONNECT without authority": [(":method", "CONNECT")],
    "extended CONNECT": [*pseudo(method="CONNECT"), (":protocol", "websocket")],
    "connect-udp": [*pseudo(method="CONNECT"), (":protocol", "connect-udp")],
    "TRACE": pseudo(method="TRACE"),
}


@pytest.mark.parametrize("kind", BAD_H2)
async def test_g4_50_14_http2_that_would_not_survive_as_http1_is_refused(bench, kind):
    bench.check.reply = lambda _: Reply(200)
    async with http2(bench) as connection:
        connection.protocol.send_headers(1, BAD_H2[kind], end_stream=True)
        await connection.flush()
        outcome = await connection.outcome(1)
    if kind in {"host beside authority", "upper case"} and bench.origin.requests:
        # One authority counts everywhere; a name in capitals is the same name.
        assert bench.check.last.get("x-doorward-route") == "app-3"
        assert bench.origin.last.get("host") == "open.test"
        assert bench.origin.last.get("cf-access-jwt-assertion") is None
        return
    assert outcome in {"400", "404", "405", "reset", "closed"}, outcome
    assert bench.origin.requests == bench.check.requests == []


@pytest.mark.parametrize("scheme", ["HTTPS", "hTTp", "https", "javascript", "", "file"])
async def test_g2_27_the_scheme_a_client_names_counts_for_nothing(bench, scheme):
    bench.check.reply = lambda _: Reply(200)
    async with http2(bench) as connection:
        connection.protocol.send_headers(1, pseudo(scheme=scheme), end_stream=True)
        await connection.flush()
        outcome = await connection.outcome(1)
    if outcome == "200":
        assert bench.origin.last.get("x-forwarded-proto") == "http"
    else:
        assert outcome in {"400", "reset", "closed"}
        assert bench.origin.requests == []


async def test_g4_57_rapid_resets_end_the_connection(bench):
    bench.check.reply = lambda _: Reply(200, delay=0.2)
    async with http2(bench) as connection:
        ended = False
        for number in range(20_000):
            stream = 2 * number + 1
            try:
                connection.protocol.send_headers(stream, pseudo(), end_stream=True)
                connection.protocol.reset_stream(stream, h2.errors.ErrorCodes.CANCEL)
            except h2.exceptions.ProtocolError:
                ended = True
                break
            if number % 500 == 499:
                try:
                    await connection.flush()
                except ConnectionError:
                    ended = True
                    break
                if connection.reader.at_eof():
                    ended = True
                    break
                await asyncio.sleep(0)
        assert ended or await connection.outcome(-1, within=2) == "closed"
    assert (await bench.get("/", "unknown.test")).status in {404, 502, 403}  # and others are served


async def test_g4_57_an_endless_header_block_ends_the_connection(bench):
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.door.port)
    client = Http2(reader, writer)
    await client.flush()
    frame = b"\x00\x40\x00" + b"\x01" + b"\x00" + b"\x00\x00\x00\x01" + b"\x00" * 0x4000  # HEADERS without END_HEADERS
    more = b"\x00\x40\x00" + b"\x09" + b"\x00" + b"\x00\x00\x00\x01" + b"\x00" * 0x4000  # CONTINUATION
    with contextlib.suppress(ConnectionError):
        writer.write(frame)
        for _ in range(200):
            writer.write(more)
            await writer.drain()
    assert await client.outcome(1) in {"closed", "reset"}
    await ended(writer)
