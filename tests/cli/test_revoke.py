"""``doorward sessions`` and ``doorward revoke`` on a database whose door is shut."""

from __future__ import annotations

import asyncio
import json
import os
import time
from dataclasses import replace

import pytest
from tests.cli.calling import call, configured
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
policies: [{name: Staff, decision: allow, include: [{email_domain: {domain: example.com}}]}]
applications:
  - {name: Wiki, domain: wiki.localhost, policies: [Staff]}
  - {name: Mail, domain: mail.localhost, policies: [Staff, {name: Guests, decision: allow, include: [{everyone: {}}]}]}
"""


@pytest.fixture
def config(tmp_path):
    return configured(tmp_path, TEXT)


@pytest.fixture
def signed_in(config):
    """Ann, in two browsers; the first has a token for the wiki by Staff, the second one for the mail by Guests."""

    async def fill() -> None:
        settings = load(config, os.environ)
        store = await Store.open(settings.store_url, Cipher.load(settings.secret_key_file, os.environ))
        ids = {kind: await store.objects.identify(kind, wanted) for kind, wanted in names(settings).items()}
        now = int(time.time())
        user = await store.users.resolve(ANN.email, ANN.name, now)
        guests = next(one.id for name, one in ids["policy"].items() if name.endswith("Guests"))
        for nonce, app, policy in (("one", "Wiki", ids["policy"]["Staff"].id), ("two", "Mail", guests)):
            session = replace(SESSION, nonce=nonce, user_id=user, created_at=now, expires_at=now + 3600)
            await store.sessions.open(session)
            await store.app_tokens.record(f"t-{nonce}", nonce, ids["application"][app].id, now, now + 600, policy)
        await store.close()

    asyncio.run(fill())
    return config


def listed(config, *more):
    return {one["id"]: one for one in json.loads(call("sessions", "list", "--json", "--config", config, *more).stdout)}


def revoked(config, *words):
    outcome = call(*words, "--config", config, "--json")
    assert outcome.exit_code == 0, outcome.stderr
    return json.loads(outcome.stdout)


def test_sessions_are_listed_with_their_applications(signed_in):
    found = listed(signed_in)
    assert set(found) == {"one", "two"}
    one = found["one"]
    assert (one["user"], one["application"], one["ip"], one["country"]) == (ANN.email, "Wiki", "203.0.113.7", "DE")
    assert [part["name"] for part in one["applications"]] == ["Wiki"]
    assert one["created_at"].endswith("Z")
    assert one["expires_at"] > one["created_at"]
    assert listed(signed_in, "--user", "ANN@example.com") == found
    assert listed(signed_in, "--user", "nobody@example.com") == {}
    told = call("sessions", "list", "--config", signed_in).stdout
    assert "one" in told
    assert "Wiki" in told


@pytest.mark.parametrize(
    ("words", "sessions", "left"),
    [
        (("sessions", "revoke", "one"), 1, {"two"}),
        (("revoke", "user", "ann@EXAMPLE.com"), 2, set()),
        (("revoke", "all"), 2, set()),
        (("revoke", "app", "Wiki"), 1, {"one", "two"}),
        (("revoke", "app", "mail.localhost"), 1, {"one", "two"}),
        (("revoke", "policy", "Staff"), 1, {"one", "two"}),
        (("revoke", "policy", "Guests"), 1, {"one", "two"}),
    ],
)
def test_a_revocation_says_what_it_ended(signed_in, words, sessions, left):
    assert revoked(signed_in, *words) == {"revoked": {"sessions": sessions, "streams": 0}}
    assert set(listed(signed_in)) == left
    assert revoked(signed_in, *words) == {"revoked": {"sessions": 0, "streams": 0}}


def test_people_get_a_sentence(signed_in):
    outcome = call("revoke", "user", "ann@example.com", "--config", signed_in)
    assert "Access of ann@example.com is revoked: 2 sessions and 0 open streams ended." in outcome.stderr
    assert outcome.stdout == ""
    assert "Nobody is signed in." in call("sessions", "list", "--config", signed_in).stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("sessions", "revoke", "three"), "There is no session 'three'"),
        (("revoke", "user", "nobody@example.com"), "has ever signed in"),
        (("revoke", "app", "Wikis"), "There is no application 'Wikis'"),
        (("revoke", "policy", "Nobody"), "has a policy 'Nobody'"),
    ],
)
def test_what_does_not_exist_is_said_and_nothing_ends(signed_in, words, sentence):
    outcome = call(*words, "--config", signed_in)
    assert outcome.exit_code == 1
    assert sentence in outcome.stderr
    assert len(listed(signed_in)) == 2


def test_without_a_database_there_is_nothing_to_revoke(config):
    outcome = call("revoke", "all", "--config", config)
    assert outcome.exit_code == 1
    assert "start the door once" in outcome.stderr
    assert call("revoke").exit_code == 2
    assert call("revoke", "user").exit_code == 2
