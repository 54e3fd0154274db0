"""Connections that stay: WebSocket, server-sent events, gRPC and HTTP/2, through the door to an origin."""

from __future__ import annotations

import asyncio
import json
import time

import grpc
import httpx
import pytest
from tests.door.grpc_echo import METHOD
from tests.door.house import aud
from tests.door.running import Loopback, claims_of
from tests.door.visitor import unseen_path
from websockets.asyncio.client import connect

pytestmark = pytest.mark.edge


@pytest.mark.parametrize("host", ["wiki.localhost", "here.localhost"])
async def test_a_websocket_talks_to_the_origin(house, alice, host):
    await alice.open(host)
    address = house.url(host, "/websocket/chat").replace("http", "ws", 1)
    cookie = {"cookie": f"CF_Authorization={alice.cookie(host)}"}
    async with connect(
        address, host="127.0.0.1", port=house.door.port, proxy=None, additional_headers=cookie
    ) as socket:
        await socket.send("hello")
        assert await socket.recv() == "hello"
        await socket.send(b"\x00\x01" * 20_000)
        assert await socket.recv() == b"\x00\x01" * 20_000
    sent = house.all_at_origin("/websocket/chat")[-1]
    assert claims_of(sent.get("cf-access-jwt-assertion"))["aud"] == [aud(host)]
    assert sent.get("cf-access-authenticated-user-email") == "alice@example.test"


async def test_events_arrive_one_by_one(house, alice):
    async with alice.client.stream("GET", house.url("wiki.localhost", "/events")) as response:
        assert response.headers["content-type"] == "text/event-stream"
        arrivals = [(time.monotonic(), text) async for text in response.aiter_text()]
    assert "".join(text for _, text in arrivals) == "data: 0\n\ndata: 1\n\ndata: 2\n\n"
    assert arrivals[-1][0] - arrivals[0][0] > 0.1


async def test_http_2_without_tls_reaches_the_same_applications(house, alice):
    transport = Loopback(http1=False, http2=True)
    paths = [unseen_path() for _ in range(20)]
    async with httpx.AsyncClient(transport=transport, trust_env=False, timeout=20) as client:
        assert (await client.get(house.url("wiki.localhost", "/"))).status_code == 302
        header = {"cookie": f"a=1; CF_Authorization={alice.cookie('wiki.localhost')}"}
        answers = await asyncio.gather(
            *(client.get(house.url("wiki.localhost", path), headers=header) for path in paths)
        )
    assert {(answer.http_version, answer.status_code) for answer in answers} == {("HTTP/2", 200)}
    assert all(house.reached(path) for path in paths)


def talk(house, metadata):
    authority = f"stream.localhost:{house.door.port}"
    channel = grpc.aio.insecure_channel(f"127.0.0.1:{house.door.port}", options=[("grpc.default_authority", authority)])
    return channel, channel.stream_stream(METHOD)(metadata=metadata, timeout=20)


@pytest.mark.parametrize("carrier", ["cookie", "cf-access-token"])
async def test_grpc_streams_both_ways(house, alice, carrier):
    await alice.get("stream.localhost")  # 302, then the rest: the origin speaks no ordinary HTTP
    response = await alice.open("stream.localhost", until="/cdn-cgi/access/authorized")
    await alice.ask("GET", response.headers["location"])
    token = alice.cookie("stream.localhost")
    value = f"CF_Authorization={token}" if carrier == "cookie" else token
    channel, call = talk(house, ((carrier, value),))
    async with channel:
        await call.write(b"first")
        seen = json.loads(await call.read())
        assert await call.read() == b"first"
        for number in range(3):
            await call.write(b"%d" % number)
            assert await call.read() == b"%d" % number
        await call.done_writing()
        assert await call.read() is grpc.aio.EOF
    assert seen["cf-access-jwt-assertion"] == token
    assert seen["cf-access-authenticated-user-email"] == "alice@example.test"
    assert "cf-access-token" not in seen


async def test_grpc_without_a_session_does_not_reach_the_origin(house):
    channel, call = talk(house, ())
    async with channel:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call.read()
    assert refused.value.code() in {grpc.StatusCode.UNKNOWN, grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE}


async def test_a_large_upload_and_download_pass(house, alice):
    path = unseen_path()
    await alice.ask("POST", house.url("wiki.localhost", path), content=b"x" * 3_000_000)
    assert len(house.at_origin(path).body) == 3_000_000
