"""``doorward reports`` on a database whose door is shut."""

from __future__ import annotations

import asyncio
import json
import os
import time

import pytest
from tests.cli.calling import call, configured

from doorward.reports import SCORE, Delivery, Report
from doorward.settings import load
from doorward.store import Cipher, Store

TEXT = """\
organization: {name: Local, auth_domain: login.localhost}
listen: {http: 8080}
store: sqlite:state/doorward.db
report_sources: [{name: fleet, device_posture: [disk], user_risk_score: true, secret: 0123456789abcdef0123456789abcdef}]
"""


@pytest.fixture
def config(tmp_path):
    return configured(tmp_path, TEXT)


def deliver(config, source: str = "fleet", **values: tuple[str, int]) -> None:
    """``disk`` or ``score``: the value, and for how many seconds it holds."""

    async def fill() -> None:
        settings = load(config, os.environ)
        store = await Store.open(settings.store_url, Cipher.load(settings.secret_key_file, os.environ))
        now = int(time.time())
        for name, (value, seconds) in values.items():
            report = Report("ann@example.com", SCORE if name == "score" else name, value, now + seconds)
            await store.reports.deliver(Delivery(source, name, now, now + 60, (report,)), now)
        await store.close()

    asyncio.run(fill())


def listed(config):
    told = call("reports", "list", "Ann@example.com", "--json", "--config", config)
    return {one["about"]: one for one in json.loads(told.stdout)}


def test_it_says_what_holds_who_said_so_and_until_when(config):
    deliver(config, disk=("passed", 3600), score=("high", 3600))
    found = listed(config)
    assert {about: (one["value"], one["source"], one["holds"]) for about, one in found.items()} == {
        "disk": ("passed", "fleet", True),
        "user_risk_score": ("high", "fleet", True),
    }
    told = call("reports", "list", "ann@example.com", "--config", config).stdout
    assert "disk  passed  until " in told
    assert "user_risk_score  high  until " in told
    assert "by fleet at " in told


def test_what_is_over_or_from_another_source_does_not_hold(config):
    deliver(config, disk=("passed", 0))
    deliver(config, source="gone", score=("low", 3600))
    assert [one["holds"] for one in listed(config).values()] == [False, False]
    assert (
        "disk  passed  does not hold any more" in call("reports", "list", "ann@example.com", "--config", config).stdout
    )


def test_about_nobody_it_says_so(config):
    deliver(config)
    assert listed(config) == {}
    assert (
        "Nothing was reported about ann@example.com."
        in call("reports", "list", "ann@example.com", "--config", config).stderr
    )


def test_help_has_examples():
    assert "doorward reports list ann@example.com" in call("reports", "list", "--help").stdout
