from __future__ import annotations

import socket
import time

import httpx
import pytest
from tests.providers.hostile import hostile_server

from doorward.providers import outbound
from doorward.providers.failure import Failure, Reason
from doorward.providers.outbound import Call, exchange, outbound_client


@pytest.fixture
async def hostile():
    async with hostile_server() as server:
        yield server


@pytest.fixture
async def client():
    async with outbound_client() as client:
        yield client


async def ask(client, url):
    return await exchange(client, Call("GET", url), "the answer")


@pytest.mark.parametrize("path", ["/fine", "/no-type", "/text-type", "/jwk-type"])
async def test_json_is_read_under_the_content_types_it_is_sent_with(client, hostile, path):
    reply = await ask(client, hostile.url(path))
    assert (reply.status, reply.document) == (200, {"fine": True})


async def test_an_error_with_json_is_an_answer(client, hostile):
    reply = await ask(client, hostile.url("/bad-request"))
    assert (reply.status, reply.document) == (400, {"error": "invalid_grant"})


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/redirect", Reason.INVALID_ANSWER),
        ("/redirect-permanent", Reason.INVALID_ANSWER),
        ("/not-modified", Reason.INVALID_ANSWER),
        ("/error", Reason.UNAVAILABLE),
        ("/busy", Reason.UNAVAILABLE),
        ("/limited", Reason.UNAVAILABLE),
        ("/html", Reason.INVALID_ANSWER),
        ("/image", Reason.INVALID_ANSWER),
        ("/signed", Reason.INVALID_ANSWER),
        ("/not-json", Reason.INVALID_ANSWER),
        ("/list", Reason.INVALID_ANSWER),
        ("/empty", Reason.INVALID_ANSWER),
        ("/twice", Reason.INVALID_ANSWER),
        ("/zipped", Reason.INVALID_ANSWER),
        ("/huge", Reason.INVALID_ANSWER),
        ("/huge-chunks", Reason.INVALID_ANSWER),
        ("/huge-head", Reason.UNAVAILABLE),
        ("/garbage", Reason.UNAVAILABLE),
        ("/short", Reason.UNAVAILABLE),
        ("/bad-length", Reason.UNAVAILABLE),
        ("/nothing", Reason.UNAVAILABLE),
    ],
)
async def test_g5_67_a_misbehaving_provider_is_refused(client, hostile, path, reason):
    with pytest.raises(Failure) as refused:
        await ask(client, hostile.url(path))
    assert refused.value.reason is reason
    assert refused.value.detail.startswith("the answer")
    assert len(hostile.requests) == 1


@pytest.mark.parametrize("path", ["/silent", "/drip"])
async def test_g5_67_a_slow_provider_is_given_up_on(client, hostile, path, monkeypatch):
    monkeypatch.setattr(outbound, "TIMEOUT", 0.5)
    began = time.monotonic()
    with pytest.raises(Failure, match=r"within 0\.5 s") as refused:
        await ask(client, hostile.url(path))
    assert refused.value.reason is Reason.UNAVAILABLE
    assert time.monotonic() - began < 5


async def test_a_closed_port_is_unavailable(client):
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        with pytest.raises(Failure, match="ConnectError") as refused:
            await ask(client, f"http://127.0.0.1:{reserved.getsockname()[1]}/")
    assert refused.value.reason is Reason.UNAVAILABLE


async def test_names_under_localhost_need_no_resolver_and_keep_their_host_header(client, hostile, monkeypatch):
    def no_resolver(host, *rest, **more):
        assert host == "127.0.0.1", f"{host} was looked up"
        return original(host, *rest, **more)

    original = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", no_resolver)
    reply = await ask(client, f"http://directory.localhost:{hostile.port}/fine")
    assert reply.document == {"fine": True}
    assert f"host: directory.localhost:{hostile.port}\r\n".encode() in hostile.requests[0].lower()


async def test_no_proxy_and_no_netrc_of_the_environment_is_used(hostile, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password hush\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with outbound_client() as client:
        assert (await ask(client, hostile.url("/fine"))).status == 200
    assert b"authorization" not in hostile.requests[0].lower()


async def test_cookies_are_not_kept_and_compression_is_not_offered(client, hostile):
    await ask(client, hostile.url("/cookie"))
    await ask(client, hostile.url("/fine"))
    assert b"cookie" not in hostile.requests[1].lower()
    assert b"accept-encoding: identity\r\n" in hostile.requests[1].lower()


async def test_a_transport_can_be_put_in_its_place():
    def play(request: httpx.Request) -> httpx.Response:
        body = b'{"host": "%s"}' % request.url.host.encode()
        return httpx.Response(200, stream=httpx.ByteStream(body))

    async with outbound_client(httpx.MockTransport(play)) as client:
        assert (await ask(client, "https://idp.test/")).document == {"host": "idp.test"}
        assert (await ask(client, "https://idp.localhost/")).document == {"host": "127.0.0.1"}
