"""Changing the configuration of a running Envoy: what is in force when, and what open connections feel."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace

import pytest
import pytest_asyncio
import websockets
from google.protobuf.any_pb2 import Any
from tests.edge.recording_origin import Reply
from tests.edge.xds import world
from tests.edge.xds.conftest import Bench

from doorward.edge import envoy
from doorward.edge.xds import AdsServer, UnsafeConfiguration, build
from doorward.edge.xds.resources import LISTENER, ROUTES, Resource, Resources
from doorward.organization import Ingress

pytestmark = [pytest.mark.edge, pytest.mark.asyncio(loop_scope="module")]


def current(bench: Bench, **changes) -> Resources:
    return build(world.snapshot(bench.origin.port, **changes), bench.door.edge, bench.now)


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def _default_configuration(bench):
    yield
    await bench.door.publish(current(bench))


async def test_a_new_application_and_its_origin_are_in_force_when_the_version_is_live(bench):
    assert (await bench.get("/", "new.test")).status == 403
    assert bench.check.last.get("x-doorward-route") == "none"
    applications = (*world.APPLICATIONS, world.application(20, "new.test"))
    ingress = (Ingress(hostname="new.test", service=f"http://new.localhost:{bench.origin.port}"),)
    resources = current(bench, applications=applications, ingress=ingress)
    assert not bench.door.ads.live(resources.version)
    await bench.door.publish(resources)
    assert bench.door.ads.live(resources.version)
    assert (await bench.get("/", "new.test", cookie=f"CF_Authorization={bench.token(20)}")).status == 200


async def test_g5_79_a_revoked_token_is_refused_though_envoy_has_it_cached(bench):
    token = bench.token()
    assert (await bench.get(cookie=f"CF_Authorization={token}")).status == 200
    await bench.door.publish(current(bench, revoked={"app-1": frozenset({world.NONCE, "ee" * 32})}))
    assert (await bench.get(cookie=f"CF_Authorization={token}")).status == 403
    assert (await bench.get(cookie=f"CF_Authorization={bench.token(nonce='cd' * 32)}")).status == 200
    other = bench.token(world.ADMIN)
    assert (await bench.get("/admin", cookie=f"CF_Authorization={other}")).status == 200


async def test_a_hundred_thousand_revoked_tokens_are_taken_by_envoy_and_each_one_counts(bench):
    nonces = frozenset(f"{number * 2654435761 % 2**64:016x}" + "0" * 48 for number in range(100_000))
    started = time.monotonic()
    await bench.door.publish(current(bench, revoked={"app-1": nonces}))
    assert time.monotonic() - started < 10
    for nonce in sorted(nonces)[::9973]:
        assert (await bench.get(cookie=f"CF_Authorization={bench.token(nonce=nonce)}")).status == 403
    assert (await bench.get(cookie=f"CF_Authorization={bench.token()}")).status == 200


async def test_tokens_from_before_a_change_of_the_rules_are_asked_about(bench):
    applications = (world.application(world.WIKI, "wiki.test", not_before=bench.now - 5),)
    await bench.door.publish(current(bench, applications=applications))
    assert (await bench.get(cookie=f"CF_Authorization={bench.token(iat=bench.now - 6)}")).status == 403
    assert (await bench.get(cookie=f"CF_Authorization={bench.token(iat=bench.now - 5)}")).status == 200


async def test_g5_80_keys_rotate_without_touching_open_connections(bench):
    where = {"host": "127.0.0.1", "port": bench.door.port, "proxy": None}
    old = bench.token()
    cookie = {"cookie": f"CF_Authorization={old}"}
    async with websockets.connect("ws://wiki.test/websocket", additional_headers=cookie, **where) as socket:
        listeners = await listener_lines(bench)
        both = (world.signing_key(), world.signing_key("next", bench.now - 1))
        await bench.door.publish(current(bench, keys=both))
        new = world.token(
            world.claims(world.WIKI, bench.now), key="next", kid=world.signing_key("next", bench.now - 1).kid
        )
        assert (await bench.get(cookie=f"CF_Authorization={old}")).status == 200
        assert (await bench.get(cookie=f"CF_Authorization={new}")).status == 200
        await bench.door.publish(current(bench, keys=both[1:]))
        assert (await bench.get(cookie=f"CF_Authorization={old}")).status == 403
        assert (await bench.get(cookie=f"CF_Authorization={new}")).status == 200
        await socket.send("still here")
        assert await socket.recv() == "still here"
        assert await listener_lines(bench) == listeners


async def listener_lines(bench: Bench) -> list[str]:
    """Counters that grow when a listener is added, changed or drained."""
    stats = await bench.door.admin("/stats?filter=listener_manager.listener_")
    return [line for line in stats.splitlines() if "create" in line or "modified" in line or "removed" in line]


async def test_another_control_plane_with_the_same_configuration_changes_nothing(bench):
    before = await updates(bench)
    await bench.door.ads.stop()
    bench.door.ads = AdsServer(bench.door.rejections.append)
    resources = current(bench)
    bench.door.ads.publish(resources)
    assert not bench.door.ads.live(resources.version)
    await bench.door.ads.start(bench.door.runtime / envoy.XDS_SOCKET)
    await asyncio.wait_for(bench.door.ads.until_live(resources.version), 10)
    await asyncio.sleep(0.3)
    assert await updates(bench) == before
    assert (await bench.get(cookie=f"CF_Authorization={bench.token()}")).status == 200


async def updates(bench: Bench) -> list[str]:
    stats = await bench.door.admin("/stats?filter=(lds|cds|rds|config_reload|update_success|version)")
    return sorted(
        line
        for line in stats.splitlines()
        if ("update_success" in line or "reload" in line) and "update_time" not in line
    )


async def test_another_control_plane_with_another_configuration_takes_over(bench):
    await bench.door.ads.stop()
    bench.door.ads = AdsServer(bench.door.rejections.append)
    await bench.door.ads.start(bench.door.runtime / envoy.XDS_SOCKET)
    await bench.door.publish(current(bench, revoked={"app-1": frozenset({world.NONCE})}))
    assert (await bench.get(cookie=f"CF_Authorization={bench.token()}")).status == 403
    assert bench.door.ads.connected == 1


async def test_what_envoy_refuses_is_reported_and_what_it_had_stays(bench, caplog):
    good = current(bench)
    listener = good.by_type[LISTENER]["http"]
    broken = Resource(
        listener.name, "broken", Any(type_url=listener.body.type_url, value=listener.body.value + b"\x0a\x04junk")
    )
    by_type = dict(good.by_type) | {LISTENER: {"http": _unreachable(broken)}}
    with caplog.at_level(logging.ERROR), pytest.raises(AssertionError, match="not live"):
        await bench.door.publish(Resources(by_type, "broken"), within=1)
    assert bench.door.rejections[-1].type_url == LISTENER
    assert bench.door.rejections[-1].names == ("http",)
    assert "last good" in caplog.text
    assert (await bench.get(cookie=f"CF_Authorization={bench.token()}")).status == 200


def _unreachable(resource: Resource) -> Resource:
    from envoy.config.listener.v3.listener_pb2 import Listener

    listener = Listener()
    resource.body.Unpack(listener)
    listener.name = "http"
    listener.address.socket_address.address = "not an address"
    body = Any()
    body.Pack(listener)
    return replace(resource, body=body)


async def test_g10_143_a_configuration_that_opens_the_door_is_not_published(bench):
    good = current(bench)
    routes = dict(good.by_type[ROUTES])
    from envoy.config.route.v3.route_pb2 import RouteConfiguration

    opened = RouteConfiguration()
    routes["door"].body.Unpack(opened)
    for host in opened.virtual_hosts:
        for route in host.routes:
            del route.match.dynamic_metadata[:]
    body = Any()
    body.Pack(opened)
    unsafe = Resources(
        dict(good.by_type) | {ROUTES: {"door": replace(routes["door"], version="x", body=body)}}, "unsafe"
    )
    with pytest.raises(UnsafeConfiguration, match="does not demand"):
        bench.door.ads.publish(unsafe)
    assert bench.door.ads.live(good.version)
    assert (await bench.get()).status == 403
    assert bench.origin.requests == []


async def test_g10_144_no_request_passes_in_a_half_state_while_configurations_change(bench):
    """An application switches to and fro between two owners' rules; a token of neither never passes, nobody is lost."""
    states = [
        current(bench, applications=(world.application(n, "wiki.test"),), revoked={f"app-{n}": frozenset({"cd" * 32})})
        for n in (world.WIKI, world.ADMIN)
    ]
    await bench.door.publish(states[1])
    stop = asyncio.Event()
    statuses: dict[str, set[int]] = {"stranger": set(), "nobody": set(), "revoked": set(), "one": set(), "both": set()}
    bench.check.reply = lambda request: Reply(403)

    async def knock(who: str, cookie: str) -> None:
        while not stop.is_set():
            statuses[who].add((await bench.get(cookie=cookie)).status)

    one, other = bench.token(world.WIKI), bench.token(world.ADMIN)
    knocking = [
        asyncio.create_task(knock("stranger", f"CF_Authorization={bench.token(world.STRICT)}")),
        asyncio.create_task(knock("nobody", "")),
        asyncio.create_task(knock("revoked", f"CF_Authorization={bench.token(nonce='cd' * 32)}")),
        asyncio.create_task(knock("one", f"CF_Authorization={one}")),
        asyncio.create_task(knock("both", f"CF_Authorization={one}; CF_Authorization={other}")),
    ]
    for number in range(60):
        await bench.door.publish(states[number % 2])
    stop.set()
    await asyncio.gather(*knocking)
    assert statuses["stranger"] == statuses["nobody"] == statuses["revoked"] == statuses["both"] == {403}
    assert statuses["one"] == {200, 403}


