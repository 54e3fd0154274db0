"""``doorward keys``: over a real store."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from tests.cli.calling import call, configured

from doorward.settings import load
from doorward.store import Cipher, Store
from doorward.tokens.keys import OVERLAP, ROTATION


async def started(settings):
    """What the first start leaves behind."""
    store = await Store.open(settings.store_url, Cipher.load(settings.secret_key_file, {}))
    ring = await store.signing_keys.ensure(int(time.time()), settings.organization.auth_domain)
    await store.close()
    return ring


@pytest.fixture
def ring(tmp_path):
    return asyncio.run(started(load(configured(tmp_path), {})))


def test_before_the_first_start_there_is_a_sentence_and_nothing_is_made(tmp_path):
    configured(tmp_path)
    for command in ("list", "rotate"):
        outcome = call("keys", command)
        assert outcome.exit_code == 1
        assert outcome.stdout == ""
        assert "doorward serve" in outcome.stderr
    assert not (tmp_path / "doorward-state").exists()


def test_the_keys_are_listed_with_what_they_do(ring):
    outcome = call("keys", "list")
    assert outcome.exit_code == 0
    assert ring.keys[0].kid in outcome.stdout
    assert "current" in outcome.stdout


def test_json_has_state_and_times(ring):
    outcome = call("keys", "list", "--json")
    assert outcome.stderr == ""
    (key,) = json.loads(outcome.stdout)
    begin = ring.keys[0].active_from
    assert key == {
        "kid": ring.keys[0].kid,
        "state": "current",
        "signs_from": begin,
        "signs_until": begin + ROTATION,
        "verifies_until": begin + ROTATION + OVERLAP,
    }


def test_rotating_makes_another_key_sign_and_keeps_the_old_one_for_the_overlap(ring):
    time.sleep(1.1)  # times are whole seconds
    outcome = call("keys", "rotate", "--json")
    assert outcome.exit_code == 0
    states = {key["state"]: key["kid"] for key in json.loads(outcome.stdout)}
    assert set(states) == {"current", "previous"}
    assert states["previous"] == ring.keys[0].kid


def test_rotating_says_which_key_signs(ring):
    outcome = call("keys", "rotate")
    assert outcome.exit_code == 0
    assert "signs from now on" in outcome.stderr


def test_no_private_key_is_ever_printed(ring):
    told = call("keys", "list").output + call("keys", "list", "--json").output
    assert "PRIVATE" not in told
    assert "BEGIN" not in told


def test_another_secret_key_is_one_sentence(ring, tmp_path):
    key = "A" * 43 + "="
    outcome = call("keys", "list", env={"DOORWARD_SECRET_KEY": key})
    assert outcome.exit_code == 1
    assert outcome.stdout == ""
    assert "Traceback" not in outcome.stderr
    assert key not in outcome.stderr


def test_a_damaged_database_is_one_sentence(ring, tmp_path):
    (tmp_path / "doorward-state" / "doorward.db").write_bytes(b"this is no database" * 100)
    for leftover in ("doorward.db-wal", "doorward.db-shm"):
        (tmp_path / "doorward-state" / leftover).unlink(missing_ok=True)
    outcome = call("keys", "list")
    assert outcome.exit_code == 1
    assert outcome.stderr
    assert "Traceback" not in outcome.stderr
