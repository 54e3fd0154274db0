"""Mistakes in the configuration: at the start all of them are told at once; while the door is open the last good one stays."""

from __future__ import annotations

import asyncio
import signal
import socket

import pytest
from tests.breakage.house import ANONYMOUS, FAST, log_since, mark, signed_in, text
from tests.breakage.starting import prepare, serve
from tests.door.running import browser, eventually, free_ports

pytestmark = pytest.mark.edge

WRONG = (
    text()
    .replace("session_duration: 24h", "session_duration: a day")
    .replace("issuer: http://127.0.0.1:{directory}", "issuer: not an address")
    .replace("decision: bypass", "decision: perhaps")
)


def test_every_mistake_is_told_at_once_with_its_place(tmp_path):
    prepare(tmp_path, WRONG)
    ended = serve(tmp_path)
    assert ended.code == 1
    assert "Traceback" not in ended.said
    for mistake in ("a day", "not an address", "perhaps"):
        line = next(
            n for n, row in enumerate((tmp_path / "doorward.yaml").read_text().splitlines(), 1) if mistake in row
        )
        assert f"doorward.yaml:{line}" in ended.said, ended.said


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "organization"),
        (b"applications: [", "doorward.yaml"),
        (b"\xff\xfe\x00\x01", "doorward.yaml"),
        (b"- a list\n- and nothing else\n", "doorward.yaml"),
        (b"a: &a [*a]\n", "doorward.yaml"),
        (b"\x00" * 100, "doorward.yaml"),
    ],
    ids=["empty", "cut off", "not text", "a list", "itself", "zeros"],
)
def test_a_file_that_is_no_configuration_is_refused_with_a_sentence(tmp_path, content, word):
    prepare(tmp_path)
    (tmp_path / "doorward.yaml").write_bytes(content)
    ended = serve(tmp_path)
    assert ended.code == 1, ended
    assert "Traceback" not in ended.said, ended.said
    assert word in ended.said, ended.said


def test_no_file_at_all_is_refused_with_a_sentence(tmp_path):
    ended = serve(tmp_path)
    assert ended.code in {1, 2}
    assert "Traceback" not in ended.said
    assert "doorward.yaml" in ended.said


@pytest.mark.parametrize("which", ["door", "status"])
def test_a_port_in_use_is_refused_before_anything_starts(tmp_path, which):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        prepare(tmp_path, ports={which: port})
        ended = serve(tmp_path)
    assert ended.code == 1
    assert f"port {port} on 127.0.0.1" in ended.said
    assert "in use" in ended.said
    assert "Traceback" not in ended.said
    assert not (tmp_path / "state").exists()


async def test_a_mistake_at_reload_changes_nothing_and_is_in_the_log(house):
    door, somebody = house.door, await signed_in(house)
    good = door.configuration.read_text()
    bad = good.replace("decision: bypass", "decision: perhaps").replace("policies: []", "policies: [Nobody knows this]")
    assert bad != good
    at = mark(door)
    try:
        door.configuration.write_text(bad)
        door.process.send_signal(signal.SIGHUP)
        await eventually(lambda: "configuration_refused" in log_since(door, at), 20)
        said = log_since(door, at)
        assert "perhaps" in said
        assert "Nobody knows this" in said
        assert "Traceback" not in said
        async with browser() as client:
            inside = await client.get(door.url(FAST, "/after-a-mistake"), headers=somebody.headers)
            outside = await client.get(door.url(FAST, "/nobody"), headers=ANONYMOUS)
            looking = await client.get(door.url("open.localhost", "/still-open"), headers=ANONYMOUS)
        assert (inside.status_code, outside.status_code, looking.status_code) == (200, 302, 200)
    finally:
        await door.reload(good)


@pytest.mark.parametrize("content", ["", "applications: [", "[]"])
async def test_half_a_file_at_reload_changes_nothing(house, content):
    door, at = house.door, mark(house.door)
    good = door.configuration.read_text()
    try:
        door.configuration.write_text(content)
        door.process.send_signal(signal.SIGHUP)
        await eventually(lambda: "configuration_refused" in log_since(door, at), 20)
        assert (await signed_in(house)).token
    finally:
        await door.reload(good)
    assert "Traceback" not in log_since(door, at)


async def test_a_file_that_is_gone_at_reload_changes_nothing(house):
    door, at = house.door, mark(house.door)
    good = door.configuration.read_text()
    door.configuration.unlink()
    try:
        door.process.send_signal(signal.SIGHUP)
        await eventually(lambda: "configuration_refused" in log_since(door, at), 20)
        await asyncio.sleep(0.2)
        await door.ready()
    finally:
        await door.reload(good)
    assert "Traceback" not in log_since(door, at)


async def test_what_needs_a_restart_is_named_and_the_rest_is_taken_over(house):
    door, at = house.door, mark(house.door)
    good = door.configuration.read_text()
    (other,) = free_ports(1)
    try:
        await door.reload(
            good.replace(f"port: {door.status_port}", f"port: {other}").replace("policies: []", "policies: [Staff]")
        )
        said = log_since(door, at)
        assert "configuration_needs_restart" in said
        assert '"status"' in said
        assert (await signed_in(house, "closed.localhost")).token
    finally:
        await door.reload(good)
