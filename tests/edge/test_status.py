from __future__ import annotations

import asyncio

import httpx
import pytest

from doorward.edge.metrics import Metrics
from doorward.edge.status import Finding, envoy_check, envoy_stats, is_loopback, readiness, status_app

ENVOY = b"# TYPE envoy_server_live gauge\nenvoy_server_live{} 1\n"


async def good():
    return Finding(ok=True, detail="fine")


async def bad():
    return Finding(ok=False, detail="no snapshot yet")


async def broken():
    raise ValueError("secret detail")


async def endless():
    await asyncio.sleep(60)
    return Finding(ok=True)


async def numbers():
    return ENVOY


async def no_numbers():
    raise httpx.ConnectError("gone")


async def ask(path, *, checks=None, metrics=None, stats=numbers, address="127.0.0.1", host="127.0.0.1:9901", **request):
    app = status_app(checks or {"store": good}, metrics or Metrics(), stats, address=address)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{host}") as client:
        return await client.request(request.get("method", "GET"), path)


async def test_alive_is_alive_whatever_the_checks_say():
    answer = await ask("/livez", checks={"store": bad})
    assert (answer.status_code, answer.text) == (200, "alive\n")


async def test_ready_when_every_check_is_ok():
    answer = await ask("/readyz", checks={"store": good, "envoy": good})
    assert answer.status_code == 200
    fine = {"ok": True, "detail": "fine"}
    assert answer.json() == {"ready": True, "checks": {"store": fine, "envoy": fine}}


async def test_one_bad_check_means_not_ready_and_is_named():
    answer = await ask("/readyz", checks={"store": good, "snapshot": bad})
    assert answer.status_code == 503
    assert answer.json()["ready"] is False
    assert answer.json()["checks"]["snapshot"] == {"ok": False, "detail": "no snapshot yet"}


async def test_a_check_that_breaks_is_not_ready_and_tells_no_inside():
    answer = await ask("/readyz", checks={"store": broken})
    assert answer.status_code == 503
    assert answer.json()["checks"]["store"]["detail"] == "failed: ValueError"
    assert "secret detail" not in answer.text


async def test_a_check_that_hangs_is_not_waited_for():
    async with asyncio.timeout(5):
        findings = await readiness({"one": endless, "two": endless, "three": good})
    assert findings["one"] == findings["two"] == Finding(ok=False, detail="took too long")
    assert findings["three"].ok


async def test_metrics_are_ours_followed_by_envoy_s():
    metrics = Metrics()
    metrics.decided("deny", "policy")
    metrics.decided("allow")
    metrics.logged_in("oidc", "signed_in")
    metrics.pushed("routes")
    metrics.refused_by_envoy("routes")
    metrics.watch_snapshot(lambda: 1.5)
    with metrics.check_seconds.time():
        pass
    lines = (await ask("/metrics", metrics=metrics)).text.splitlines()
    for line in (
        'doorward_decisions_total{outcome="deny",refusal="policy"} 1.0',
        'doorward_decisions_total{outcome="allow",refusal=""} 1.0',
        'doorward_logins_total{idp_type="oidc",outcome="signed_in"} 1.0',
        'doorward_xds_pushes_total{type="routes"} 1.0',
        'doorward_xds_nacks_total{type="routes"} 1.0',
        "doorward_snapshot_age_seconds 1.5",
        "doorward_check_seconds_count 1.0",
        "envoy_server_live{} 1",
    ):
        assert line in lines
    assert any(line.startswith("process_resident_memory_bytes ") for line in lines)


async def test_without_envoy_our_metrics_are_still_served():
    answer = await ask("/metrics", stats=no_numbers)
    assert answer.status_code == 200
    assert "doorward_check_seconds" in answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")


async def test_two_doors_in_one_process_count_separately():
    one, two = Metrics(), Metrics()
    one.decided("allow")
    assert b"allow" not in two.exposition()


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
async def test_head_is_answered_and_other_methods_are_not(path):
    assert (await ask(path, method="HEAD")).status_code == 200
    assert (await ask(path, method="POST")).status_code == 405


@pytest.mark.parametrize("path", ["/", "/debug", "/stats", "/quitquitquit", "/docs", "/openapi.json"])
async def test_g7_153_nothing_else_is_there(path):
    assert (await ask(path)).status_code == 404


@pytest.mark.parametrize("host", ["attacker.example", "127.0.0.1.attacker.example", "localhost.attacker.example:9901"])
async def test_g7_153_a_name_that_was_pointed_at_loopback_is_refused(host):
    for path in ("/livez", "/readyz", "/metrics"):
        assert (await ask(path, host=host)).status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.1:9901", "localhost:9901", "localhost", "[::1]:9901"])
async def test_loopback_names_are_answered(host):
    assert (await ask("/livez", host=host)).status_code == 200


async def test_a_listener_opened_on_purpose_answers_to_its_names():
    assert (await ask("/livez", address="10.0.0.5", host="door.internal:9901")).status_code == 200


def test_g7_153_loopback_is_told_from_the_rest():
    assert is_loopback("127.0.0.1")
    assert is_loopback("127.8.8.8")
    assert is_loopback("::1")
    assert not is_loopback("0.0.0.0")
    assert not is_loopback("10.0.0.5")
    assert not is_loopback("::")


@pytest.fixture
async def admin(tmp_path_factory):
    """Something that answers like Envoy's admin interface, on a unix socket."""
    state = {"/ready": "200 OK|LIVE\n", "/stats/prometheus?usedonly": f"200 OK|{ENVOY.decode()}"}

    async def answer(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        status, body = state[head.split()[1].decode()].split("|")
        writer.write(f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode())
        await writer.drain()
        writer.close()

    path = tmp_path_factory.mktemp("a") / "admin.sock"
    async with await asyncio.start_unix_server(answer, path):
        yield path, state


async def test_envoy_is_ready_when_it_says_live(admin):
    path, state = admin
    assert await envoy_check(path)() == Finding(ok=True, detail="live")
    state["/ready"] = "503 Service Unavailable|DRAINING\n"
    assert await envoy_check(path)() == Finding(ok=False, detail="draining")


async def test_envoy_s_numbers_come_from_its_admin_socket(admin):
    path, state = admin
    assert await envoy_stats(path)() == ENVOY
    state["/stats/prometheus?usedonly"] = "500 Internal Server Error|"
    with pytest.raises(httpx.HTTPStatusError):
        await envoy_stats(path)()


async def test_an_envoy_that_is_gone_is_not_ready(tmp_path):
    assert await envoy_check(tmp_path / "admin.sock")() == Finding(ok=False, detail="Envoy does not answer")
    with pytest.raises(httpx.ConnectError):
        await envoy_stats(tmp_path / "admin.sock")()
