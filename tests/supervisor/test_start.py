from __future__ import annotations

import dataclasses
import json
import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from doorward import journal
from doorward.settings import load
from doorward.supervisor import start
from doorward.supervisor.announcement import announcement
from doorward.supervisor.start import plan, ports, serve, wants_colour

FILE = """
organization: {{name: Example, auth_domain: login.localhost}}
listen: {{http: {http}}}
status: {{port: {status}}}
log: {{format: {form}, level: {level}}}
mail: {{host: 127.0.0.1, port: 2525, security: none, sender: door@example.com}}
identity_providers: [{{name: Email code, type: onetimepin}}]
ingress: [{{hostname: "*.localhost", service: "http://127.0.0.1:9000"}}]
applications:
  - {{name: Wiki, domain: wiki.localhost, policies: [{{name: All, decision: allow, include: [{{everyone: {{}}}}]}}]}}
  - {{name: Blog, domain: blog.localhost/admin, policies: [{{name: All, decision: allow, include: [{{everyone: {{}}}}]}}]}}
"""


@pytest.fixture
def file(tmp_path):
    def write(*, http=8080, status=9901, form="text", level="info"):
        path = tmp_path / "doorward.yaml"
        path.write_text(FILE.format(http=http, status=status, form=form, level=level))
        return path

    return write


def listens(port):
    return port.address, port.number, port.protocol


def test_every_port_the_door_will_listen_on_is_asked_for(file):
    settings = load(file(), {})
    assert [listens(port) for port in ports(settings)] == [("127.0.0.1", 8080, "tcp"), ("127.0.0.1", 9901, "tcp")]
    secure = dataclasses.replace(settings, listen=dataclasses.replace(settings.listen, https=8443, http3=True))
    assert [listens(port) for port in ports(secure)][1:3] == [("127.0.0.1", 8443, "tcp"), ("127.0.0.1", 8443, "udp")]


def test_the_control_plane_is_this_python_with_this_file(file, tmp_path):
    settings = load(file(), {})
    control = plan(settings, Path("/envoy"), tmp_path, colour=True).control
    assert control.arguments == (
        sys.executable, "-m", "doorward", "control", "--config", str(settings.path), "--runtime", str(tmp_path)
    )  # fmt: skip
    assert control.leashed
    assert control.environment == {journal.COLOUR: "1"}


def test_envoy_is_not_on_the_leash_pipe_and_its_stale_socket_is_removed(file, tmp_path):
    envoy = plan(load(file(), {}), Path("/envoy"), tmp_path, colour=False).envoy
    assert not envoy.leashed
    assert envoy.leftovers == (tmp_path / "admin.sock",)


@pytest.mark.parametrize(("form", "is_json"), [("json", True), ("text", False)])
def test_envoy_logs_in_the_format_of_the_door(file, tmp_path, form, is_json):
    envoy = plan(load(file(form=form), {}), Path("/envoy"), tmp_path, colour=False).envoy
    pattern = envoy.arguments[envoy.arguments.index("--log-format") + 1]
    assert pattern.startswith("{") == is_json


def test_the_announcement_names_every_address_a_person_needs(file):
    told = announcement(load(file(), {}))
    assert told == (
        "Doorward is ready. Team domain: http://login.localhost:8080 · applications: http://wiki.localhost:8080, "
        "http://blog.localhost:8080/admin · status: http://127.0.0.1:9901/readyz"
    )


def test_the_announcement_is_an_object_in_json(file):
    told = json.loads(announcement(load(file(form="json"), {})))
    assert told["event"] == "ready"
    assert told["team_domain"] == "http://login.localhost:8080"
    assert told["applications"] == ["http://wiki.localhost:8080", "http://blog.localhost:8080/admin"]


def test_the_announcement_of_many_applications_stays_one_line(file):
    settings = load(file(), {})
    many = dataclasses.replace(settings, applications=settings.applications[:1] * 12)
    assert " and 7 more" in announcement(many)


@pytest.mark.parametrize(
    ("environ", "terminal", "colour"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"TERM": "dumb"}, True, False),
    ],
)
def test_colour_is_for_terminals_that_want_it(environ, terminal, colour):
    assert wants_colour(environ, terminal=terminal) is colour


def test_a_wrong_file_is_reported_with_all_its_mistakes_and_nothing_starts(file, capsys, monkeypatch):
    monkeypatch.setattr(start, "Supervision", None)
    path = file()
    path.write_text(
        path.read_text().replace("wiki.localhost, p", "'wiki host', p").replace("level: info", "level: loud")
    )
    assert serve(path) == 1
    told = capsys.readouterr().err
    assert "applications[0].domain" in told
    assert "log.level" in told
    assert "Traceback" not in told


def test_a_missing_file_is_reported(tmp_path, capsys):
    assert serve(tmp_path / "nowhere.yaml") == 1
    assert "nowhere.yaml" in capsys.readouterr().err


def test_busy_ports_are_reported_and_nothing_starts(file, capsys, monkeypatch):
    monkeypatch.setattr(start, "Supervision", None)
    monkeypatch.setattr(start, "claim", lambda wanted, claim=start.claim: claim(wanted, patience=0))
    with socket.socket() as one, socket.socket() as two:
        for each in (one, two):
            each.bind(("127.0.0.1", 0))
            each.listen()
        http, status = one.getsockname()[1], two.getsockname()[1]
        assert serve(file(http=http, status=status)) == 1
    told = capsys.readouterr().err
    assert f"TCP port {http} on 127.0.0.1 (listen.http) is in use" in told
    assert f"TCP port {status} on 127.0.0.1 (status.port) is in use" in told


def test_an_envoy_that_is_too_old_is_reported(file, capsys, monkeypatch, tmp_path):
    old = tmp_path / "envoy"
    old.write_text("#!/bin/sh\necho 'envoy  version: abc/1.20.0/Clean/RELEASE/BoringSSL'\n")
    old.chmod(0o755)
    monkeypatch.setattr(start.envoy, "binary", lambda: old)
    assert serve(file()) == 1
    assert "too old" in capsys.readouterr().err


def test_the_limit_of_open_files_is_raised_as_far_as_allowed():
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 2048));"
        "from doorward.supervisor.start import _raise_open_files; _raise_open_files();"
        "print(*resource.getrlimit(resource.RLIMIT_NOFILE))"
    )
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 2048:
        pytest.skip("this machine allows fewer than 2048 open files")
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ})
    assert told.stdout.split() == ["2048", "2048"]
