"""``doorward check``."""

from __future__ import annotations

import json

import pytest
from tests.cli.calling import LOCAL, call, configured

WRONG = LOCAL.replace("http: 8080", "htp: 8080") + "log: {level: loud}\n"
HARDLY_MEANT = LOCAL + (
    "ingress: [{hostname: a.localhost, service: 'http://127.0.0.1:1'}]\n"
    "applications: [{name: A, domain: a.localhost}]\n"
)


def test_a_valid_file_is_exit_code_0(tmp_path):
    configured(tmp_path)
    outcome = call("check")
    assert outcome.exit_code == 0
    assert "is valid" in outcome.stdout
    assert outcome.stderr == ""


def test_every_mistake_is_shown_with_its_place_its_line_and_what_would_be_right(tmp_path):
    file = configured(tmp_path, WRONG)
    outcome = call("check")
    assert outcome.exit_code == 1
    for piece in (
        f"{file}:2:10  listen.htp",
        "did you mean 'http'?",
        "2 │ listen: {htp: 8080}",
        f"{file}:3:7  log.level",
        "possible: debug, info, warning, error",
        "2 errors",
    ):
        assert piece in outcome.stdout


def test_the_mark_stands_under_the_field(tmp_path):
    configured(tmp_path, WRONG)
    lines = call("check").stdout.splitlines()
    index = next(number for number, line in enumerate(lines) if "│ log: {level" in line)
    assert lines[index + 1].index("^") == lines[index].index("level")


def test_warnings_alone_leave_the_exit_code_at_0(tmp_path):
    configured(tmp_path, HARDLY_MEANT)
    outcome = call("check")
    assert outcome.exit_code == 0
    assert "nobody can enter" in outcome.stdout
    assert "1 warning" in outcome.stdout


def test_json_is_all_there_is_on_standard_output(tmp_path):
    file = configured(tmp_path, WRONG)
    outcome = call("check", "--json")
    assert outcome.exit_code == 1
    assert outcome.stderr == ""
    result = json.loads(outcome.stdout)
    assert result["valid"] is False
    assert {
        "severity": "error",
        "file": str(file),
        "line": 2,
        "column": 10,
        "path": "listen.htp",
        "message": "'htp' is not a known field",
        "hint": "did you mean 'http'?",
    } in result["problems"]


@pytest.mark.parametrize(("text", "count"), [(LOCAL, 0), (HARDLY_MEANT, 1)])
def test_json_of_a_valid_file(tmp_path, text, count):
    configured(tmp_path, text)
    outcome = call("check", "--json")
    assert outcome.exit_code == 0
    result = json.loads(outcome.stdout)
    assert (result["valid"], len(result["problems"])) == (True, count)


def test_the_file_may_be_named_by_option_or_environment(tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text(LOCAL)
    assert call("check").exit_code == 1
    assert call("check", "--config", other).exit_code == 0
    assert call("check", "-c", other).exit_code == 0
    assert call("check", env={"DOORWARD_CONFIG": str(other)}).exit_code == 0


def test_a_missing_file_is_a_sentence_and_no_traceback(tmp_path):
    outcome = call("check", "--config", "nowhere.yaml")
    assert outcome.exit_code == 1
    assert "does not exist" in outcome.stdout
    assert "Traceback" not in outcome.output


def test_what_the_file_holds_cannot_move_the_cursor_or_pretend_to_be_markup(tmp_path):
    configured(tmp_path, LOCAL + 'log: {level: "\\e[2J[bold]x[/bold][/nothing]\\u202e"}\n')
    outcome = call("check")
    assert "\x1b" not in outcome.stdout
    assert "\u202e" not in outcome.stdout
    assert "[bold]x[/bold][/nothing]" in outcome.stdout


def test_secrets_are_masked_in_the_lines_shown(tmp_path):
    text = LOCAL + "mail: {host: h, sender: a@b.example, username: u, password: hunter2, prot: 1}\n"
    configured(tmp_path, text)
    outcome = call("check")
    assert outcome.exit_code == 1
    assert "hunter2" not in outcome.output
    assert "password: ********" in outcome.stdout
