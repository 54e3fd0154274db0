"""TLS listeners: HTTP/1.1 and 2, the redirect beside them, HTTP/3 offered, certificates that change while in use."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import json
import ssl
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
import websockets
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.connection import ended
from tests.edge.envoy_harness import free_port, running_door
from tests.edge.recording_origin import Reply, recording
from tests.edge.xds import world
from tests.edge.xds.conftest import Bench

from doorward.edge import envoy
from doorward.edge.xds import EdgeSettings, TlsPair, build
from doorward.organization import Ingress, OriginRequest, PublicAddress

pytestmark = [pytest.mark.edge, pytest.mark.asyncio(loop_scope="module")]


def certificate(*names: str) -> TlsPair:
    """Self-signed, for names and addresses."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    alternatives = [x509.IPAddress(ipaddress.ip_address(n)) if n[0].isdigit() else x509.DNSName(n) for n in names]
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return TlsPair(signed.public_bytes(serialization.Encoding.PEM), private)


FIRST = certificate("wiki.test", "open.test")


def with_tls(edge: EdgeSettings) -> EdgeSettings:
    https = free_port()
    public = PublicAddress(scheme="https", port=https)
    return replace(edge, https=https, tls=FIRST, http3=True, public=public)


def trusting(pair: TlsPair, *protocols: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=pair.certificate.decode())
    context.set_alpn_protocols(list(protocols) or ["http/1.1"])
    return context


async def over_tls(bench: Bench, request: str, pair: TlsPair = FIRST, host: str = "wiki.test") -> bytes:
    where = {"host": "127.0.0.1", "port": bench.door.edge.https, "ssl": trusting(pair), "server_hostname": host}
    reader, writer = await asyncio.open_connection(**where)
    try:
        writer.write(request.replace("\n", "\r\n").encode())
        return await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    finally:
        await ended(writer)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running():
    async with AsyncExitStack() as stack:
        origin = await stack.enter_async_context(recording())
        state = world.snapshot(origin.port, public=PublicAddress(scheme="https", port=443))
        door = await stack.enter_async_context(
            running_door(lambda edge: build(state, edge, int(time.time())), with_tls)
        )
        check = await stack.enter_async_context(recording(Path(door.edge.check_socket)))
        web = await stack.enter_async_context(recording(Path(door.edge.web_socket)))
        yield Bench(door, origin, check, web)


