"""The commands a person types first. Nothing here touches the network: the programs they call are stand-ins."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TARGETS = ["help", "setup", "demo", "serve", "test", "check", "fix", "bench", "fuzz"]


def run(*command, cwd, path=None, **environ):
    kept = {key: os.environ[key] for key in ("HOME", "LANG") if key in os.environ}
    environment = {**kept, "PATH": path or os.environ["PATH"], **environ}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=60, check=False)


def program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def copy(tmp_path):
    """The commands in a folder of their own."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    for name in ("Makefile", "uv.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


@pytest.fixture
def bare_path(tmp_path):
    """A PATH with the usual small programs and nothing else: no Python, no Chromium, no apt."""
    folder = tmp_path / "bare"
    folder.mkdir()
    for name in ("sh", "cat", "cp", "cut", "dirname", "id", "mkdir", "rm", "sed", "touch", "env", "ls"):
        (folder / name).symlink_to(shutil.which(name))
    return folder


def test_make_alone_lists_exactly_the_targets_there_are():
    answer = run("make", cwd=ROOT)
    assert answer.returncode == 0
    assert re.findall(r"^  make (\w+) +\w", answer.stdout, re.MULTILINE) == TARGETS


def test_there_are_no_other_targets():
    text = (ROOT / "Makefile").read_text()
    assert re.findall(r"^([a-z]+):", text, re.MULTILINE) == TARGETS
    assert f".PHONY: {' '.join(TARGETS)}\n" in text


def test_ci_runs_check_and_test_and_stops_at_the_first_failure():
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert lines[:2] == ["#!/usr/bin/env bash", "set -euo pipefail"]
    assert lines[-1] == "make check test"


def test_every_script_can_be_executed():
    for script in (*(ROOT / "scripts").iterdir(), ROOT / ".ci" / "run"):
        assert script.stat().st_mode & stat.S_IXUSR, script


# --- setup


def test_without_a_python_that_is_new_enough_setup_says_so(copy, bare_path):
    program(bare_path / "python3", "exit 1")
    answer = run("scripts/setup", cwd=copy, path=str(bare_path))
    assert answer.returncode == 1
    assert "Python 3.11 or newer is needed and none was found" in answer.stderr


def test_an_old_python3_is_passed_over_for_a_newer_one(copy, bare_path):
    program(bare_path / "python3", "exit 1")
    program(bare_path / "python3.12", 'case "$*" in *venv*) exit 1;; *print*) echo python3.12;; esac')
    answer = run("scripts/setup", cwd=copy, path=str(bare_path))
    assert "On Debian and Ubuntu: apt install python3.12-venv" in answer.stderr
    assert answer.returncode == 1
    assert not (copy / ".venv").exists()


def test_debian_s_venv_without_pip_is_no_obstacle_when_there_is_a_pip(copy, bare_path):
    made = "mkdir -p .venv/bin && printf '#!/bin/sh\\nexit 0\\n' >.venv/bin/python"
    program(
        bare_path / "python3",
        f'case "$*" in *"-m venv --without-pip"*) {made};; *"-m venv"*) exit 1;; esac; echo "$*" >>calls',
    )
    run("scripts/setup", cwd=copy, path=str(bare_path))
    assert "-m venv --without-pip .venv" in (copy / "calls").read_text()


def set_up(copy, *, uv="uv 0.0.0"):
    """A .venv as after a first setup; its programs write down how they were called."""
    python = shutil.which("python3")
    note = f'echo "$(basename $0) $*" >>{copy}/calls'
    program(copy / ".venv/bin/python", f'case "$*" in "-m pip"*) {note};; *) exec {python} "$@";; esac')
    program(copy / ".venv/bin/uv", f'[ "$1" = --version ] && echo "{uv}" && exit; {note}')
    program(copy / ".venv/bin/doorward", "true")
    return copy / "calls"


def pinned():
    return re.search(r'"uv==([\d.]+)"', (ROOT / "pyproject.toml").read_text()).group(1)


def test_setup_installs_the_pinned_uv_by_hash_and_then_what_is_locked(copy):
    calls = set_up(copy)
    answer = run("scripts/setup", cwd=copy)
    assert answer.returncode == 0, answer.stderr
    lines = calls.read_text().splitlines()
    installs = [line for line in lines if "install" in line]
    assert installs == [
        "python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement .venv/uv.txt"
    ]
    assert lines[-1] == "uv sync --frozen --compile-bytecode --python .venv/bin/python"
    wanted = (copy / ".venv/uv.txt").read_text()
    assert wanted.startswith(f"uv=={pinned()} ")
    assert wanted.count("--hash=sha256:") > 5


def test_setup_leaves_a_uv_alone_that_is_the_pinned_one(copy):
    calls = set_up(copy, uv=f"uv {pinned()} (abcdef 2026-11-17)")
    assert run("scripts/setup", cwd=copy).returncode == 0
    assert "pip install" not in calls.read_text()


def test_make_setup_does_nothing_the_second_time_and_works_again_when_the_lock_changes(copy):
    calls = set_up(copy, uv=f"uv {pinned()}")
    for _time in range(3):
        assert run("make", "setup", cwd=copy).returncode == 0
    assert calls.read_text().count("uv sync") == 1
    os.utime(copy / "uv.lock", (2_000_000_000, 2_000_000_000))
    assert run("make", "setup", cwd=copy).returncode == 0
    assert calls.read_text().count("uv sync") == 2


