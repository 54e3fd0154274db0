"""``doorward grants`` on a database whose door is shut."""

from __future__ import annotations

import asyncio
import json
import os
import time
from dataclasses import replace

import pytest
from tests.cli.calling import call, configured
from tests.grants.build import approval, grant
from tests.store.values import ANN, SESSION

from doorward.settings import load, names
from doorward.store import Cipher, Store

TEXT = """\
organization: {name: Local, auth_domain: login.localhost}
listen: {http: 8080}
status: {address: 127.0.0.1, port: 1}
store: sqlite:state/doorward.db
ingress: [{hostname: "*.localhost", service: "http://127.0.0.1:9"}]
identity_providers: [{name: Email code, type: onetimepin}]
mail: {host: 127.0.0.1, port: 25, security: none, sender: door@example.test}
applications:
  - name: Safe
    domain: safe.localhost
    policies:
      - name: With approval
        decision: allow
        include: [{email_domain: {domain: example.com}}]
        purpose_justification_required: true
        approval_required: true
        approval_groups: [{approvals_needed: 1, email_addresses: [boss@example.com]}]
"""
PENDING, IN_FORCE, OVER, SIGNED_OUT = ("a" * 32, "b" * 32, "c" * 32, "d" * 32)


def opened(config):
    settings = load(config, os.environ)
    return settings, Store.open(settings.store_url, Cipher.load(settings.secret_key_file, os.environ))


@pytest.fixture
def config(tmp_path):
    """Ann waits; Bob is in; Cleo was; Dan signed out while he waited."""
    config = configured(tmp_path, TEXT)

    async def fill() -> None:
        settings, opening = opened(config)
        store = await opening
        ids = {kind: await store.objects.identify(kind, wanted) for kind, wanted in names(settings).items()}
        app, (policy,) = ids["application"]["Safe"].id, [one.id for one in ids["policy"].values()]
        now = int(time.time())
        people = {PENDING: "ann", IN_FORCE: "bob", OVER: "cleo", SIGNED_OUT: "dan"}
        for grant_id, name in people.items():
            await store.sessions.open(
                replace(SESSION, nonce=name, identity=ANN, created_at=now, expires_at=now + 3600, revoked_at=None)
            )
            asked = grant(
                id=grant_id, session_nonce=name, email=f"{name}@example.com", application_id=app, policy_id=policy,
                asked_at=now, lapses_at=now + 3600,
            )  # fmt: skip
            await store.grants.add(asked)
        agreed = (approval(at=now),)
        await store.grants.answer(
            IN_FORCE, lambda one: replace(one, approvals=agreed, granted_at=now, ends_at=now + 3600)
        )
        await store.grants.answer(OVER, lambda one: replace(one, approvals=agreed, granted_at=now, ends_at=now))
        await store.sessions.revoke("dan", now)
        await store.app_tokens.record("token", "bob", app, now, now + 600, policy, grant_id=IN_FORCE)
        await store.close()

    asyncio.run(fill())
    return config


def listed(config, *more):
    outcome = call("grants", "list", "--json", "--config", config, *more)
    assert outcome.exit_code == 0, outcome.stderr
    return {one["id"]: one for one in json.loads(outcome.stdout)}


def test_what_is_open_is_listed(config):
    found = listed(config)
    assert {one: found[one]["state"] for one in found} == {PENDING: "pending", IN_FORCE: "in_force"}
    bob = found[IN_FORCE]
    assert (bob["user"], bob["application"], bob["policy"]) == ("bob@example.com", "Safe", "With approval")
    assert bob["reason"] == "the printer is on fire"
    assert [said["email"] for said in bob["approvals"]] == ["boss@example.com"]
    assert bob["expires_at"].endswith("Z")
    assert found[PENDING]["granted_at"] is None


def test_what_is_over_is_listed_on_request(config):
    found = listed(config, "--all")
    assert found[OVER]["state"] == "over"
    assert found[SIGNED_OUT]["state"] == "signed_out"
    assert set(listed(config, "--all", "--user", "Cleo@Example.com")) == {OVER}


def test_people_read_a_line_about_each(config):
    outcome = call("grants", "list", "--config", config)
    assert outcome.exit_code == 0
    assert f"{IN_FORCE}  bob@example.com to Safe: in force, until " in outcome.stdout
    assert "approved by boss@example.com" in outcome.stdout
    assert f"{PENDING}  ann@example.com to Safe: waits for approval, until " in outcome.stdout


def test_nothing_to_list_is_said(config):
    outcome = call("grants", "list", "--user", "nobody@example.com", "--config", config)
    assert outcome.exit_code == 0
    assert "Nobody waits" in outcome.stderr


def test_a_grant_is_taken_back_with_its_tokens_and_recorded(config):
    outcome = call("grants", "revoke", IN_FORCE[:8], "--config", config, "--json")
    assert outcome.exit_code == 0, outcome.stderr
    assert json.loads(outcome.stdout) == {"revoked": {"sessions": 1, "streams": 0}}
    assert set(listed(config)) == {PENDING}

    async def after():
        _, opening = opened(config)
        store = await opening
        now = int(time.time())
        tokens, (record,) = await store.app_tokens.revoked(now), await store.decisions.recent(10)
        session = await store.sessions.find("bob")
        await store.close()
        return tokens, record, session

    tokens, record, session = asyncio.run(after())
    assert [set(nonces) for nonces in tokens.values()] == [{"token"}]
    assert (record.kind, record.outcome, record.user_email) == ("approval", "revoked", "bob@example.com")
    assert record.application_name == "Safe"
    assert "an operator took back" in record.detail
    assert session.revoked_at is None
    explained = call("explain", record.reference, "--config", config)
    assert "taken back" in explained.stdout


def test_a_request_that_waits_can_be_ended(config):
    assert call("grants", "revoke", PENDING, "--config", config).exit_code == 0
    assert set(listed(config)) == {IN_FORCE}


@pytest.mark.parametrize(
    ("grant_id", "said"), [("e" * 32, "no grant"), ("b", "no grant"), (OVER, "is over"), ("", "no grant")]
)
def test_what_cannot_be_taken_back_is_said(config, grant_id, said):
    outcome = call("grants", "revoke", grant_id, "--config", config)
    assert outcome.exit_code == 1
    assert said in outcome.stderr.lower()


def test_what_is_taken_back_once_is_so_for_good(config):
    call("grants", "revoke", IN_FORCE, "--config", config)
    outcome = call("grants", "revoke", IN_FORCE, "--config", config)
    assert outcome.exit_code == 1
    assert "taken back" in outcome.stderr
