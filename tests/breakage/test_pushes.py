"""The configuration changes while people are at work (docs/attacks.md, G10 144 and 145)."""

from __future__ import annotations

import asyncio
import re
import signal
import time

import pytest
from tests.breakage.house import ANONYMOUS, FAST, KINDS, SLOW, is_intact, log_since, mark, signed_in
from tests.breakage.traffic import Connection, Traffic, first

pytestmark = [pytest.mark.edge, pytest.mark.timeout(300)]
RELOADS = 20


async def test_g10_144_twenty_reloads_let_nobody_in_and_throw_nobody_out(house, measured):
    """Policies, applications and ingress entries come and go; those of the two applications under load stay."""
    door = house.door
    fast, slow = await signed_in(house), await signed_in(house, SLOW)
    good, at = door.configuration.read_text(), mark(door)
    variants = (_with_more_applications(good), _with_another_origin(good), _reordered(good), good)
    try:
        async with (
            Traffic(door.port, FAST, fast.headers, path="/pushed/fast", clients=3) as inside,
            Traffic(door.port, SLOW, slow.headers, path="/pushed/slow", clients=1, pause=0.02) as asked,
            Traffic(door.port, FAST, ANONYMOUS, path="/pushed/anonymous", clients=2, pause=0.01) as outside,
            Traffic(door.port, "added.localhost", ANONYMOUS, path="/pushed/added", clients=1, pause=0.01) as added,
        ):
            for number in range(RELOADS):
                await door.reload(variants[number % len(variants)])
            await inside.flowing(20)
    finally:
        await door.reload(good)
    measured(
        f"inside {inside.summary()}; asked {asked.summary()}; outside {outside.summary()}; added {added.summary()}"
    )
    assert not inside.other_than(200), inside.other_than(200)[:5]
    assert not asked.other_than(200), asked.other_than(200)[:5]
    assert not outside.other_than(302), outside.other_than(302)[:5]
    # An application that is there and not there: for a moment Envoy and the control plane know different things.
    assert not added.other_than(302, 404, 503), added.other_than(302, 404, 503)[:5]
    assert not any(outcome.from_origin for outcome in (*outside.outcomes, *added.outcomes))
    assert not house.reached("/pushed/anonymous")
    assert not house.reached("/pushed/added")
    said = log_since(door, at)
    assert "Traceback" not in said
    assert " refused the new " not in said, "Envoy refused a configuration"
    assert is_intact(door)


async def test_g10_145_after_each_reload_a_stranger_is_refused_by_every_application(house):
    """A canary: whatever was changed, no application is open that should not be."""
    door, good = house.door, house.door.configuration.read_text()
    closed = [kind.domain for kind in KINDS if kind.domain != "open.localhost"]
    connection = Connection(door.port)
    try:
        for number, variant in enumerate(
            (_with_more_applications(good), _reordered(good), _with_another_origin(good), good)
        ):
            await door.reload(variant)
            for host in closed:
                outcome = await connection.get(host, f"/canary/{number}", ANONYMOUS)
                assert outcome.status in {302, 403}, (host, outcome)
                assert not outcome.from_origin
            looking = await connection.get("open.localhost", f"/canary-open/{number}", ANONYMOUS)
            assert (looking.status, looking.from_origin) == (200, True)
    finally:
        connection.close()
        await door.reload(good)
    assert not [seen for seen in house.origin.requests if seen.target.startswith("/canary/")]


async def test_a_policy_that_is_taken_away_is_in_force_at_once_for_those_inside(house):
    """Tokens from before the change are asked about again; who may still enter notices nothing."""
    door, good = house.door, house.door.configuration.read_text()
    alice, bob = await signed_in(house, who="alice"), await signed_in(house, who="bob")
    rule = "{name: No Bob, decision: deny, include: [{email: {email: bob@example.test}}]}"
    changed = re.sub(r"(domain: 'wiki\.localhost'\n(?:.*\n)*?\s+policies: \[)Staff", rf"\1{rule}, Staff", good, count=1)
    assert changed != good
    connection = Connection(door.port)
    try:
        await door.reload(changed)
        refused = await connection.get(FAST, "/after/bob", {**ANONYMOUS, **bob.headers})
        welcome = await connection.get(FAST, "/after/alice", {**ANONYMOUS, **alice.headers})
        assert refused.status in {302, 403}, refused
        assert not house.reached("/after/bob")
        assert (welcome.status, welcome.from_origin) == (200, True), welcome
    finally:
        connection.close()
        await door.reload(good)


async def test_many_reloads_at_once_end_with_the_last_configuration(house):
    door, good = house.door, house.door.configuration.read_text()
    somebody = await signed_in(house)
    try:
        async with Traffic(door.port, FAST, somebody.headers, clients=2) as traffic:
            for number in range(30):
                door.configuration.write_text(good if number % 2 else _with_more_applications(good))
                door.process.send_signal(signal.SIGHUP)
                await asyncio.sleep(0.02)
            door.configuration.write_text(_with_more_applications(good))
            door.process.send_signal(signal.SIGHUP)
            async with Traffic(door.port, "added.localhost", ANONYMOUS, clients=1) as added:
                await first(added, time.monotonic(), status=302, seconds=20)
                await asyncio.sleep(2)  # nothing older comes after it
                await first(added, time.monotonic(), status=302, seconds=2)
                assert added.outcomes[-1].status == 302
        assert not traffic.other_than(200), traffic.other_than(200)[:5]
    finally:
        await door.reload(good)


def _with_more_applications(text: str) -> str:
    added = "".join(
        f"  - {{name: Added {host}, domain: {host}.localhost, allowed_idps: [Directory], policies: [Staff]}}\n"
        for host in ("added", "another", "yet-another")
    )
    assert text.count("applications:\n") == 1
    return text.replace("applications:\n", "applications:\n" + added)


def _with_another_origin(text: str) -> str:
    """One more ingress entry in front: the clusters and every route change."""
    assert text.count("ingress:\n") == 1
    return text.replace("ingress:\n", 'ingress:\n  - {hostname: notes.localhost, service: "http://127.0.0.1:9"}\n')


def _reordered(text: str) -> str:
    """Another order of applications, the same rules."""
    head, _, tail = text.partition("applications:\n")
    entries = re.split(r"(?m)^(?=  - name: )", tail)
    entries = [entry for entry in entries if entry.strip()]
    return head + "applications:\n" + "".join(reversed(entries))