async def test_https_leads_to_the_origin_and_offers_http3(bench):
    bench.check.reply = lambda _: Reply(200)
    head = await over_tls(bench, "GET /x HTTP/1.1\nhost: open.test\n\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert f'alt-svc: h3=":{bench.door.edge.https}"; ma=86400'.encode() in head
    assert bench.origin.last.get("x-forwarded-proto") == "https"


async def test_http2_is_negotiated(bench):
    context = trusting(FIRST, "h2", "http/1.1")
    _, writer = await asyncio.open_connection(
        "127.0.0.1", bench.door.edge.https, ssl=context, server_hostname="wiki.test"
    )
    assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2"
    await ended(writer)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_tls_older_than_1_2_is_refused(bench, version):
    context = trusting(FIRST)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection("127.0.0.1", bench.door.edge.https, ssl=context, server_hostname="wiki.test")


@pytest.mark.parametrize("host", ["wiki.test", "team.test", "wiki.test:1234"])
async def test_g2_30_the_plain_listener_only_redirects(bench, host):
    token = f"CF_Authorization={bench.token(iss='https://team.test')}"
    answer = await bench.get("/a?b=c", host, cookie=token)
    assert answer.status == 308
    name = host.partition(":")[0]
    assert answer.all("location") == [f"https://{name}:{bench.door.edge.https}/a?b=c"]
    assert answer.all("set-cookie") == []
    assert bench.origin.requests == bench.check.requests == bench.web.requests == []
    assert (await bench.get("/cdn-cgi/access/certs", host)).status == 308
    assert (await bench.get("/websocket", host, "upgrade: websocket", "connection: upgrade")).status in {308, 403}
    assert bench.origin.requests == bench.check.requests == bench.web.requests == []


async def test_g2_30_the_plain_listener_leads_no_host_of_others_anywhere(bench):
    answer = await bench.get("/a", "unknown.test")
    assert answer.status == 404
    assert not bench.origin.requests


@pytest.mark.parametrize(
    "host", ["wiki.test@evil.org", "wiki.test:@evil.org", "a/b", "", "evil.org\\@wiki.test", "wiki.test, x"]
)
async def test_g2_23_the_redirect_names_no_odd_host(bench, host):
    answer = await bench.get("/", host)
    assert answer.status == 400
    assert answer.all("location") == []


@pytest.mark.parametrize("target", ["//evil.org/x", "///evil.org", "/\\evil.org", "/x/..//evil.org"])
async def test_the_redirect_stays_on_its_host_whatever_the_path(bench, target):
    answer = await bench.get(target)
    if answer.status == 308:
        assert answer.all("location")[0].startswith(f"https://wiki.test:{bench.door.edge.https}/")
    else:
        assert answer.status == 400


async def test_http3_listens_on_udp(bench):
    listeners = await bench.door.admin("/listeners")
    assert sorted(line.partition("::")[0] for line in listeners.split("\n") if line) == ["http", "http3", "https"]


def http3_client(port: int, target: int, authority: str, socket: Path) -> dict:
    """Bootstrap of another Envoy that takes plain HTTP on ``port`` and speaks HTTP/3 to ``target``."""
    kinds = "type.googleapis.com/envoy.extensions"
    tls = {
        "sni": "wiki.test",
        "common_tls_context": {"validation_context": {"trusted_ca": {"inline_string": authority}}},
    }
    cluster = {
        "name": "door",
        "type": "STATIC",
        "load_assignment": {"cluster_name": "door", "endpoints": [{"lb_endpoints": [{"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": target}}}}]}]},
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {"@type": f"{kinds}.upstreams.http.v3.HttpProtocolOptions", "explicit_http_config": {"http3_protocol_options": {}}}},
        "transport_socket": {"name": "envoy.transport_sockets.quic", "typed_config": {"@type": f"{kinds}.transport_sockets.quic.v3.QuicUpstreamTransport", "upstream_tls_context": tls}},
    }  # fmt: skip
    manager = {
        "@type": f"{kinds}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "client",
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {"@type": f"{kinds}.filters.http.router.v3.Router"}}],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "door"}}]}]},
    }  # fmt: skip
    listener = {
        "name": "client",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }
    admin = {"address": {"pipe": {"path": str(socket)}}}
    return {"static_resources": {"clusters": [cluster], "listeners": [listener]}, "admin": admin}


