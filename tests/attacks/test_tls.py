"""Names and ports with TLS: which application a connection belongs to, and what plain http does beside it (group 2)."""

from __future__ import annotations

import asyncio
import contextlib
import ssl

import h2.connection
import h2.events
import pytest
from h2.config import H2Configuration
from tests.attacks.wire import ask
from tests.connection import ended
from tests.door.house import STAFF, House, Kind, configuration, standing
from tests.door.running import free_ports
from tests.door.visitor import Visitor, set_cookies, unseen_path

pytestmark = pytest.mark.edge

KINDS = (
    Kind("wiki.localhost", (STAFF,)),
    Kind("notes.localhost", (STAFF,)),
    Kind("open.localhost", ("policies: [Everybody may look]",)),
)


@pytest.fixture(scope="module")
def plain_port():
    return free_ports(1)[0]


@pytest.fixture(scope="module")
def safe(tmp_path_factory, plain_port):
    listen = f"{{address: 127.0.0.1, http: {plain_port}, https: {{door}}, tls: local}}"
    with standing(tmp_path_factory.mktemp("safe"), configuration(listen, KINDS), scheme="https") as house:
        yield house


@pytest.fixture
async def alice(safe):
    async with Visitor(safe) as visitor:
        await visitor.sign_in("wiki.localhost")
        yield visitor


def trusting(*protocols: str) -> ssl.SSLContext:
    """Checks no certificate: it is the name in the handshake that matters here."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(list(protocols))
    return context


async def over_tls(house: House, sni: str | None, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", house.door.port, ssl=trusting("http/1.1"), server_hostname=sni or ""
    )
    try:
        writer.write(data)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                return await reader.read(1 << 20)
        return b""
    finally:
        await ended(writer)


def get(host: str, target: str, *lines: str) -> bytes:
    return "\r\n".join([f"GET {target} HTTP/1.1", f"host: {host}", "connection: close", *lines, "", ""]).encode()


@pytest.mark.parametrize("sni", ["open.localhost", "login.localhost", "nobody.example", None])
async def test_g2_22_28_the_name_in_the_handshake_opens_nothing_the_request_is_what_is_decided_about(safe, sni):
    """A connection made for an open name, or for none, is no way into a closed one."""
    target = unseen_path()
    answer = await over_tls(safe, sni, get("wiki.localhost", target))
    assert answer.startswith(b"HTTP/1.1 302 ")
    assert b"/cdn-cgi/access/login/wiki.localhost?" in answer
    assert not safe.reached(target)


async def test_g2_22_a_token_counts_for_its_application_whatever_the_handshake_named(safe, alice):
    token = alice.cookie("wiki.localhost")
    own, other = unseen_path(), unseen_path()
    line = f"cookie: CF_Authorization={token}"
    assert (await over_tls(safe, "notes.localhost", get("wiki.localhost", own, line))).startswith(b"HTTP/1.1 200 ")
    assert (await over_tls(safe, "wiki.localhost", get("notes.localhost", other, line))).startswith(b"HTTP/1.1 302 ")
    assert safe.reached(own)
    assert not safe.reached(other)


async def test_g2_22_requests_for_several_names_on_one_http_2_connection_are_decided_one_by_one(safe, alice):
    """Browsers reuse a connection for every name in the certificate."""
    token = alice.cookie("wiki.localhost")
    names = ["open.localhost", "wiki.localhost", "notes.localhost", "open.localhost"]
    targets = [unseen_path() for _ in names]
    statuses = await coalesced(safe, [(name, target, token) for name, target in zip(names, targets, strict=True)])
    assert statuses == ["200", "200", "302", "200"]
    assert [safe.reached(target) for target in targets] == [True, True, False, True]


async def coalesced(house, asked):
    """``:status`` of each of these requests on one connection, in order."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", house.door.port, ssl=trusting("h2"), server_hostname="open.localhost"
    )
    protocol = h2.connection.H2Connection(H2Configuration(header_encoding="utf-8"))
    protocol.initiate_connection()
    for number, (host, target, token) in enumerate(asked):
        fields = {":method": "GET", ":scheme": "https", ":authority": f"{host}:{house.door.port}", ":path": target}
        protocol.send_headers(
            1 + 2 * number, [*fields.items(), ("cookie", f"CF_Authorization={token}")], end_stream=True
        )
    writer.write(protocol.data_to_send())
    found = {}
    try:
        async with asyncio.timeout(10):
            while len(found) < len(asked):
                for event in protocol.receive_data(await reader.read(1 << 16)):
                    if isinstance(event, h2.events.ResponseReceived):
                        found[event.stream_id] = dict(event.headers)[":status"]
                writer.write(protocol.data_to_send())
    finally:
        await ended(writer)
    return [found[stream] for stream in sorted(found)]


