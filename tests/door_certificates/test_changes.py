"""What changes while the door is open: revocation lists, authorities, settings; and what open connections make of it."""

from __future__ import annotations

import asyncio
import json
import ssl

import pytest
import websockets
from tests.client_certificates.authority import Authority
from tests.connection import connected
from tests.door.running import eventually
from tests.door.visitor import unseen_path
from tests.door_certificates.place import DEVICES, LISTED, LOST, OTHERS, Device, devices_door

pytestmark = pytest.mark.edge


@pytest.fixture
def house(tmp_path):
    with devices_door(tmp_path / "door") as house:
        yield house


def put(house, name, content):
    """Replace a file as an operator should: at once."""
    new = house.door.folder / f"{name}.new"
    new.write_bytes(content)
    new.replace(house.door.folder / name)


async def status(house, client, host):
    async with Device(house, client, program=True) as device:
        return (await device.get(host)).status_code


async def until(house, client, host, wanted):
    async with asyncio.timeout(30):
        while True:
            if await status(house, client, host) == wanted:
                return
            await asyncio.sleep(0.1)


def trusting(house, client):
    (authority,) = house.door.folder.rglob("ca.crt")
    tls = ssl.create_default_context(cafile=str(authority))
    tls.load_cert_chain(*client.write(house.door.folder))
    return tls


async def test_g10_148_a_new_list_ends_what_was_let_in_before_on_open_connections_too(house):
    stolen, kept = LISTED.issue("stolen"), LISTED.issue("kept")
    tls = trusting(house, stolen)
    async with connected(house.door.port, tls=tls, name="listed.localhost") as (reader, writer):
        path = unseen_path()
        assert await again(house, reader, writer, path) == 200
        where = {"host": "127.0.0.1", "port": house.door.port, "ssl": tls, "server_hostname": "listed.localhost"}
        async with websockets.connect(
            f"wss://listed.localhost:{house.door.port}/websocket", proxy=None, **where
        ) as socket:
            await socket.send("one")
            assert await socket.recv() == "one"
            put(house, "listed.crl", LISTED.revoking(LOST, stolen))
            with pytest.raises(websockets.ConnectionClosed):
                async with asyncio.timeout(20):
                    await socket.recv()
        assert await again(house, reader, writer, path) == 403
    await until(house, stolen, "listed.localhost", 403)
    assert await status(house, kept, "listed.localhost") == 200
    assert await status(house, LOST, "listed.localhost") == 403


async def again(house, reader, writer, path):
    """The status of one more request on this connection."""
    writer.write(f"GET {path} HTTP/1.1\r\nhost: listed.localhost:{house.door.port}\r\n\r\n".encode())
    async with asyncio.timeout(10):
        head = await reader.readuntil(b"\r\n\r\n")
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                await reader.readexactly(int(line.split(b":")[1]))
    return int(head.split(b" ", 2)[1])


async def test_a_list_that_cannot_be_read_changes_nothing_and_is_told_of(house):
    for content in (b"nonsense", OTHERS.revoking()):
        put(house, "listed.crl", content)
        await eventually(lambda: log_has(house, "client_authority_unusable"), 20)
        assert await status(house, LOST, "listed.localhost") == 403
        assert await status(house, LISTED.issue(), "listed.localhost") == 200
    (house.door.folder / "listed.crl").unlink()
    await eventually(lambda: log_has(house, "cannot be read"), 20)
    assert await status(house, LOST, "listed.localhost") == 403
    assert await status(house, LISTED.issue(), "listed.localhost") == 200


def log_has(house, text):
    return text in house.door.log.read_text(errors="replace")


async def test_g10_148_with_a_list_that_is_too_old_no_certificate_counts(house):
    client = LISTED.issue()
    assert await status(house, client, "listed.localhost") == 200
    put(house, "listed.crl", LISTED.revoking(LOST, days=-1))
    await until(house, client, "listed.localhost", 403)
    assert log_has(house, "revocation_list_too_old")
    put(house, "listed.crl", LISTED.revoking(LOST))
    await until(house, client, "listed.localhost", 200)


async def test_another_authority_takes_the_place_of_the_one_before(house):
    new, old = Authority.make("Devices"), DEVICES.issue()
    tls = trusting(house, old)
    async with connected(house.door.port, tls=tls, name="devices.localhost") as (reader, writer):
        assert await old_connection(house, reader, writer) == 200
        put(house, "devices.pem", new.pem)
        await until(house, new.issue(), "devices.localhost", 200)
        assert await status(house, old, "devices.localhost") == 403
        assert await old_connection(house, reader, writer) in {421, 0}


async def old_connection(house, reader, writer):
    """The status of a request on it; 0 when the door has ended it."""
    try:
        writer.write(f"GET / HTTP/1.1\r\nhost: devices.localhost:{house.door.port}\r\n\r\n".encode())
        async with asyncio.timeout(10):
            head = await reader.readuntil(b"\r\n\r\n")
            length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            await reader.readexactly(int(length[0].split(b":")[1]))
        return int(head.split(b" ", 2)[1])
    except (ConnectionError, asyncio.IncompleteReadError):
        return 0


async def test_a_host_can_be_added_and_taken_away_by_a_reload(house):
    ports = house.door
    written = ports.configuration.read_text()
    assert await status(house, LISTED.issue(), "bare.localhost") == 403
    await ports.reload(written.replace("[listed.localhost]", "[listed.localhost, bare.localhost]"))
    await until(house, LISTED.issue(), "bare.localhost", 200)
    await ports.reload(written)
    await until(house, LISTED.issue(), "bare.localhost", 403)
    assert await status(house, LISTED.issue(), "listed.localhost") == 200


async def test_a_service_token_alone_does_not_enter_where_a_certificate_is_wanted_too(house):
    made = json.loads(house.door.run("tokens", "create", "ci", "--json").stdout)
    pair = {"cf-access-client-id": made["client_id"], "cf-access-client-secret": made["client_secret"]}
    async with Device(house, program=True) as without, Device(house, DEVICES.issue(), program=True) as device:
        assert (await without.get("tokens.localhost", headers=pair)).status_code == 403
        assert (await device.get("tokens.localhost")).status_code == 403
        assert (await device.get("tokens.localhost", headers=pair)).status_code == 200
