"""What can be reached from the network, and what only from within (docs/attacks.md, G10 153)."""

from __future__ import annotations

import socket
import stat
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.breakage.house import ANONYMOUS, FAST, runtime_of, signed_in
from tests.breakage.raw import request, send
from tests.door.running import browser

pytestmark = pytest.mark.edge

LISTENING = "0A"
"""State in /proc/net/tcp."""


def listening(pid: int) -> set[tuple[str, int]]:
    """Address and port of each TCP socket this process listens on."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        target = str(descriptor.readlink())
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found = set()
    for table in ("tcp", "tcp6"):
        for row in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = row.split()
            if fields[3] == LISTENING and fields[9] in inodes:
                address, port = fields[1].split(":")
                assert table == "tcp", "nothing here was told to listen on IPv6"
                found.add((socket.inet_ntoa(bytes.fromhex(address)[::-1]), int(port, 16)))
    return found


async def test_g10_153_the_only_tcp_ports_are_the_door_and_status_on_loopback(house):
    door, children = house.door, house.door.children()
    assert listening(children["envoy"]) == {("127.0.0.1", door.port)}
    assert listening(children["control"]) == {("127.0.0.1", door.status_port)}
    assert listening(door.process.pid) == set()


async def test_the_sockets_are_for_their_owner_only(house):
    runtime = runtime_of(house.door)
    assert stat.S_IMODE(runtime.stat().st_mode) == 0o700
    sockets = {path.name for path in runtime.iterdir() if path.is_socket()}
    assert sockets >= {"xds.sock", "check.sock", "web.sock", "admin.sock"}
    state = house.door.folder / "state"
    assert stat.S_IMODE(state.stat().st_mode) & 0o077 == 0
    for path in state.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


INSIDE = (
    "/check", "/check/", "/check/anything", "/readyz", "/livez", "/metrics", "/stats", "/config_dump", "/clusters",
    "/server_info", "/ready", "/healthcheck/fail", "/quitquitquit", "/logging", "/certs", "/debug/pprof/", "/memory", "/runtime",
    "/listeners", "/drain_listeners", "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources",
)  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_g10_153_nothing_of_the_inside_answers_on_the_door(house, method):
    """On an application's host these are the application's paths; on the team domain and everywhere else, nothing."""
    door = house.door
    async with browser() as client:
        for path in INSIDE:
            for host, statuses in (
                (FAST, {302, 401, 403}),
                ("login.localhost", {302, 400, 404, 405}),
                ("nobody.localhost", {404}),
                ("127.0.0.1", {404}),
            ):
                response = await client.request(method, door.url(host, path), headers=ANONYMOUS)
                assert response.status_code in statuses, (host, path, response.status_code, response.text)
                shown = response.text.replace(quote(path, safe=""), "").replace(path, "")
                for inside in ("envoy", "doorward_check", "process_resident_memory", "LIVE", '"checks"'):
                    assert inside not in shown, (host, path)
    assert not [seen for seen in house.origin.requests if seen.target in INSIDE]
    await door.ready()


async def test_the_check_cannot_be_asked_from_outside(house):
    """Not even with the headers that Envoy itself would send it."""
    somebody = await signed_in(house)
    lines = (
        b"x-doorward-client-address: 127.0.0.1",
        b"x-doorward-route: none",
        b"x-doorward-assertion: " + somebody.token.encode(),
        b"x-request-id: 00000000-0000-4000-8000-000000000000",
    )
    for host in (FAST, "login.localhost", "doorward_check", "nobody.localhost"):
        authority = f"{host}:{house.door.port}".encode()
        answer = await send(house.door.port, request(authority, b"/check/inside", *lines))
        assert answer.status != 200, host
        assert not answer.from_origin
    assert not house.reached("/check/inside")
    assert not house.reached("/inside")


async def test_g10_153_status_answers_only_to_loopback_names(house):
    """A page whose own name was pointed at 127.0.0.1 (DNS rebinding) learns nothing."""
    port = house.door.status_port
    for path in (b"/metrics", b"/readyz", b"/livez"):
        refused = await send(port, request(b"rebound.example", path))
        assert refused.status == 400
        assert len(refused.body) < 100
        assert (await send(port, request(f"127.0.0.1:{port}".encode(), path))).status == 200


async def test_status_says_nothing_secret(house):
    somebody = await signed_in(house)
    told = await house.door.metrics()
    for secret in (somebody.token, "alice", "example.test", FAST, "any secret will do"):
        assert secret not in told
