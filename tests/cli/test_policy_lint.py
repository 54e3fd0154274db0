"""``doorward policy lint`` and what ``doorward check`` says of the same."""

from __future__ import annotations

import json

import pytest
from tests.cli.calling import call, configured
from tests.cli.policies import POLICIES

OPEN = POLICIES.replace(
    "    policies:\n", "    policies:\n      - {name: Open, decision: bypass, include: [{everyone: {}}]}\n"
)


def test_a_file_without_findings_is_exit_code_0(tmp_path):
    configured(tmp_path, POLICIES)
    outcome = call("policy", "lint")
    assert (outcome.exit_code, outcome.stdout, outcome.stderr) == (0, "nothing found\n", "")
    assert json.loads(call("policy", "lint", "--json").stdout) == {"findings": []}


def test_every_finding_has_its_place_what_is_wrong_and_what_to_do(tmp_path):
    file = configured(tmp_path, OPEN)
    outcome = call("policy", "lint")
    assert outcome.exit_code == 1
    for piece in (
        f"{file}:16:9  applications[0].policies[0]",
        "everybody enters all of wiki.localhost without signing in",
        "→ give an application of its own to the path that is meant",
        "16 │       - {name: Open",
        f"{file}:19:9  applications[0].policies[3]",
        "'Open' is looked at first and matches whenever this one does",
        "5 warnings",
    ):
        assert piece in outcome.stdout


def test_json_findings_are_problems_as_check_has_them(tmp_path):
    configured(tmp_path, OPEN)
    findings = json.loads(call("policy", "lint", "--json").stdout)["findings"]
    checked = call("check", "--json")
    assert checked.exit_code == 0
    assert findings == json.loads(checked.stdout)["problems"]
    assert {finding["severity"] for finding in findings} == {"warning"}


def test_warnings_about_anything_else_are_not_policies_business(tmp_path):
    configured(
        tmp_path, POLICIES.replace("ingress: [", "ingress: [{hostname: b.localhost, service: 'http://127.0.0.1:1'}, ")
    )
    assert call("policy", "lint").exit_code == 0
    assert "1 warning" in call("check").stdout


@pytest.mark.parametrize("command", [("policy", "lint"), ("check",)])
def test_a_file_with_mistakes_is_not_linted(tmp_path, command):
    configured(tmp_path, OPEN.replace("decision: bypass", "decision: bypas"))
    outcome = call(*command)
    assert outcome.exit_code == 1
    assert "everybody enters" not in outcome.output
    assert "bypas" in outcome.output


def test_help_lists_what_there_is():
    outcome = call("policy", "--help")
    assert outcome.exit_code == 0
    assert all(word in outcome.stdout for word in ("test", "diff", "lint"))
