"""Client certificates at a real Envoy: what the control plane is told, and when (access.md 3.5; docs/attacks.md, 22, 28, 79, 148)."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import socket
import ssl
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import h2.connection
import h2.events
import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from h2.config import H2Configuration
from tests.client_certificates.authority import DAY, Authority, now
from tests.connection import connected
from tests.edge.envoy_harness import Answer, free_port, running_door
from tests.edge.recording_origin import Reply, recording
from tests.edge.xds import world
from tests.edge.xds.conftest import Bench
from tests.edge.xds.test_tls import certificate, http3_client, plain_get

from doorward.client_certificates import ClientAuthorities, ClientAuthority, read_lists, read_shown
from doorward.edge import envoy, headers
from doorward.edge.xds import build
from doorward.organization import PublicAddress
from doorward.policy.model import Policy

pytestmark = [pytest.mark.edge, pytest.mark.asyncio(loop_scope="module")]

SERVED = certificate("wiki.test", "open.test", "lost.test", "a.wild.test", "strict.test")
DEVICES, OTHERS, STRANGERS = (Authority.make(one) for one in ("Devices", "Others", "Strangers"))
BETWEEN = Authority.make("Between", above=DEVICES)
PAIR = [DEVICES.certificate, BETWEEN.certificate]
REVOKED = DEVICES.issue("stolen")
GOOD = DEVICES.issue()
LIST = read_lists(DEVICES.revoking(REVOKED), [DEVICES.certificate])
PUBLIC = PublicAddress(scheme="https", port=443)
AUTHORITIES = ClientAuthorities.of(
    [
        ClientAuthority("Devices", ("wiki.test",), DEVICES.pem),
        ClientAuthority("Others", ("open.test",), OTHERS.pem),
        ClientAuthority("Listed", ("a.wild.test",), DEVICES.pem, LIST),
    ],
    forwarding=["open.test"],
)
ASKED = headers.CLIENT_CERTIFICATE


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running():
    async with AsyncExitStack() as stack:
        origin = await stack.enter_async_context(recording())
        state = state_of(origin.port)

        def with_tls(edge):
            return replace(edge, https=free_port(), tls=SERVED, http3=True, public=PUBLIC)

        door = await stack.enter_async_context(
            running_door(lambda edge: build(state, edge, int(time.time())), with_tls)
        )
        check = await stack.enter_async_context(recording(Path(door.edge.check_socket)))
        web = await stack.enter_async_context(recording(Path(door.edge.web_socket)))
        yield Bench(door, origin, check, web)


def state_of(port, authorities=AUTHORITIES):
    applications = (
        *world.APPLICATIONS,
        world.application(20, "one.test", policies=(Policy.model_validate(
            {"id": "m", "name": "m", "decision": "non_identity", "include": [{"certificate": {}}]}),)),
    )  # fmt: skip
    return replace(world.snapshot(port, public=PUBLIC, applications=applications), client_authorities=authorities)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("clients")


def shows(folder, client=None, *protocols, newest=ssl.TLSVersion.TLSv1_3):
    context = ssl.create_default_context(cadata=SERVED.certificate.decode())
    context.set_alpn_protocols(list(protocols) or ["http/1.1"])
    context.maximum_version = newest
    if client is not None:
        context.load_cert_chain(*client.write(folder))
    return context


async def ask(bench, tls, host, *lines, name=None, path="/"):
    """One request of HTTP/1.1; ``name`` is what the connection was made for."""
    written = "\r\n".join([f"GET {path} HTTP/1.1", f"host: {host}", "connection: close", *lines, "", ""])
    async with connected(bench.door.edge.https, tls=tls, name=name or host) as (reader, writer):
        writer.write(written.encode())
        async with asyncio.timeout(10):
            return Answer(await reader.read())


def told(bench):
    """What the control plane was told of a certificate at the only question; None: nothing."""
    (question,) = bench.check.requests
    said = question.get(ASKED)
    return None if said is None else read_shown(said)


async def test_a_good_certificate_reaches_the_control_plane_and_not_the_origin(bench, folder):
    bench.check.reply = lambda _: Reply(200)
    answer = await ask(bench, shows(folder, GOOD), "wiki.test")
    assert answer.status == 200
    shown = told(bench)
    assert shown.certificate.fingerprint == GOOD.fingerprint
    assert shown.certificate.common_name == "device-1"
    assert shown.checked_by == AUTHORITIES.at("wiki.test").version
    assert bench.check.last.get(headers.ROUTE) == "app-1"
    assert bench.origin.last.get(ASKED) is None
    assert not bench.origin.last.all("x-forwarded-client-cert")


async def test_who_shows_none_is_asked_about_without_one(bench, folder):
    bench.check.reply = lambda _: Reply(403)
    assert (await ask(bench, shows(folder), "wiki.test")).status == 403
    assert told(bench) is None


BAD = {
    "another authority": STRANGERS.issue(),
    "the authority of another host": OTHERS.issue(),
    "expired": DEVICES.issue(begins=now() - 9 * DAY, ends=now() - dt.timedelta(seconds=5)),
    "not yet valid": DEVICES.issue(begins=now() + DAY),
    "for servers": DEVICES.issue(usage=[ExtendedKeyUsageOID.SERVER_AUTH]),
    "for signing code": DEVICES.issue(usage=[ExtendedKeyUsageOID.CODE_SIGNING]),
    "by an intermediate that is not sent": replace(BETWEEN.issue(), chain=()),
    "by a certificate that is no authority": Authority(GOOD.certificate, GOOD.key, (GOOD.certificate,)).issue(),
    "an authority of the same name": Authority.make("Devices").issue(),
}


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("kind", BAD)
async def test_g10_148_a_bad_certificate_counts_for_nothing_and_the_request_goes_on(bench, folder, kind, newest):
    bench.check.reply = lambda _: Reply(403)
    assert (await ask(bench, shows(folder, BAD[kind], newest=newest), "wiki.test")).status == 403
    assert told(bench) is None


async def test_g10_148_nor_does_a_revoked_one(bench, folder):
    bench.check.reply = lambda _: Reply(403)
    assert (await ask(bench, shows(folder, REVOKED), "a.wild.test")).status == 403
    assert told(bench) is None


async def test_one_that_the_list_does_not_name_counts(bench, folder):
    await ask(bench, shows(folder, GOOD), "a.wild.test")
    assert told(bench).certificate.fingerprint == GOOD.fingerprint


async def test_where_no_list_is_given_nothing_is_looked_up(bench, folder):
    await ask(bench, shows(folder, REVOKED), "wiki.test")
    assert told(bench).certificate.common_name == "stolen"


async def test_one_of_an_intermediate_counts_when_the_client_sends_it_along(bench, folder):
    await ask(bench, shows(folder, BETWEEN.issue("deep")), "wiki.test")
    assert told(bench).certificate.common_name == "deep"


async def test_g10_148_names_inside_a_certificate_end_up_as_they_are_or_not_at_all(bench, folder):
    """A NUL, a comma or a second common name: nothing is cut off, joined or taken from elsewhere."""
    alternatives = x509.SubjectAlternativeName([x509.DNSName("wiki.test\0.evil.test"), x509.RFC822Name("a@b.test")])
    for common_name, expected in {
        "ok\0evil": "",
        "a,CN=admin": "a,CN=admin",
        'q"\\+=x': 'q"\\+=x',
        "Zoë": "Zoë",
    }.items():
        bench.clear()
        client = DEVICES.issue(common_name, extensions=[alternatives])
        await ask(bench, shows(folder, client), "wiki.test")
        shown = told(bench)
        assert shown.certificate.fingerprint == client.fingerprint
        assert shown.certificate.common_name == expected


FORGED = (
    f"{ASKED}: {AUTHORITIES.at('wiki.test').version} -----BEGIN%20CERTIFICATE-----",
    'x-forwarded-client-cert: Hash=abc;Subject="CN=admin"',
    "cf-client-cert-der-base64: forged",
    "cf-client-cert-sha256: forged",
    "cf-access-client-cert: forged",
    "client-cert: :forged:",
    "client-cert-chain: :forged:",
)


@pytest.mark.parametrize("host", ["wiki.test", "open.test", "a.wild.test", "strict.test"])
async def test_g10_148_what_a_client_says_about_its_certificate_is_removed(bench, folder, host):
    bench.check.reply = lambda _: Reply(200)
    assert (await ask(bench, shows(folder), host, *FORGED)).status == 200
    assert told(bench) is None
    assert not [
        name for name, _ in bench.check.last.headers if "client-cert" in name and "client-certificate" not in name
    ]
    assert not [name for name, _ in bench.origin.last.headers if "client-cert" in name]


async def test_g10_148_nor_is_it_mixed_with_a_true_one(bench, folder):
    await ask(bench, shows(folder, GOOD), "wiki.test", *FORGED)
    assert told(bench).certificate.fingerprint == GOOD.fingerprint


@pytest.mark.parametrize("name", ["open.test", "a.wild.test", "strict.test", "lost.test"])
async def test_g2_22_a_connection_for_another_host_proves_nothing_here(bench, folder, name):
    answer = await ask(bench, shows(folder, GOOD), "wiki.test", name=name)
    assert answer.status == 421
    assert bench.check.requests == bench.origin.requests == []


@pytest.mark.parametrize(
    "host", ["open.test", "strict.test", "lost.test", "team.test", "nobody.test", "WIKI.test.evil"]
)
@pytest.mark.parametrize("path", ["/", "/cdn-cgi/access/certs", "/cdn-cgi/access/login/wiki.test"])
async def test_g2_22_a_connection_for_a_host_with_certificates_leads_to_no_other(bench, folder, host, path):
    answer = await ask(bench, shows(folder, GOOD), host, name="wiki.test", path=path)
    assert answer.status == 421
    assert bench.check.requests == bench.origin.requests == bench.web.requests == []


@pytest.mark.parametrize("host", ["WIKI.TEST", "wiki.test.", "wiki.test:443", "Wiki.Test.:8443"])
async def test_g2_23_another_spelling_of_the_host_is_the_host(bench, folder, host):
    await ask(bench, shows(folder, GOOD), host, name="wiki.test")
    assert told(bench).certificate.fingerprint == GOOD.fingerprint


async def test_g2_22_a_server_name_in_capitals_is_that_name(bench, folder):
    await ask(bench, shows(folder, GOOD), "wiki.test", name="WIKI.TEST")
    assert told(bench).certificate.fingerprint == GOOD.fingerprint


async def test_g2_28_without_a_server_name_no_certificate_is_asked_for(bench, folder):
    tls = shows(folder, GOOD)
    tls.check_hostname = False
    assert (await ask(bench, tls, "wiki.test", name="127.0.0.1")).status == 421
    bench.clear()
    bench.check.reply = lambda _: Reply(200)
    assert (await ask(bench, tls, "strict.test", name="127.0.0.1")).status == 200
    assert told(bench) is None


async def coalesced(bench, tls, name, hosts):
    """``:status`` for each host, on one connection of HTTP/2 made for ``name``."""
    protocol = h2.connection.H2Connection(H2Configuration(header_encoding="utf-8"))
    protocol.initiate_connection()
    for number, host in enumerate(hosts):
        fields = {":method": "GET", ":scheme": "https", ":authority": host, ":path": "/"}
        protocol.send_headers(1 + 2 * number, list(fields.items()), end_stream=True)
    found = {}
    async with connected(bench.door.edge.https, tls=tls, name=name) as (reader, writer), asyncio.timeout(10):
        writer.write(protocol.data_to_send())
        while len(found) < len(hosts):
            for event in protocol.receive_data(await reader.read(1 << 16)):
                if isinstance(event, h2.events.ResponseReceived):
                    found[event.stream_id] = dict(event.headers)[":status"]
            writer.write(protocol.data_to_send())
    return [found[stream] for stream in sorted(found)]


async def test_g2_22_requests_that_reuse_a_connection_are_sent_away(bench, folder):
    bench.check.reply = lambda _: Reply(200)
    tls = shows(folder, GOOD, "h2")
    assert await coalesced(bench, tls, "wiki.test", ["wiki.test", "open.test", "wiki.test"]) == ["200", "421", "200"]
    assert [question.get("host") for question in bench.check.requests] == ["wiki.test"] * 2
    assert all(read_shown(question.get(ASKED)) for question in bench.check.requests)
    bench.clear()
    bench.check.reply = lambda _: Reply(200)
    assert await coalesced(bench, tls, "strict.test", ["strict.test", "wiki.test"]) == ["200", "421"]
    assert told(bench) is None


async def test_a_session_is_not_resumed_because_a_resumed_one_is_not_verified(bench, folder):
    for newest in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        tls, kept = shows(folder, GOOD, newest=newest), None
        for _ in range(2):
            bench.clear()
            loop = asyncio.get_running_loop()
            kept = await loop.run_in_executor(None, session_of, bench.door.edge.https, tls, kept)
            assert told(bench).certificate.fingerprint == GOOD.fingerprint


def session_of(port, tls, kept):
    """The TLS session after one request; asserts that ``kept`` was not taken up again."""
    with (
        socket.create_connection(("127.0.0.1", port), 10) as plain,
        tls.wrap_socket(plain, server_hostname="wiki.test", session=kept) as wrapped,
    ):
        wrapped.sendall(b"GET / HTTP/1.1\r\nhost: wiki.test\r\nconnection: close\r\n\r\n")
        while wrapped.recv(1 << 16):
            pass
        assert not wrapped.session_reused
        return wrapped.session


async def test_a_person_without_certificate_passes_unasked_and_one_with_a_certificate_does_not(bench, folder):
    token = f"cookie: CF_Authorization={bench.token(iss='https://team.test')}"
    assert (await ask(bench, shows(folder), "wiki.test", token)).status == 200
    assert bench.check.requests == []
    assert bench.origin.last.get(headers.AUTHENTICATED_EMAIL) == world.EMAIL
    assert (await ask(bench, shows(folder, STRANGERS.issue()), "wiki.test", token)).status == 200
    assert bench.check.requests == []
    assert (await ask(bench, shows(folder, GOOD), "wiki.test", token)).status == 403
    assert told(bench).certificate.fingerprint == GOOD.fingerprint


async def test_the_origin_is_shown_a_certificate_only_where_that_is_switched_on(bench, folder):
    shown = [(headers.CERTIFICATE_DER, "TWFu"), (headers.CERTIFICATE_SHA256, "ab" * 32)]
    bench.check.reply = lambda _: Reply(200, list(shown))
    assert (await ask(bench, shows(folder, OTHERS.issue()), "open.test")).status == 200
    assert [bench.origin.last.get(name) for name, _ in shown] == ["TWFu", "ab" * 32]
    for host, client in (("wiki.test", GOOD), ("open.test", None), ("strict.test", None)):
        assert (await ask(bench, shows(folder, client), host)).status == 200
        assert [bench.origin.last.get(name) for name, _ in shown] == [None, None]


async def test_on_plain_http_nothing_of_it_is_there(bench):
    answer = await bench.get("/", "wiki.test", *FORGED)
    assert answer.status == 308
    assert bench.check.requests == []


async def test_http3_is_not_offered_where_certificates_are_asked_for(bench, folder):
    bench.check.reply = lambda _: Reply(200)
    assert not (await ask(bench, shows(folder), "wiki.test")).all("alt-svc")
    assert (await ask(bench, shows(folder), "strict.test")).all("alt-svc")


async def test_a_new_list_holds_for_new_connections_and_closes_none(bench, folder):
    bench.check.reply = lambda _: Reply(200)
    stolen = DEVICES.issue("lost phone")
    listed = ClientAuthority("Listed", ("a.wild.test",), DEVICES.pem, LIST)
    more = replace(listed, lists=read_lists(DEVICES.revoking(REVOKED, stolen), [DEVICES.certificate]))
    tls = shows(folder, stolen)
    async with connected(bench.door.edge.https, tls=tls, name="a.wild.test") as (reader, writer):
        assert await told_on(bench, reader, writer, "a.wild.test")
        state = state_of(bench.origin.port, ClientAuthorities.of([more]))
        await bench.door.publish(build(state, bench.door.edge, bench.now))
        bench.check.clear()
        await eventually_none(bench, tls, "a.wild.test")
        # The connection was verified when it began; that its certificate has ended since, the control plane knows.
        assert (await told_on(bench, reader, writer, "a.wild.test")).certificate.common_name == "lost phone"
    await bench.door.publish(build(state_of(bench.origin.port), bench.door.edge, bench.now))


async def test_other_authorities_hold_at_once_and_older_connections_lead_nowhere(bench, folder):
    bench.check.reply = lambda _: Reply(200)
    before = AUTHORITIES.at("wiki.test").version
    tls = shows(folder, GOOD)
    async with connected(bench.door.edge.https, tls=tls, name="wiki.test") as (reader, writer):
        assert (await told_on(bench, reader, writer, "wiki.test")).checked_by == before
        changed = ClientAuthorities.of([ClientAuthority("Others", ("wiki.test",), OTHERS.pem)])
        await bench.door.publish(build(state_of(bench.origin.port, changed), bench.door.edge, bench.now))
        bench.check.clear()
        await eventually_none(bench, tls, "wiki.test")
        bench.check.clear()
        await ask(bench, shows(folder, OTHERS.issue()), "wiki.test")
        assert told(bench).checked_by == changed.at("wiki.test").version != before
        bench.check.clear()
        bench.origin.clear()
        assert await status_on(reader, writer, "wiki.test") in {421, 0}
        assert bench.check.requests == bench.origin.requests == []
    await bench.door.publish(build(state_of(bench.origin.port), bench.door.edge, bench.now))
    bench.check.clear()
    await ask(bench, shows(folder, GOOD), "wiki.test")
    assert told(bench).checked_by == before


NOBODY = ClientAuthorities()
NEXT = {
    "another authority": ClientAuthorities.of([ClientAuthority("Others", ("wiki.test",), OTHERS.pem)]),
    "none at this host": ClientAuthorities.of([ClientAuthority("Others", ("open.test",), OTHERS.pem)]),
    "none at all": NOBODY,
}


@pytest.mark.parametrize("following", NEXT)
async def test_g5_79_what_is_revoked_is_revoked_on_connections_of_the_authorities_before(bench, folder, following):
    """Somebody without a certificate, on the fast path: Envoy keeps the connection for as long as it drains."""
    bench.check.reply = lambda _: Reply(403)
    cookie = f"cookie: CF_Authorization={bench.token(iss='https://team.test')}"
    async with AsyncExitStack() as stack:
        reach = {"tls": shows(folder), "name": "wiki.test"}
        busy, idle = [await stack.enter_async_context(connected(bench.door.edge.https, **reach)) for _ in range(2)]
        assert [await status_on(*one, "wiki.test", cookie) for one in (busy, idle)] == [200, 200]
        state = state_of(bench.origin.port, NEXT[following])
        await bench.door.publish(build(state, bench.door.edge, bench.now))
        assert await status_on(*busy, "wiki.test", cookie) in {421, 0}
        revoked = replace(state, revoked={"app-1": frozenset({world.NONCE})})
        await bench.door.publish(build(revoked, bench.door.edge, bench.now))
        bench.origin.clear()
        for one in (busy, idle, busy, idle):
            assert await status_on(*one, "wiki.test", cookie) in {421, 0}
        assert bench.origin.requests == []
    await bench.door.publish(build(state_of(bench.origin.port), bench.door.edge, bench.now))


async def test_g5_79_and_on_those_from_before_there_was_one(bench, folder):
    bench.check.reply = lambda _: Reply(403)
    cookie = f"cookie: CF_Authorization={bench.token(iss='https://team.test')}"
    await bench.door.publish(build(state_of(bench.origin.port, NOBODY), bench.door.edge, bench.now))
    async with connected(bench.door.edge.https, tls=shows(folder), name="wiki.test") as (reader, writer):
        assert await status_on(reader, writer, "wiki.test", cookie) == 200
        await bench.door.publish(build(state_of(bench.origin.port), bench.door.edge, bench.now))
        bench.origin.clear()
        assert await status_on(reader, writer, "wiki.test", cookie) in {421, 0}
        assert bench.origin.requests == []


async def test_g10_148_a_revoked_authority_in_the_middle_ends_open_connections(bench, folder):
    """The route that tells the certificate is gone, whatever the chain was; who is still good connects again."""
    bench.check.reply = lambda _: Reply(200)
    listed = ClientAuthority("Listed", ("a.wild.test",), DEVICES.pem + BETWEEN.pem)
    before, after = (
        ClientAuthorities.of(
            [replace(listed, lists=read_lists(DEVICES.revoking(*named) + BETWEEN.revoking(), PAIR))]
        )
        for named in ((), (BETWEEN,))
    )  # fmt: skip
    await bench.door.publish(build(state_of(bench.origin.port, before), bench.door.edge, bench.now))
    deep, tls = shows(folder, BETWEEN.issue("deep")), shows(folder, GOOD)
    async with connected(bench.door.edge.https, tls=deep, name="a.wild.test") as (reader, writer):
        assert (await told_on(bench, reader, writer, "a.wild.test")).certificate.common_name == "deep"
        await bench.door.publish(build(state_of(bench.origin.port, after), bench.door.edge, bench.now))
        bench.check.clear()
        await eventually_none(bench, deep, "a.wild.test")
        bench.check.clear()
        assert await status_on(reader, writer, "a.wild.test") in {421, 0}
        assert bench.check.requests == []
    await ask(bench, tls, "a.wild.test")
    assert told(bench).checked_by == after.at("a.wild.test").version
    await bench.door.publish(build(state_of(bench.origin.port), bench.door.edge, bench.now))


@pytest.mark.parametrize("issuer", [DEVICES, BETWEEN], ids=["the root", "the one in the middle"])
async def test_g10_148_with_one_list_no_chain_with_an_authority_in_the_middle_counts(bench, folder, issuer):
    """Every certificate of a chain needs a list of its issuer; ``HostAuthorities.version`` relies on it."""
    lists = read_lists(issuer.revoking(), PAIR)
    one = ClientAuthorities.of([ClientAuthority("Listed", ("a.wild.test",), DEVICES.pem + BETWEEN.pem, lists)])
    await bench.door.publish(build(state_of(bench.origin.port, one), bench.door.edge, bench.now))
    await eventually_none(bench, shows(folder, BETWEEN.issue("deep")), "a.wild.test")
    bench.check.clear()
    await ask(bench, shows(folder, GOOD), "a.wild.test")
    assert (told(bench) is not None) == (issuer is DEVICES)
    await bench.door.publish(build(state_of(bench.origin.port), bench.door.edge, bench.now))


async def status_on(reader, writer, host, *lines):
    """The status of one more request on this connection; 0 when the door has ended it."""
    try:
        writer.write("\r\n".join(["GET / HTTP/1.1", f"host: {host}", *lines, "", ""]).encode())
        async with asyncio.timeout(10):
            head = await reader.readuntil(b"\r\n\r\n")
            lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
            await reader.readexactly(int(lengths[0].split(b":")[1]) if lengths else 0)
    except (ConnectionError, asyncio.IncompleteReadError):
        return 0
    return int(head.split(b" ", 2)[1])


async def told_on(bench, reader, writer, host):
    """What the control plane is told of a certificate when this connection asks."""
    bench.check.clear()
    bench.check.reply = lambda _: Reply(200)
    if await status_on(reader, writer, host) == 0:
        return None
    said = bench.check.last.get(ASKED)
    return None if said is None else read_shown(said)


async def eventually_none(bench, tls, host):
    """Wait until a new connection proves nothing any more."""
    async with asyncio.timeout(20):
        while True:
            bench.check.clear()
            bench.check.reply = lambda _: Reply(200)
            await ask(bench, tls, host)
            if told(bench) is None:
                return
            await asyncio.sleep(0.05)


async def test_g2_22_http3_asks_for_no_certificate_and_leads_to_no_host_that_wants_one(bench, folder):
    port = free_port()
    written = http3_client(port, bench.door.edge.https, SERVED.certificate.decode(), folder / "client.sock")
    (folder / "client.json").write_text(json.dumps(written))
    process = await asyncio.create_subprocess_exec(
        *envoy.command(envoy.binary(), folder / "client.json", 1), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        bench.check.reply = lambda _: Reply(200)
        assert await plain_get(port, "wiki.test") == 421
        assert bench.check.requests == []
        assert await plain_get(port, "strict.test", *FORGED) == 200
        assert told(bench) is None
    finally:
        process.kill()
        await process.wait()


def in_segments(hello):
    return [hello[start : start + 7] for start in range(0, len(hello), 7)]


def in_records(hello):
    """The same handshake message in TLS records of 40 bytes each."""
    kind, body = hello[:3], hello[5:]
    pieces = [body[start : start + 40] for start in range(0, len(body), 40)]
    return [kind + len(piece).to_bytes(2, "big") + piece for piece in pieces]


@pytest.mark.parametrize("cut", [in_segments, in_records])
async def test_g2_28_a_handshake_in_pieces_is_still_for_that_host(bench, folder, cut):
    bench.check.reply = lambda _: Reply(200)
    assert await handshake_in_pieces(bench, shows(folder, GOOD), "wiki.test", cut) == 200
    assert told(bench).certificate.fingerprint == GOOD.fingerprint


async def handshake_in_pieces(bench, tls, host, cut):
    """The status of a request whose connection began with a ClientHello in pieces; 0 when the door hung up."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = tls.wrap_bio(incoming, outgoing, server_hostname=host)
    async with connected(bench.door.edge.https) as (reader, writer), asyncio.timeout(20):
        begun = False

        async def exchange(step):
            """Repeat a step of the TLS session until it has what it needs from the other side."""
            nonlocal begun
            while True:
                try:
                    done = step()
                except ssl.SSLWantReadError:
                    done = None
                for piece in [outgoing.read()] if begun else cut(outgoing.read()):
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
                begun = True
                if done is not None:
                    return done
                if not (data := await reader.read(1 << 16)):
                    return b""
                incoming.write(data)

        try:
            if await exchange(lambda: session.do_handshake() or b"done") != b"done":
                return 0
            await exchange(lambda: session.write(f"GET / HTTP/1.1\r\nhost: {host}\r\n\r\n".encode()))
            return Answer(await exchange(lambda: session.read(1 << 16))).status
        except (ssl.SSLError, ConnectionError):
            return 0
