"""``doorward`` itself: help, version, wrong usage."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from tests.cli.calling import call, configured

from doorward import __version__
from doorward.cli.table import CommandTable

ROOT = Path(__file__).parents[2]
PUBLIC = [row.name for row in CommandTable.ROWS if not row.hidden]


def test_the_version_is_that_of_the_package():
    assert call("--version").stdout == f"doorward {__version__}\n"
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == __version__


def test_without_a_command_it_shows_help():
    outcome = call()
    assert outcome.exit_code == 2
    assert all(name in outcome.output for name in PUBLIC)


def test_help_lists_every_public_command_and_only_those():
    outcome = call("--help")
    assert outcome.exit_code == 0
    assert all(f" {name} " in outcome.stdout for name in PUBLIC)
    assert "│ control" not in outcome.stdout


@pytest.mark.parametrize(
    "command",
    [("serve",), ("init",), ("check",), ("explain",), ("keys", "list"), ("keys", "rotate")],
    ids=" ".join,
)
def test_every_command_has_help_with_examples(command):
    outcome = call(*command, "--help")
    assert outcome.exit_code == 0
    assert "Examples" in outcome.stdout
    assert f"doorward {' '.join(command)}" in outcome.stdout


@pytest.mark.parametrize("row", CommandTable.ROWS, ids=lambda row: row.name)
def test_the_list_of_commands_says_what_the_commands_say(row):
    if row.hidden:
        return
    module = import_module(row.module)
    assert hasattr(module, "command")
    assert row.help[:8] in call(row.name, "--help").stdout


@pytest.mark.parametrize(
    "arguments",
    [("chekc",), ("check", "--confg", "x"), ("explain",), ("keys", "burn"), ("serve", "--workers", "0"), ("control",)],
    ids=" ".join,
)
def test_wrong_usage_is_exit_code_2_and_goes_to_standard_error(arguments):
    outcome = call(*arguments)
    assert outcome.exit_code == 2
    assert outcome.stdout == ""
    assert outcome.stderr


def test_a_command_that_is_nearly_right_is_suggested():
    assert "check" in call("chekc").stderr


def test_completion_knows_the_commands():
    environ = {"_DOORWARD_COMPLETE": "complete_bash", "COMP_WORDS": "doorward ", "COMP_CWORD": "1"}
    outcome = call(env=environ)
    assert set(outcome.stdout.split()) >= set(PUBLIC)
    assert "control" not in outcome.stdout.split()


def test_completion_knows_the_options_of_a_command():
    environ = {"_DOORWARD_COMPLETE": "complete_bash", "COMP_WORDS": "doorward check --", "COMP_CWORD": "2"}
    assert {"--config", "--json"} <= set(call(env=environ).stdout.split())


def test_help_imports_neither_database_nor_web_server():
    heavy = ["sqlalchemy", "grpc", "uvicorn", "httpx", "pydantic", "cryptography", "doorward.settings"]
    script = (
        "import sys\nfrom doorward.cli import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )
    outcome = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert outcome.stderr.strip() == "[]"


def test_it_runs_as_a_module(tmp_path):
    configured(tmp_path)
    command = [sys.executable, "-m", "doorward", "check", "--json"]
    outcome = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (outcome.returncode, outcome.stderr) == (0, "")
