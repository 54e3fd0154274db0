"""HTTP/2 and gRPC to origins that speak it, with trailers both ways, but none that claim an identity."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack
from pathlib import Path

import grpc
import pytest
import pytest_asyncio
from tests.edge.envoy_harness import running_door
from tests.edge.recording_http2 import recording_http2
from tests.edge.recording_origin import Reply, recording
from tests.edge.xds import world
from tests.edge.xds.conftest import Bench, refuse
from tests.edge.xds.test_framing import http2, pseudo

from doorward.edge.xds import build

pytestmark = [pytest.mark.edge, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running():
    async with AsyncExitStack() as stack:
        origin = await stack.enter_async_context(recording_http2())
        state = world.snapshot(9, h2_origin=origin.port)
        door = await stack.enter_async_context(running_door(lambda edge: build(state, edge, int(time.time()))))
        check = await stack.enter_async_context(recording(Path(door.edge.check_socket), refuse))
        web = await stack.enter_async_context(recording(Path(door.edge.web_socket)))
        yield Bench(door, origin, check, web)


@pytest.fixture
def bench(running):
    running.check.clear()
    running.check.reply = refuse
    running.origin.streams.clear()
    return running


def cookie(bench: Bench) -> str:
    return f"CF_Authorization={bench.token(world.H2)}"


async def test_grpc_streams_pass_with_the_identity(bench):
    options = [("grpc.default_authority", "h2.test")]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{bench.door.port}", options=options) as channel:
        call = channel.stream_stream("/echo.Echo/Chat")(metadata=[("cookie", cookie(bench))])
        for word in (b"one", b"two", b"three"):
            await call.write(word)
            assert await call.read() == word
        await call.done_writing()
        assert await call.read() is grpc.aio.EOF
        assert await call.code() is grpc.StatusCode.OK
    assert bench.origin.streams[0].all("cf-access-authenticated-user-email") == [world.EMAIL]
    assert bench.origin.streams[0].all(":path") == ["/echo.Echo/Chat"]
    assert bench.origin.streams[0].all("te") == ["trailers"]
    assert bench.check.requests == []


async def test_grpc_without_a_token_is_decided_by_the_control_plane(bench):
    options = [("grpc.default_authority", "h2.test")]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{bench.door.port}", options=options) as channel:
        with pytest.raises(grpc.aio.AioRpcError):
            await channel.unary_unary("/echo.Echo/Say")(b"one")
    assert len(bench.check.requests) == 1
    assert bench.origin.streams == []


@pytest.mark.parametrize("signed_in", [True, False])
async def test_g3_37_trailers_that_claim_an_identity_are_dropped_and_others_pass(bench, signed_in):
    bench.check.reply = lambda _: Reply(200)
    names = ["cf-access-jwt-assertion", "cf-access-authenticated-user-email", "x-forwarded-for", "x-forwarded-user", "x-doorward-route", "x-envoy-internal", "cf-access-client-secret", "x-real-ip"]  # fmt: skip
    async with http2(bench) as connection:
        headers = [*pseudo(method="POST", authority="h2.test"), ("te", "trailers")]
        if signed_in:
            headers.append(("cookie", cookie(bench)))
        connection.protocol.send_headers(1, headers)
        connection.protocol.send_data(1, b"data")
        connection.protocol.send_headers(
            1, [*((name, "forged") for name in names), ("x-checksum", "1")], end_stream=True
        )
        await connection.flush()
        assert await connection.outcome(1) == "200"
        await connection.settle()
    stream = bench.origin.streams[0]
    assert stream.data == b"data"
    assert stream.trailers == [("x-checksum", "1")]
    assert "forged" not in str(stream.headers)


async def test_http1_clients_reach_an_http2_origin(bench):
    answer = await bench.get("/a?b", "h2.test", cookie=cookie(bench))
    assert answer.status == 200
    assert bench.origin.streams[0].all(":path") == ["/a?b"]
    assert bench.origin.streams[0].all(":authority") == ["h2.test"]
