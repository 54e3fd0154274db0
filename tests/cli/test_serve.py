"""``doorward serve`` and ``doorward control``: what is handed on, and what comes back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.cli.calling import LOCAL, call, configured

from doorward.cli import serve as command
from doorward.errors import StoreError

CONTROL = pytest.importorskip("doorward.cli.control", exc_type=ImportError)


@pytest.fixture
def supervised(monkeypatch):
    calls = []

    def supervise(config):
        calls.append((config, os.environ.get("DOORWARD_WORKERS")))
        return 0

    monkeypatch.setattr(command, "supervise", supervise)
    monkeypatch.setenv("DOORWARD_WORKERS", "")  # so that what the command sets is taken back after the test
    return calls


def test_the_supervisor_gets_the_file(tmp_path, supervised):
    configured(tmp_path)
    assert call("serve").exit_code == 0
    assert supervised == [(Path("doorward.yaml"), "")]


def test_workers_are_handed_on(tmp_path, supervised):
    configured(tmp_path)
    assert call("serve", "--workers", "3").exit_code == 0
    assert supervised == [(Path("doorward.yaml"), "3")]


def test_a_wrong_file_starts_nothing(tmp_path, supervised):
    configured(tmp_path, LOCAL + "log: {level: loud}\n")
    outcome = call("serve")
    assert outcome.exit_code == 1
    assert outcome.stdout == ""
    assert "log.level" in outcome.stderr
    assert supervised == []


def test_warnings_are_shown_and_do_not_stop_it(tmp_path, supervised):
    configured(tmp_path, LOCAL + "ingress: [{hostname: a.localhost, service: 'http://127.0.0.1:1'}]\n")
    outcome = call("serve")
    assert outcome.exit_code == 0
    assert "no application covers 'a.localhost'" in outcome.stderr


@pytest.mark.parametrize("code", [0, 1, 130])
def test_the_supervisors_exit_code_is_ours(tmp_path, supervised, monkeypatch, code):
    configured(tmp_path)
    monkeypatch.setattr(command, "supervise", lambda _: code)
    assert call("serve").exit_code == code


def test_an_error_of_ours_is_one_sentence(tmp_path, supervised, monkeypatch):
    def fail(_):
        raise StoreError("The database is locked; stop the other process")

    configured(tmp_path)
    monkeypatch.setattr(command, "supervise", fail)
    outcome = call("serve")
    assert outcome.exit_code == 1
    assert outcome.stderr == "The database is locked; stop the other process\n"


def test_control_runs_the_application(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(CONTROL, "run", lambda config, runtime: calls.append((config, runtime)) or 7)
    outcome = call("control", "--config", "a.yaml", "--runtime", tmp_path)
    assert outcome.exit_code == 7
    assert calls == [(Path("a.yaml"), tmp_path)]