@pytest.mark.parametrize("host", ["wiki.localhost", "login.localhost", "open.localhost"])
@pytest.mark.parametrize(
    "target",
    ["/", "/cdn-cgi/access/login/wiki.localhost", "/cdn-cgi/access/authorized?nonce=x", "/cdn-cgi/access/certs"],
)
async def test_g2_30_plain_http_only_leads_to_https(safe, plain_port, host, target):
    answer = await ask(
        plain_port, host, target, "cookie: CF_Authorization=x", "x-forwarded-proto: https", "x-forwarded-port: 443"
    )
    assert answer.status == 308
    assert answer.all("location") == [f"https://{host}:{safe.door.port}{target}"]
    assert answer.all("set-cookie") == []
    assert safe.origin.requests == [] or target not in {
        one.target for one in safe.origin.requests if one.get("host") == host
    }


@pytest.mark.parametrize(
    "host",
    [
        "evil.example@wiki.localhost",
        "wiki.localhost/x",
        "wiki.localhost\\@evil.example",
        "a b",
        "wiki.localhost:80@evil.example",
        "<x>",
        "wiki.localhost?x",
    ],
)
async def test_g2_23_30_a_host_that_is_none_is_not_led_anywhere(safe, plain_port, host):
    answer = await ask(plain_port, host, "/")
    assert answer.status in {0, 400}
    assert answer.all("location") == []


async def test_g2_30_on_plain_http_no_host_of_others_is_led_anywhere(safe, plain_port):
    """A cache in front that keys by address alone would hand the answer to everybody."""
    answer = await ask(plain_port, "evil.example", "/")
    assert all("evil.example" not in target for target in answer.all("location"))


async def test_g6_84_what_a_sibling_site_can_plant_starts_no_login_here(safe):
    """A cookie for the whole parent domain has the plain name only. A browser must show the one with the ``__Host-`` prefix."""
    async with Visitor(safe) as attacker, Visitor(safe) as victim:
        ended = await attacker.sign_in("wiki.localhost", who="mallory", until="/cdn-cgi/access/")
        planted = {name: attacker.cookie("login.localhost", name) for name in ("CF_Session", "CF_Authorization")}
        assert ended.status_code in {302, 403}
        assert planted["CF_Session"]
        victim.client.cookies.set("CF_Session", planted["CF_Session"], domain="login.localhost", path="/")
        if planted["CF_Authorization"]:
            victim.client.cookies.set(
                "CF_Authorization", planted["CF_Authorization"], domain="login.localhost", path="/"
            )
        page = await victim.open("notes.localhost", unseen_path())
        assert page.status_code == 200
        assert "mallory" not in page.text
        assert (await victim.get("login.localhost", "/")).text.count("mallory") == 0


async def test_g6_84_every_cookie_that_ties_a_browser_has_a_twin_that_cannot_be_planted(safe, alice):
    cookies = set_cookies(await alice.get("notes.localhost", unseen_path()))
    for name, cookie in cookies.items():
        assert "secure" in cookie
        assert "httponly" in cookie
        assert "domain" not in cookie
        if name.startswith("__Host-"):
            assert cookie["path"] == "/"
    assert any(name.startswith("__Host-") for name in cookies) or alice.cookie(
        "notes.localhost", "__Host-CF_AppSession"
    )