def test_a_setup_that_failed_is_tried_again(copy):
    set_up(copy, uv=f"uv {pinned()}")
    program(copy / ".venv/bin/uv", f'[ "$1" = --version ] && echo "uv {pinned()}" && exit; exit 2')
    answer = run("make", "setup", cwd=copy)
    assert answer.returncode != 0
    assert "the dependencies could not be installed" in answer.stderr
    assert not (copy / ".venv/.ready").exists()


# --- the lock file


def test_a_lock_file_that_fits_is_known_without_network(copy):
    (copy / ".venv").symlink_to(ROOT / ".venv")
    (copy / "README.md").touch()
    answer = run("scripts/locked", cwd=copy, UV_CACHE_DIR=str(copy / "cache"))
    assert answer.returncode == 0, answer.stderr
    pyproject = copy / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace('"typer>=', '"requests", "typer>='))
    answer = run("scripts/locked", cwd=copy, UV_CACHE_DIR=str(copy / "cache"))
    assert answer.returncode == 1
    assert "uv.lock does not fit pyproject.toml. Run: .venv/bin/uv lock" in answer.stderr


# --- tests with and without a browser


def pytest_that(copy, code):
    program(copy / ".venv/bin/python", f'echo "$DOORWARD_CHROMIUM $*" >>{copy}/calls; exit {code}')
    return copy / "calls"


def everything_there(path):
    for name in ("node", "npm", "xmlsec1"):
        program(path / name, "true")
    return program(path / "chromium", "true")


def test_with_a_chromium_and_node_everything_is_run(copy, bare_path):
    calls = pytest_that(copy, 0)
    chromium = everything_there(bare_path)
    assert run("scripts/test", "-q", cwd=copy, path=str(bare_path)).returncode == 0
    assert calls.read_text() == f"{chromium} -m pytest -q\n"


@pytest.mark.parametrize(
    ("result", "wanted", "code"), [(0, "", 1), (0, "1", 0), (2, "", 2), (2, "1", 2)], ids=str
)  # fmt: skip
def test_without_a_chromium_the_rest_is_run_and_what_was_not_is_named(copy, bare_path, result, wanted, code):
    calls = pytest_that(copy, result)
    everything_there(bare_path).unlink()
    answer = run("scripts/test", cwd=copy, path=str(bare_path), DOORWARD_WITHOUT_BROWSER=wanted)
    assert answer.returncode == code
    assert calls.read_text() == " -m pytest -m not browser\n"
    assert ("NOT RUN: the tests in a real browser" in answer.stderr) == (not wanted)


@pytest.mark.parametrize(("wanted", "code"), [("", 1), ("1", 0)], ids=str)
def test_without_node_what_was_not_run_is_named(copy, bare_path, wanted, code):
    calls = pytest_that(copy, 0)
    everything_there(bare_path)
    (bare_path / "node").unlink()
    answer = run("scripts/test", cwd=copy, path=str(bare_path), DOORWARD_WITHOUT_NODE=wanted)
    assert answer.returncode == code
    assert calls.read_text().endswith(" -m pytest\n")
    assert ("NOT RUN: the tests against npm's oidc-provider" in answer.stderr) == (not wanted)


@pytest.mark.parametrize(("wanted", "code"), [("", 1), ("1", 0)], ids=str)
def test_without_xmlsec1_what_was_not_run_is_named(copy, bare_path, wanted, code):
    pytest_that(copy, 0)
    everything_there(bare_path)
    (bare_path / "xmlsec1").unlink()
    (bare_path / "id").unlink()
    program(bare_path / "id", "echo 1000")
    answer = run("scripts/test", cwd=copy, path=str(bare_path), DOORWARD_WITHOUT_XMLSEC1=wanted)
    assert answer.returncode == code
    assert "apt install xmlsec1" in answer.stderr
    assert ("NOT RUN: the tests against SAML providers" in answer.stderr) == (not wanted)


def test_chromium_is_installed_where_that_is_allowed(copy, bare_path):
    (bare_path / "id").unlink()
    program(bare_path / "id", "echo 0")
    program(
        bare_path / "apt-get",
        f'[ "$1" = install ] && printf "#!/bin/sh" >{bare_path}/chromium; chmod +x {bare_path}/chromium; true',
    )
    (bare_path / "chmod").symlink_to(shutil.which("chmod"))
    answer = run("scripts/chromium", cwd=copy, path=str(bare_path))
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip() == str(bare_path / "chromium")


def test_chromium_is_not_installed_by_somebody_who_may_not(copy, bare_path):
    (bare_path / "id").unlink()
    program(bare_path / "id", "echo 1000")
    program(bare_path / "apt-get", f"touch {copy}/called")
    answer = run("scripts/chromium", cwd=copy, path=str(bare_path))
    assert answer.returncode == 3
    assert "apt install chromium" in answer.stderr
    assert not (copy / "called").exists()


# --- packages from npm


@pytest.fixture
def counterparties(copy):
    folder = copy / "node"
    folder.mkdir()
    (folder / "package-lock.json").write_text("{}")
    return folder


def test_without_npm_the_counterparties_are_named_and_the_rest_goes_on(copy, bare_path, counterparties):
    answer = run("scripts/counterparties", "node", cwd=copy, path=str(bare_path))
    assert answer.returncode == 0
    assert "there is no npm here" in answer.stderr


def test_with_npm_the_counterparties_are_installed_as_locked(copy, bare_path, counterparties):
    program(bare_path / "npm", f'echo "$*" >>{copy}/calls; mkdir -p node_modules')
    assert run("scripts/counterparties", "node", cwd=copy, path=str(bare_path)).returncode == 0
    assert (copy / "calls").read_text().startswith("ci ")
    assert (counterparties / "node_modules/.doorward-lock.json").read_text() == "{}"
