"""``doorward explain``: prints what was recorded, whatever that is."""

from __future__ import annotations

import asyncio
import json

import pytest
from tests.cli.calling import LOCAL, call, configured

from doorward.access.record import DecisionRecord
from doorward.settings import load
from doorward.store import Cipher, Store

REFERENCE = "4f1d2c3b5a697887"
TRACE = (
    {
        "policy_id": "p1",
        "policy_name": "Partners",
        "decision": "allow",
        "match": "no",
        "rules": [
            {
                "part": "include",
                "rule": {"group": {"id": "g1"}},
                "match": "no",
                "because": "nobody in the group Partners",
                "inside": [
                    {
                        "part": "include",
                        "rule": {"email": {"email": "ann@partner.example"}},
                        "match": "no",
                        "because": "the address is mallory@evil.example",
                        "inside": [],
                    }
                ],
            }
        ],
    },
    {
        "policy_id": "p2",
        "policy_name": "Keep out",
        "decision": "deny",
        "match": "yes",
        "rules": [
            {"part": "include", "rule": {"everyone": {}}, "match": "yes", "because": "it covers everyone", "inside": []}
        ],
    },
    {"policy_id": "p3", "policy_name": "Later", "decision": "allow", "match": "unknown", "rules": []},
)
DENIED = DecisionRecord(
    reference=REFERENCE,
    at=1_790_000_000,
    kind="request",
    method="GET",
    host="wiki.localhost",
    path="/secret",
    ip="203.0.113.7",
    country="NZ",
    user_email="mallory@evil.example",
    application_name="Wiki",
    outcome="deny",
    refusal="policy",
    status=403,
    policy_id="p2",
    evidence={"identity": {"amr": ["pwd", "otp"], "groups": [{"id": "1", "name": "Visitors"}]}},
    trace=TRACE,
)


async def record(settings, *records):
    store = await Store.open(settings.store_url, Cipher.load(settings.secret_key_file, {}))
    await store.decisions.append(records)
    await store.close()


@pytest.fixture
def denied(tmp_path):
    asyncio.run(record(load(configured(tmp_path), {}), DENIED))


def test_the_whole_decision_is_told(denied):
    outcome = call("explain", REFERENCE)
    assert outcome.exit_code == 0
    assert outcome.stderr == ""
    for piece in (
        "refused (HTTP 403)",
        "2026-09-21",
        "GET wiki.localhost/secret",
        "application: Wiki",
        "no policy lets this visitor in",
        "mallory@evil.example",
        "pwd otp",
        "Visitors",
        "203.0.113.7 (NZ)",
        "✗ Partners [allow]: did not match",
        '✗ include {"group": {"id": "g1"}}: nobody in the group Partners',
        '✗ include {"email": {"email": "ann@partner.example"}}: the address is mallory@evil.example',
        "✓ Keep out [deny]: matched  ← decided",
        '✓ include {"everyone": {}}: it covers everyone',
        "? Later [allow]: could not be known without signing in",
    ):
        assert piece in outcome.stdout


def test_rules_name_what_the_file_names(tmp_path):
    text = LOCAL + "groups: [{name: Staff, include: [{email: {email: a@b.example}}]}]\n"
    settings = load(configured(tmp_path, text), {})

    async def prepared():
        store = await Store.open(settings.store_url, Cipher.load(settings.secret_key_file, {}))
        staff = (await store.objects.identify("group", ["Staff"]))["Staff"]
        rule = {"part": "include", "rule": {"group": {"id": staff.id}}, "match": "no", "because": "so", "inside": []}
        trace = ({**TRACE[0], "rules": [rule]},)
        await store.decisions.append([DecisionRecord("a" * 16, 0, "request", trace=trace)])
        await store.close()

    asyncio.run(prepared())
    assert 'include {"group": {"id": "Staff"}}' in call("explain", "a" * 16).stdout


def test_long_reasons_are_not_cut_off(tmp_path):
    rule = {"part": "include", "rule": {}, "match": "no", "because": "word " * 100 + "end", "inside": []}
    record_ = DecisionRecord("a" * 16, 0, "request", trace=({**TRACE[0], "rules": [rule]},))
    asyncio.run(record(load(configured(tmp_path), {}), record_))
    assert "word end" in call("explain", "a" * 16).stdout


@pytest.mark.parametrize(
    "arguments",
    [(REFERENCE.upper(),), (" 4f1d 2c3b 5a69 7887 ",), ("4F1D", "2C3B", "5A69", "7887"), ("4f1d-2c3b-5a69-7887",)],
)
def test_the_reference_may_be_typed_as_people_type(denied, arguments):
    assert call("explain", *arguments).exit_code == 0


def test_json_is_the_record(denied):
    outcome = call("explain", REFERENCE, "--json")
    assert outcome.stderr == ""
    result = json.loads(outcome.stdout)
    assert (result["reference"], result["policy_id"]) == (REFERENCE, "p2")
    assert result["trace"] == json.loads(json.dumps(TRACE))


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_an_unknown_reference_is_exit_code_1(denied, options):
    outcome = call("explain", "0" * 16, *options)
    assert outcome.exit_code == 1
    assert outcome.stdout == ""
    assert "There is no decision with the reference" in outcome.stderr


@pytest.mark.parametrize("reference", ["", "'; drop table decisions", "\x1b[2J", "é" * 500])
def test_nonsense_is_an_unknown_reference(denied, reference):
    outcome = call("explain", "--", reference)
    assert outcome.exit_code == 1
    assert "\x1b" not in outcome.output


def test_before_the_first_start_there_is_a_sentence(tmp_path):
    configured(tmp_path)
    outcome = call("explain", REFERENCE)
    assert outcome.exit_code == 1
    assert "doorward serve" in outcome.stderr


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"outcome": "login", "status": 302}, "sent to sign in (HTTP 302)"),
        ({"outcome": "allow"}, "let in"),
        ({"outcome": "bypass"}, "bypass"),
        ({"outcome": "error", "kind": "login", "detail": "the provider is down"}, "the provider is down"),
        ({"outcome": "deny", "refusal": "no_application", "status": 404}, "no application covers this address"),
        ({"outcome": "deny", "refusal": "something new"}, "something new"),
        ({"outcome": "something new"}, "something new"),
        ({}, "no policy was looked at"),
        ({"trace": ({},)}, "policies, in the order"),
        ({"path": "/\x1b[2J", "detail": "\u202e[bold]x[/nothing]"}, "[bold]x[/nothing]"),
    ],
)
def test_every_kind_of_record_can_be_told(tmp_path, fields, says):
    values = {"reference": "a" * 16, "at": 0, "kind": "request", **fields}
    asyncio.run(record(load(configured(tmp_path), {}), DecisionRecord(**values)))
    outcome = call("explain", "a" * 16)
    assert outcome.exit_code == 0
    assert says in outcome.stdout
    assert "\x1b" not in outcome.stdout
    assert "\u202e" not in outcome.stdout