async def test_clusters_go_after_the_routes_that_used_them(bench):
    """Requests under way to an origin that is taken out of the configuration end well."""
    bench.origin.reply = lambda _: Reply(200, delay=0.5)
    cookie = f"CF_Authorization={bench.token()}"
    slow = asyncio.create_task(bench.get(cookie=cookie))
    await asyncio.sleep(0.2)
    await bench.door.publish(current(bench, ingress=()))
    assert (await bench.get(cookie=cookie)).status == 403
    assert (await slow).status == 200
    for _ in range(50):
        if "\norigin_" not in await bench.door.admin("/clusters"):
            break
        await asyncio.sleep(0.1)
    else:
        pytest.fail("the cluster is still there")


async def test_envoy_alone_comes_back_with_the_configuration(bench):
    await bench.door.stop_envoy()
    for _ in range(100):
        if bench.door.ads.connected == 0:
            break
        await asyncio.sleep(0.05)
    assert not bench.door.ads.live(current(bench).version)
    await bench.door.start_envoy()
    await asyncio.wait_for(bench.door.ads.until_live(current(bench).version), 10)
    for _ in range(100):
        try:
            assert (await bench.get(cookie=f"CF_Authorization={bench.token()}")).status == 200
            break
        except ConnectionError:
            await asyncio.sleep(0.05)
    else:
        pytest.fail("Envoy does not listen")
