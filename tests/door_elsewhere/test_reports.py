"""Device postures and risk scores, reported by signature, in force at the next request and on open streams."""

from __future__ import annotations

import asyncio
import time

import pytest
from tests.door.running import browser
from tests.door.visitor import unseen_path
from tests.door_elsewhere.place import CHECKED, FEED, RISKY, deliver, delivery, posture, score
from tests.revocation.streams import signed_in

pytestmark = pytest.mark.edge


async def test_who_was_never_reported_is_refused_and_let_in_once_reported(house, visitor):
    refused = await visitor.sign_in(CHECKED, who="alice")
    assert refused.status_code == 403
    response = await deliver(house, posture("alice", passed=True))
    assert (response.status_code, response.json()) == (200, {"success": True, "accepted": 1, "stale": 0})
    assert (await visitor.open(CHECKED, path := unseen_path())).status_code == 200
    assert house.reached(path)


async def test_a_report_is_in_force_at_the_very_next_request(house, visitor):
    await deliver(house, posture("alice", passed=True))
    assert (await visitor.sign_in(CHECKED, who="alice")).status_code == 200
    await deliver(house, posture("alice", passed=False))
    lost = unseen_path()
    assert (await visitor.open(CHECKED, lost)).status_code == 403
    assert not house.reached(lost)
    await deliver(house, posture("alice", passed=True))
    assert (await visitor.open(CHECKED, unseen_path())).status_code == 200


async def test_a_risk_score_blocks_and_its_fall_lets_in_again(house, visitor):
    await deliver(house, score("bob", "medium"))
    assert (await visitor.sign_in(RISKY, who="bob")).status_code == 200
    await deliver(house, score("bob", "high"))
    assert (await visitor.open(RISKY, unseen_path())).status_code == 403
    await deliver(house, score("bob", "unscored"))
    assert (await visitor.open(RISKY, unseen_path())).status_code == 200


async def test_g12_156_streams_end_within_a_second_when_access_is_lost_and_nobody_elses_do(house, streams):
    await deliver(house, posture("alice", passed=True), posture("bob", passed=True))
    async with signed_in(house, "alice", CHECKED, FEED) as alice, signed_in(house, "bob", CHECKED) as bob:
        hers = (await streams.websocket(alice, CHECKED), await streams.events(alice, FEED))
        his = await streams.websocket(bob, CHECKED)
        await deliver(house, posture("alice", passed=True))
        await asyncio.sleep(0.8)
        assert all(stream.open for stream in hers), "a report that changes nothing ends nothing"
        await deliver(house, posture("alice", passed=False))
        told = time.monotonic()
        for stream in hers:
            assert await stream.end() < told + 1
        assert his.open
        assert await his.say("still here") == "still here"


async def test_g12_156_streams_end_when_a_report_is_over(house, streams):
    await deliver(house, posture("alice", passed=True))
    async with signed_in(house, "alice", CHECKED) as alice:
        stream = await streams.websocket(alice, CHECKED)
        over = int(time.time()) + 3
        await deliver(house, {**posture("alice", passed=True), "until": over})
        await stream.end(within=10)
        assert over <= time.time() < over + 2
        assert (await alice.open(CHECKED, unseen_path())).status_code == 403


async def test_a_delivery_counts_once_and_strangers_not_at_all(house):
    token = delivery(house, posture("carol", passed=True))
    head, body, signature = token.split(".")
    changed = ("A" if signature[0] != "A" else "B") + signature[1:]
    async with browser() as client:
        forged = await client.post(house.team("/reports"), json={"token": f"{head}.{body}.{changed}"})
        assert (forged.status_code, forged.json()["err"]) == (401, "unproven")
        assert (await client.post(house.team("/reports"), json={"token": token})).status_code == 200
        replayed = await client.post(house.team("/reports"), json={"token": token})
        assert (replayed.status_code, replayed.json()["err"]) == (409, "replayed")
        elsewhere = await client.post(house.url(CHECKED, "/cdn-cgi/access/reports"), json={"token": token})
        assert elsewhere.status_code == 404
