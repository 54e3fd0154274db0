"""``POST /cdn-cgi/access/reports``: a signature is everything, every refusal has a reason, and nothing strangers send is kept."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from tests.login.world import TEAM, Browser
from tests.reports.build import claims, fleet, posture, rsa_key, siem, sign
from tests.tokens.material import NOW

from doorward.login import reporting

URL = f"https://{TEAM}/cdn-cgi/access/reports"


@pytest.fixture
def reporter(world):
    world.report_sources = (fleet(), siem())
    return Browser(world, {})


def delivery(*reports: dict[str, Any], jti: str = "1", at: int = NOW, **changes: Any) -> str:
    known = reports or (posture(until=NOW + 600),)
    return sign(claims(*known, **({"jti": jti, "iat": at, "exp": at + 60} | changes)))


async def post(reporter: Browser, token: Any, **fields: Any) -> httpx.Response:
    body = fields.pop("body", json.dumps({"token": token}).encode())
    return await reporter.ask("POST", URL, body=body, headers={"content-type": "application/json"}, **fields)


async def test_a_signed_delivery_is_kept(world, reporter):
    response = await post(reporter, delivery())
    assert (response.status_code, response.json()) == (200, {"success": True, "accepted": 1, "stale": 0})
    assert response.headers["cache-control"].startswith("private")
    (held,) = await world.store.reports.about("ann@example.com")
    assert (held.subject, held.value, held.source, held.reported_at) == ("disk", "passed", "fleet", NOW)
    assert (held.received_at, held.until) == (NOW, NOW + 600)


async def test_an_older_one_is_told_to_be_stale(reporter):
    await post(reporter, delivery(jti="2", at=NOW))
    response = await post(reporter, delivery(jti="1", at=NOW - 10))
    assert (response.status_code, response.json()) == (200, {"success": True, "accepted": 0, "stale": 1})


async def test_a_replayed_one_is_refused(world, reporter):
    token = delivery()
    assert (await post(reporter, token)).status_code == 200
    again = await post(reporter, token)
    assert (again.status_code, again.json()["err"]) == (409, "replayed")


@pytest.mark.parametrize(
    ("token", "status", "code"),
    [
        (sign(claims(iat=NOW, exp=NOW + 60), rsa_key(), "RS256"), 401, "unproven"),
        (sign(claims(iss="stranger", iat=NOW, exp=NOW + 60)), 401, "unproven"),
        (delivery(aud="https://other.example.com"), 400, "not_for_us"),
        (delivery(type="app"), 400, "not_for_us"),
        (delivery(at=NOW - 60), 400, "stale"),
        (delivery(posture(until=NOW)), 400, "claims"),
        (delivery(posture(device_posture={"integration_uid": "other"}, until=NOW + 60)), 403, "not_permitted"),
        ("x.y", 400, "unreadable"),
        (None, 400, "unreadable"),
        (["a"], 400, "unreadable"),
        ("x" * 49_153, 400, "unreadable"),
    ],
    ids=["wrong key", "stranger", "other team", "other type", "over", "claims", "not its own", "no token", "null", "list", "long"],
)  # fmt: skip
async def test_whatever_is_wrong_changes_nothing_and_is_told(world, reporter, token, status: int, code: str):
    response = await post(reporter, token)
    assert (response.status_code, response.json()["success"], response.json()["err"]) == (status, False, code)
    assert response.json()["message"].startswith("The report was refused: ")
    assert await world.store.reports.about("ann@example.com") == ()


@pytest.mark.parametrize("body", [b"", b"[]", b"token=x", b'{"token": "a", "token": "b"}', b"\xff", b'{"token": "' + b"x" * 60_000 + b'"}'], ids=range(6))  # fmt: skip
async def test_a_body_of_another_kind_is_refused(reporter, body: bytes):
    response = await post(reporter, None, body=body)
    assert (response.status_code, response.json()["err"]) == (400, "unreadable")


async def test_without_declared_sources_nobody_is_believed(world, reporter):
    world.report_sources = ()
    assert (await post(reporter, delivery())).status_code == 401


async def test_a_source_that_floods_is_slowed_down_and_others_are_not(world, reporter, monkeypatch):
    monkeypatch.setattr(reporting, "MOST", 3)
    for number in range(3):
        assert (await post(reporter, delivery(jti=str(number)))).status_code == 200
    limited = await post(reporter, delivery(jti="9"))
    assert (limited.status_code, limited.json()["err"], limited.headers["retry-after"]) == (429, "limited", "60")
    world.time += 60
    assert (await post(reporter, delivery(jti="9", at=world.time))).status_code == 200


async def test_strangers_do_not_use_up_what_a_source_may_do(reporter, monkeypatch):
    monkeypatch.setattr(reporting, "MOST", 1)
    for _ in range(5):
        assert (await post(reporter, sign(claims(iat=NOW, exp=NOW + 60), rsa_key(), "RS256"))).status_code == 401
    assert (await post(reporter, delivery())).status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_other_methods_are_not_answered(reporter, method: str):
    assert (await reporter.ask(method, URL)).status_code == 405


async def test_applications_hosts_take_no_reports(reporter):
    response = await reporter.ask(
        "POST", "https://wiki.example.com/cdn-cgi/access/reports", body=json.dumps({"token": delivery()}).encode()
    )
    assert response.status_code == 404
