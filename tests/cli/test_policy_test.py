"""``doorward policy test``: every case is run, every failure told, and mistakes in the file are found at their place."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest
from tests.cli.calling import call, configured
from tests.cli.policies import POLICIES, prepared

CASES = """\
tests:
  - name: staff enter
    request: {url: https://wiki.localhost/, email: ann@example.com, ip: 192.0.2.7}
    expect: allow
    policy: Staff only
    application: Wiki
    status: 0
  - name: the red team enters with a second factor
    request:
      url: https://wiki.localhost/
      method: POST
      email: p@x.org
      idp: Partners
      groups: [Ops]
      claims: {team: [blue, red], floor: "3"}
      auth_methods: [pwd, mfa]
      postures: {disk: passed}
      risk: low
      ip: 192.0.2.7
      country: NL
      at: 2026-12-24T18:00:00Z
    expect: allow
    policy: Red team
  - name: programs enter
    request: {url: https://wiki.localhost/, service_token: ci}
    expect: service_auth
  - name: strangers sign in
    request: {url: https://wiki.localhost/, ip: 192.0.2.7}
    expect: login
    policy: ""
    status: 302
"""
WRONG = """\
tests:
  - {name: open to all, request: {url: https://wiki.localhost/, ip: 192.0.2.7}, expect: bypass, status: 200}
  - {name: good, request: {url: https://wiki.localhost/, ip: 192.0.2.7}, expect: login}
  - {name: nobody's, request: {url: https://wiki.localhost/, email: a@b.c, idp: Nobody}, expect: deny}
"""


@pytest.fixture(params=["before the first start", "with a database"])
def place(request, tmp_path):
    configured(tmp_path, POLICIES) if request.param.startswith("before") else prepared(tmp_path)
    return tmp_path


def written(folder, text):
    (folder / "cases.yaml").write_text(text)
    return folder / "cases.yaml"


def test_cases_that_come_true_are_exit_code_0(place):
    outcome = call("policy", "test", written(place, CASES))
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    assert "✓ staff enter" in outcome.stdout
    assert "4 passed, 0 failed" in outcome.stdout


def test_json_cases_are_read_too(place):
    case = {
        "name": "a",
        "request": {"url": "https://wiki.localhost/", "ip": "192.0.2.7"},
        "expect": "login",
        "status": 302,
    }
    assert call("policy", "test", written(place, json.dumps({"tests": [case]}))).exit_code == 0


def test_every_failure_is_told_with_its_evidence_and_the_exit_code_is_1(place):
    outcome = call("policy", "test", written(place, WRONG))
    assert outcome.exit_code == 1
    for piece in (
        "✗ open to all\n  expected bypass, and it is login\n  expected the status 200, and it is 302\n",
        "  Blocked [deny]: no\n    include: no, the address 192.0.2.7 is not in 198.51.100.0/24\n",
        "  Staff only [allow]: unknown\n    include: unknown, only a login can tell whether",
        "      include: unknown, only a login can tell\n",
        "✓ good",
        "✗ nobody's\n  it cannot be run: there is no identity provider 'Nobody'",
        "1 passed, 2 failed",
    ):
        assert piece in outcome.stdout


def test_json_says_what_was_not_as_expected_and_what_came(place):
    outcome = call("policy", "test", written(place, WRONG), "--json")
    assert (outcome.exit_code, outcome.stderr) == (1, "")
    result = json.loads(outcome.stdout)
    assert (result["passed"], result["failed"]) == (1, 2)
    first, good, last = result["tests"]
    assert (first["name"], first["passed"], len(first["failures"])) == ("open to all", False, 2)
    assert first["result"]["decision"] == "login"
    assert (good["passed"], good["failures"]) == (True, [])
    assert (last["passed"], last["result"]) == (False, None)


def test_build_servers_get_their_report(place):
    outcome = call("policy", "test", written(place, WRONG), "--junit", place / "report.xml")
    assert outcome.exit_code == 1
    suite = ET.parse(place / "report.xml").getroot()
    assert (suite.tag, suite.get("tests"), suite.get("failures")) == ("testsuite", "3", "2")
    failed, good, last = suite
    assert failed.find("failure").get("message").startswith("expected bypass, and it is login; expected the status")
    assert "Blocked [deny]: no" in failed.find("failure").text
    assert (good.get("name"), list(good)) == ("good", [])
    assert "cannot be run" in last.find("failure").get("message")


def test_a_report_that_cannot_be_written_is_a_sentence(place):
    outcome = call("policy", "test", written(place, WRONG), "--junit", place / "none" / "report.xml")
    assert (outcome.exit_code, outcome.stdout) == (1, "")
    assert "cannot be written" in outcome.stderr


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("", ["tests"]),
        ("- a", ["tests"]),
        ("tests: 7", ["tests"]),
        ("tests: []", ["tests"]),
        ("tests:\n - 3\n - {}", ["tests[0]", "tests[1].name", "tests[1].request", "tests[1].expect"]),
        ("tests:\n - {name: a, request: {ulr: x}, expect: alow}", ["tests[0].request.url", "tests[0].request.ulr", "tests[0].expect"]),
        ("tests:\n - {name: a, request: {url: x, at: noon}, expect: deny, status: many}", ["tests[0].request.at", "tests[0].status"]),
        ("tests:\n - {name: a, request: {url: x, claims: {a: {b: c}}}, expect: deny}", ["tests[0].request.claims.a"]),
        ("tests:\n - {name: a, request: {url: x, risk: none, postures: {a: b}}, expect: deny}", ["tests[0].request.postures.a", "tests[0].request.risk"]),
        ("tests:\n - &a {name: a, request: {url: x}, expect: deny}\n - *a", ["tests[1].name"]),
        ("tests:\n - {name: a, name: b, request: {url: x}, expect: deny}\nmore: 1", ["tests[0].name", "more"]),
        ("tests: [", [""]),
    ],
)  # fmt: skip
def test_every_mistake_in_the_file_is_found_at_its_place(tmp_path, text, places):
    configured(tmp_path, POLICIES)
    outcome = call("policy", "test", written(tmp_path, text))
    assert (outcome.exit_code, outcome.stdout) == (1, "")
    told = [line for line in outcome.stderr.splitlines() if line.startswith("error")]
    assert sorted({line.partition("cases.yaml:")[2].partition("  ")[2] for line in told}) == sorted(places)


def test_a_file_that_is_not_there_is_a_sentence(tmp_path):
    configured(tmp_path, POLICIES)
    outcome = call("policy", "test", "nothing.yaml")
    assert (outcome.exit_code, outcome.stdout) == (1, "")
    assert "does not exist" in outcome.stderr
    assert "doorward init" not in outcome.stderr
