"""``doorward policy diff``: who gains, who loses, by what the door has on record."""

from __future__ import annotations

import json
import time

import pytest
from tests.cli.calling import LOCAL, call, configured
from tests.cli.policies import POLICIES, prepared, seen

NOW = int(time.time())
ALLOWED = dict.fromkeys(("reference", "at"))
RECORDS = (
    seen("a" * 16, "ann@example.com", NOW - 100),
    seen("b" * 16, "ann@example.com", NOW - 90),
    seen("c" * 16, "eve@evil.example", NOW - 80, outcome="deny"),
    seen("d" * 16, "", NOW - 70),
    seen("e" * 16, "out@example.com", NOW - 60, kind="logout", outcome="logout"),
)
NARROWER = POLICIES.replace("email_domain: {domain: example.com}", "email: {email: eve@evil.example}")


@pytest.fixture
def files(tmp_path):
    old = prepared(tmp_path, records=RECORDS)
    new = tmp_path / "proposed.yaml"
    new.write_text(NARROWER)
    return old, new


def test_a_configuration_does_not_differ_from_itself(files):
    outcome = call("policy", "diff", files[0], files[0])
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    assert outcome.stdout == "4 decisions replayed: 0 would gain access, 0 would lose it\n"


def test_who_gains_and_who_loses_is_listed_by_application(files):
    outcome = call("policy", "diff", *files)
    assert (outcome.exit_code, outcome.stderr) == (1, "")
    lines = outcome.stdout.splitlines()
    assert lines[0] == "Wiki"
    assert lines[1] == "  + eve@evil.example gains access: deny → allow by 'Staff only'"
    assert lines[2].startswith("      once, last wiki.localhost/page at ")
    assert lines[2].endswith("reference cccccccccccccccc")
    assert lines[3] == "  - ann@example.com loses access: allow by 'Staff only' → deny"
    assert lines[4].startswith("      2 times, last wiki.localhost/page at ")
    assert lines[5] == "4 decisions replayed: 1 would gain access, 1 would lose it"


def test_json_is_for_scripts(files):
    outcome = call("policy", "diff", *files, "--json")
    assert (outcome.exit_code, outcome.stderr) == (1, "")
    result = json.loads(outcome.stdout)
    assert (result["replayed"], result["skipped"], result["not_replayed"], result["changed_otherwise"]) == (4, 1, {}, 0)
    (wiki,) = result["applications"]
    assert wiki["name"] == "Wiki"
    (gains,), (loses,) = wiki["gains"], wiki["loses"]
    assert gains["who"] == "eve@evil.example"
    assert gains["after"] == {"decision": "allow", "policy": "Staff only", "application": "Wiki"}
    assert (loses["who"], loses["decisions"], loses["last"]["reference"]) == ("ann@example.com", 2, "b" * 16)
    assert loses["before"]["decision"] == "allow"
    assert loses["after"] == {"decision": "deny", "policy": None, "application": "Wiki"}


def test_whoever_did_not_sign_in_is_told_as_such(files):
    open_now = POLICIES.replace(
        "policies:\n", "policies:\n      - {name: Open, decision: bypass, include: [{everyone: {}}]}\n"
    )
    files[1].write_text(open_now)
    outcome = call("policy", "diff", *files)
    assert "+ whoever comes without signing in gains access: login → bypass by 'Open'" in outcome.stdout
    gone = call("policy", "diff", files[1], configured(files[0].parent, LOCAL), "--config", files[1])
    assert "- whoever comes without signing in loses access: bypass by 'Open' → deny (no application)" in gone.stdout


def test_only_as_far_back_as_asked(files, tmp_path):
    prepared(tmp_path, records=[seen("f" * 16, "old@example.com", NOW - 10 * 86_400)])
    assert "old@example.com" in call("policy", "diff", *files).stdout
    assert "old@example.com" not in call("policy", "diff", *files, "--days", "7").stdout


def test_the_record_may_be_another_files(files, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    copies = []
    for file in files:
        copies.append(tmp_path / "elsewhere" / file.name)
        copies[-1].write_text(file.read_text())
    assert call("policy", "diff", *copies).exit_code == 2
    outcome = call("policy", "diff", *copies, "--config", files[0])
    assert outcome.exit_code == 1
    assert "ann@example.com loses access" in outcome.stdout


def test_what_cannot_be_replayed_is_told_with_the_reason(files):
    asking = POLICIES.replace("auth_method: {auth_method: mfa}", "device_posture: {integration_uid: x}")
    files[1].write_text(asking)
    outcome = call("policy", "diff", *files)
    assert outcome.exit_code == 0
    assert "4 cannot be replayed: the policies ask for device_posture, which is not on record" in outcome.stdout


def test_changes_that_give_and_take_nothing_are_counted(files):
    closed = POLICIES.replace("198.51.100.0/24", "192.0.2.0/24")
    files[1].write_text(closed)
    outcome = call("policy", "diff", *files)
    assert "2 decisions change without giving or taking access" in outcome.stdout


@pytest.mark.parametrize("broken", [0, 1])
def test_a_comparison_that_cannot_be_made_is_exit_code_2(files, broken):
    files[broken].write_text("organization: {}")
    outcome = call("policy", "diff", *files)
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert "auth_domain" in outcome.stderr


def test_without_a_database_there_is_nothing_to_replay(tmp_path):
    file = configured(tmp_path, POLICIES)
    outcome = call("policy", "diff", file, file)
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert "There is no database" in outcome.stderr


def test_more_than_one_page_is_read(files, tmp_path, monkeypatch):
    monkeypatch.setattr("doorward.cli.policy._PAGE", 2)
    assert "4 decisions replayed" in call("policy", "diff", *files).stdout
