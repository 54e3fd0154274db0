"""G3 39: whose address the control plane and the origin are told, for each way of trusting a balancer."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.edge.envoy_harness import running_door
from tests.edge.recording_origin import Reply, recording
from tests.edge.xds import world
from tests.edge.xds.conftest import Bench

from doorward.edge.xds import build
from doorward.organization import PublicAddress

pytestmark = pytest.mark.edge


@asynccontextmanager
async def bench_with(**changes):
    async with AsyncExitStack() as stack:
        origin = await stack.enter_async_context(recording())
        state = world.snapshot(origin.port)
        started = running_door(lambda edge: build(state, edge, int(time.time())), lambda edge: replace(edge, **changes))
        door = await stack.enter_async_context(started)
        check = await stack.enter_async_context(recording(Path(door.edge.check_socket), lambda _: Reply(200)))
        web = await stack.enter_async_context(recording(Path(door.edge.web_socket)))
        yield Bench(door, origin, check, web)


async def told(bench: Bench, *lines: str) -> tuple[str | None, str | None]:
    """(address the check was told, x-forwarded-for at the origin)."""
    bench.check.requests.clear()
    bench.origin.requests.clear()
    assert (await bench.get("/", "open.test", *lines)).status == 200
    await bench.get("/cdn-cgi/access/x", "open.test", *lines)
    assert bench.web.last.get("x-doorward-client-address") == bench.check.last.get("x-doorward-client-address")
    return bench.check.last.get("x-doorward-client-address"), bench.origin.last.get("x-forwarded-for")


async def test_g3_39_with_one_trusted_hop_the_last_entry_counts():
    async with bench_with(trusted_hops=1) as bench:
        assert (await told(bench, "x-forwarded-for: 198.51.100.7"))[0] == "198.51.100.7"
        assert (await told(bench, "x-forwarded-for: 6.6.6.6, 198.51.100.7"))[0] == "198.51.100.7"
        assert (await told(bench, "x-forwarded-for: 6.6.6.6", "x-forwarded-for: 198.51.100.7"))[0] == "198.51.100.7"
        assert (await told(bench, "x-forwarded-for: 2001:db8::1"))[0] == "2001:db8::1"
        assert (await told(bench))[0] == "127.0.0.1"
        assert (await told(bench, "x-forwarded-for: a"))[0] == "127.0.0.1"
        assert (await told(bench, "x-forwarded-for: 198.51.100.7, a"))[0] == "127.0.0.1"
        seen = await told(bench, "x-forwarded-for: 198.51.100.7", "x-real-ip: 6.6.6.6", "forwarded: for=6.6.6.6")
        assert seen[1] is not None
        assert seen[1].startswith("198.51.100.7,")


async def test_g3_39_with_two_trusted_hops_the_last_but_one_counts():
    async with bench_with(trusted_hops=2) as bench:
        assert (await told(bench, "x-forwarded-for: 6.6.6.6, 198.51.100.7, 10.0.0.1"))[0] == "198.51.100.7"
        assert (await told(bench, "x-forwarded-for: 198.51.100.7"))[0] == "127.0.0.1"


async def test_g3_39_a_named_header_counts_and_a_request_without_it_is_refused():
    async with bench_with(client_address_header="X-Real-Ip") as bench:
        seen = await told(bench, "x-real-ip: 198.51.100.7", "x-forwarded-for: 6.6.6.6", "cf-connecting-ip: 6.6.6.6")
        assert seen == ("198.51.100.7", "198.51.100.7")
        assert bench.origin.last.get("x-real-ip") == "198.51.100.7"
        assert bench.origin.last.get("x-forwarded-proto") == "http"
        assert bench.origin.last.get("cf-connecting-ip") is None
        assert len(bench.origin.last.get("x-request-id") or "") == 36
        bench.origin.requests.clear()
        for line in ("accept: */*", "x-real-ip: a", "x-real-ip: 1.2.3.4, 5.6.7.8", "x-forwarded-for: 198.51.100.7"):
            assert (await bench.get("/", "open.test", line)).status == 403
        assert (await bench.get("/", "wiki.test", cookie=f"CF_Authorization={bench.token()}")).status == 403
        assert bench.origin.requests == []


async def test_g3_39_two_lines_of_the_named_header_are_refused_or_the_first_is_all_that_counts():
    async with bench_with(client_address_header="x-real-ip") as bench:
        answer = await bench.get("/", "open.test", "x-real-ip: 198.51.100.7", "x-real-ip: 6.6.6.6")
        if answer.status == 200:
            assert bench.check.last.get("x-doorward-client-address") == "198.51.100.7"
        else:
            assert answer.status == 403


@pytest.mark.parametrize("header", [None, "x-real-ip"])
async def test_the_origin_is_told_the_public_scheme_behind_a_balancer_that_ends_tls(header):
    public = PublicAddress(scheme="https", port=443)
    async with bench_with(public=public, client_address_header=header) as bench:
        await bench.get("/", "open.test", "x-real-ip: 198.51.100.7", "x-forwarded-proto: http")
        assert bench.origin.last.get("x-forwarded-proto") == "https"
