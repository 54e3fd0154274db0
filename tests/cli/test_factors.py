"""``doorward factors`` on a database whose door is shut."""

from __future__ import annotations

import asyncio
import json
import os
import time
from dataclasses import replace

import pytest
from tests.cli.calling import call, configured
from tests.cli.test_revoke import TEXT
from tests.store.values import ANN, SESSION

from doorward.policy.mfa import Authenticator
from doorward.second_factor import Factor
from doorward.settings import load
from doorward.store import Cipher, Store

APP, KEY = "a" * 32, "b" * 32


def run(config, work):
    """Do something with the store, as the door would."""

    async def inside():
        settings = load(config, os.environ)
        store = await Store.open(settings.store_url, Cipher.load(settings.secret_key_file, os.environ))
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(inside())


@pytest.fixture
def config(tmp_path):
    config = configured(tmp_path, TEXT)

    async def fill(store):
        now = int(time.time())
        user = await store.users.resolve(ANN.email, ANN.name, now)
        await store.users.resolve("bob@example.com", "Bob", now)
        await store.sessions.open(replace(SESSION, nonce="one", user_id=user, created_at=now, expires_at=now + 3600))
        app = Factor(APP, user, Authenticator.TOTP, now, "JBSWY3DPEHPK3PXP", last_used_at=now)
        key = Factor(KEY, user, Authenticator.SECURITY_KEY, now, "00ff", credential_id="abc")
        await store.factors.enroll(app, "one", ["h1", "h2"], lambda *_: True)
        await store.factors.enroll(key, "one", ["h3"], lambda *_: True)

    run(config, fill)
    return config


def listed(config, email=ANN.email):
    return json.loads(call("factors", "list", email, "--json", "--config", config).stdout)


def test_what_somebody_has_is_listed_without_its_secrets(config):
    found = listed(config, ANN.email.upper())
    assert [(one["id"], one["type"]) for one in found["factors"]] == [(APP, "totp"), (KEY, "security_key")]
    assert found["factors"][1]["last_used_at"] is None
    assert found["recovery_codes_left"] == 2
    told = call("factors", "list", ANN.email, "--config", config).stdout
    assert APP in told
    assert "JBSWY3DPEHPK3PXP" not in told + json.dumps(found)
    assert "never used" in told


def test_who_has_none_is_said_to_have_none(config):
    assert listed(config, "bob@example.com") == {"factors": [], "recovery_codes_left": 0}
    told = call("factors", "list", "bob@example.com", "--config", config)
    assert "has set up no second factor" in told.stderr


def test_one_is_removed_with_everything_that_rests_on_any_and_it_is_recorded(config):
    told = json.loads(call("factors", "remove", ANN.email, APP, "--json", "--config", config).stdout)
    assert told == {"removed": 1, "revoked": {"sessions": 1, "streams": 0}}
    found = listed(config)
    assert [one["id"] for one in found["factors"]] == [KEY]
    assert found["recovery_codes_left"] == 2

    async def look(store):
        return await store.sessions.find("one"), await store.factors.shown_by("one"), await store.decisions.recent(5)

    session, proofs, records = run(config, look)
    assert session.revoked_at is not None
    assert [proof.factor_id for proof in proofs.proofs] == [KEY]
    assert (records[0].kind, records[0].outcome, records[0].user_email) == ("factor", "removed", ANN.email.lower())
    assert APP in records[0].detail


def test_with_the_last_one_go_the_recovery_codes(config):
    outcome = call("factors", "remove", ANN.email, "--config", config)
    assert outcome.exit_code == 0
    assert "2 authenticators" in outcome.stderr
    assert listed(config) == {"factors": [], "recovery_codes_left": 0}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("list", "nobody@example.com"), "ever signed in"),
        (("remove", "nobody@example.com"), "ever signed in"),
        (("remove", "bob@example.com"), "no authenticator"),
        (("remove", ANN.email, "c" * 32), "no authenticator"),
    ],
)
def test_what_is_not_there_is_a_problem_and_changes_nothing(config, arguments, says):
    outcome = call("factors", *arguments, "--config", config)
    assert outcome.exit_code == 1
    assert says in outcome.stderr
    assert len(listed(config)["factors"]) == 2

    async def look(store):
        return await store.sessions.find("one")

    assert run(config, look).revoked_at is None