async def test_http3_leads_to_the_origin_and_to_the_decision(bench):
    port, folder = free_port(), bench.door.runtime
    authority = FIRST.certificate.decode()
    written = json.dumps(http3_client(port, bench.door.edge.https, authority, folder / "client.sock"))
    (folder / "client.json").write_text(written)
    process = await asyncio.create_subprocess_exec(
        *envoy.command(envoy.binary(), folder / "client.json", 1), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        token = f"cookie: CF_Authorization={bench.token(iss='https://team.test')}"
        assert await plain_get(port, "wiki.test", token) == 200
        assert bench.check.requests == []
        assert bench.origin.last.get("cf-access-authenticated-user-email") == world.EMAIL
        assert bench.origin.last.get("x-forwarded-proto") == "https"
        reached = len(bench.origin.requests)
        bench.check.reply = lambda _: Reply(403)
        assert await plain_get(port, "wiki.test", "cf-access-authenticated-user-email: forged@example.com") == 403
        assert len(bench.origin.requests) == reached
        bench.check.reply = lambda _: Reply(200)
        assert await plain_get(port, "open.test", "cf-access-authenticated-user-email: forged@example.com") == 200
        assert bench.origin.last.get("cf-access-authenticated-user-email") is None
        reached = len(bench.origin.requests)
        assert await plain_get(port, "open.test", "cf_access_jwt_assertion: forged") in {400, 502}  # 502: stream reset
        assert len(bench.origin.requests) == reached
    finally:
        process.kill()
        await process.wait()


async def plain_get(port: int, host: str, *lines: str) -> int:
    async with asyncio.timeout(10):
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionError:
                await asyncio.sleep(0.05)
                continue
            writer.write("\r\n".join(["GET / HTTP/1.1", f"host: {host}", *lines, "", ""]).encode())
            head = await reader.readuntil(b"\r\n\r\n")
            await ended(writer)
            return int(head.split(b" ", 2)[1])


async def test_a_new_certificate_is_used_at_once_and_open_connections_stay(bench):
    bench.check.reply = lambda _: Reply(200)
    where = {"host": "127.0.0.1", "port": bench.door.edge.https, "ssl": trusting(FIRST), "server_hostname": "wiki.test"}
    cookie = {"cookie": f"CF_Authorization={bench.token(iss='https://team.test')}"}
    state = world.snapshot(bench.origin.port, public=PublicAddress(scheme="https", port=443))
    async with websockets.connect(
        "wss://wiki.test/websocket", additional_headers=cookie, proxy=None, **where
    ) as socket:
        second = certificate("wiki.test", "open.test")
        changed = replace(bench.door.edge, tls=second)
        await bench.door.publish(build(state, changed, bench.now))
        assert (await over_tls(bench, "GET / HTTP/1.1\nhost: open.test\n\n", second)).startswith(b"HTTP/1.1 200")
        with pytest.raises(ssl.SSLCertVerificationError):
            await over_tls(bench, "GET / HTTP/1.1\nhost: open.test\n\n", FIRST)
        await socket.send("still here")
        assert await socket.recv() == "still here"
    await bench.door.publish(build(state, bench.door.edge, bench.now))


async def test_a_broken_certificate_is_refused_by_envoy_and_the_last_good_one_stays(bench):
    state = world.snapshot(bench.origin.port, public=PublicAddress(scheme="https", port=443))
    broken = replace(bench.door.edge, tls=TlsPair(FIRST.certificate, certificate("wiki.test").key))
    with pytest.raises(AssertionError, match="certificate"):
        await bench.door.publish(build(state, broken, bench.now), within=1)
    assert bench.door.rejections[-1].names == ("certificate",)
    assert FIRST.key.decode() not in bench.door.rejections[-1].message
    bench.check.reply = lambda _: Reply(200)
    assert (await over_tls(bench, "GET / HTTP/1.1\nhost: open.test\n\n")).startswith(b"HTTP/1.1 200")
    await bench.door.publish(build(state, bench.door.edge, bench.now))


class TlsOrigin:
    """An https origin on 127.0.0.1 with a certificate of its own."""

    def __init__(self, pair: TlsPair, folder: Path) -> None:
        self.authority = folder / "ca.pem"
        self.authority.write_bytes(pair.certificate)
        key = folder / "key.pem"
        key.write_bytes(pair.key)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.authority, key)
        self.names: list[str | None] = []
        self.context.sni_callback = lambda _, name, __: self.names.append(name)
        self.reached = 0

    async def serve(self, reader, writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.reached += 1
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()
        writer.close()


@pytest.mark.parametrize(
    ("request_settings", "status", "name"),
    [
        ({"caPool": "CA", "originServerName": "inside.test"}, 200, "inside.test"),
        ({"caPool": "CA"}, 200, None),
        ({"caPool": "CA", "originServerName": "other.test"}, 503, "other.test"),
        ({}, 503, None),
        ({"noTLSVerify": True}, 200, None),
        ({"noTLSVerify": True, "originServerName": "any.test"}, 200, "any.test"),
    ],
)
async def test_https_origins_are_verified_as_told(bench, tmp_path, request_settings, status, name):
    origin = TlsOrigin(certificate("inside.test", "127.0.0.1"), tmp_path)
    server = await asyncio.start_server(origin.serve, "127.0.0.1", 0, ssl=origin.context)
    port = server.sockets[0].getsockname()[1]
    settings = {key: str(origin.authority) if value == "CA" else value for key, value in request_settings.items()}
    entry = Ingress(hostname="open.test", service=f"https://127.0.0.1:{port}", originRequest=OriginRequest(**settings))
    state = world.snapshot(1, ingress=(entry,), public=PublicAddress(scheme="https", port=443))
    await bench.door.publish(build(state, bench.door.edge, bench.now))
    bench.check.reply = lambda _: Reply(200)
    head = await over_tls(bench, "GET / HTTP/1.1\nhost: open.test\n\n")
    assert int(head.split(b" ", 2)[1]) == status, bench.door.log()
    assert origin.reached == (status == 200)
    if status == 200:
        assert origin.names[-1] == name
    server.close()
