"""``doorward serve`` as a person starts it: the real control plane, the real Envoy."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.edge

FILE = """
organization: {{name: Example, auth_domain: login.localhost}}
listen: {{http: {http}, workers: 1}}
status: {{port: {status}}}
mail: {{host: 127.0.0.1, port: 2525, security: none, sender: door@example.com}}
identity_providers: [{{name: Email code, type: onetimepin}}]
ingress: [{{hostname: "*.localhost", service: "http://127.0.0.1:9"}}]
applications:
  - name: Wiki
    domain: wiki.localhost
    policies: [{{name: Us, decision: allow, include: [{{email_domain: {{domain: example.com}}}}]}}]
"""


def free_ports(count):
    probes = [socket.socket() for _index in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def children_of(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def refuses(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False


def until(condition, seconds):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return found


class Serving:
    def __init__(self, folder, number):
        self.folder = folder
        self.file = folder / "doorward.yaml"
        self.out, self.err = folder / f"out{number}", folder / f"err{number}"
        environ = {**os.environ, "XDG_RUNTIME_DIR": str(folder)}
        with self.out.open("wb") as out, self.err.open("wb") as err:
            command = [sys.executable, "-m", "doorward", "serve", "--config", str(self.file)]
            self.process = subprocess.Popen(command, stdout=out, stderr=err, env=environ)

    def opened(self):
        until(lambda: "Doorward is ready" in self.out.read_text() or self.process.poll() is not None, 60)
        assert self.process.poll() is None, self.err.read_text()
        return self

    def child(self, part):
        def find():
            for pid in children_of(self.process.pid):
                if part in Path(f"/proc/{pid}/cmdline").read_text():
                    return pid
            return None

        return until(find, 10)

    @property
    def port(self):
        return int(re.search(r"login\.localhost:(\d+)", self.out.read_text()).group(1))

    def status(self, path="/", host="wiki.localhost"):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path, headers={"host": f"{host}:{self.port}"})
            return connection.getresponse().status
        finally:
            connection.close()


@pytest.fixture
def serve(short_folder):
    http_port, status_port = free_ports(2)
    (short_folder / "doorward.yaml").write_text(FILE.format(http=http_port, status=status_port))
    started = []

    def start():
        started.append(Serving(short_folder, len(started)))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.wait()


def test_it_opens_says_where_and_stops_without_leaving_anything(serve, short_folder):
    running = serve().opened()
    assert running.out.read_text().startswith(
        f"Doorward is ready. Team domain: http://login.localhost:{running.port} · "
    )
    assert len(running.out.read_text().splitlines()) == 1
    assert running.status() == 302
    children = children_of(running.process.pid)
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(timeout=20) == 0
    assert not any(lives(pid) for pid in children)
    assert list(short_folder.glob("doorward-run-*")) == []
    assert "Traceback" not in running.err.read_text()


def test_while_the_control_plane_is_gone_nothing_opens_and_it_comes_back(serve):
    running = serve().opened()
    control, envoy = running.child("doorward\0control"), running.child("envoy.json")
    os.kill(control, signal.SIGSTOP)  # so that its successor does not come up between the two questions
    os.kill(control, signal.SIGKILL)
    assert running.status() in {302, 503}
    until(lambda: "ready again" in running.err.read_text(), 30)
    assert running.status() == 302
    assert running.child("envoy.json") == envoy
    assert running.child("doorward\0control") != control


def test_killed_with_9_it_takes_both_along_and_the_next_start_works(serve, short_folder):
    running = serve().opened()
    port, children = running.port, children_of(running.process.pid)
    assert len(children) == 2
    secret = next((short_folder / "doorward-state").glob("*key*")).read_bytes()
    running.process.kill()
    running.process.wait()
    until(lambda: not any(lives(pid) for pid in children), 1)
    until(lambda: refuses(port), 5)  # a process is over before the last of its threads has let go of the port
    again = serve().opened()
    assert again.port == port
    assert again.status() == 302
    assert next((short_folder / "doorward-state").glob("*key*")).read_bytes() == secret
    assert len(list(short_folder.glob("doorward-run-*"))) == 1


def test_a_second_door_on_the_same_ports_is_refused_with_the_reason(serve):
    running = serve().opened()
    second = serve()
    assert second.process.wait(timeout=30) == 1
    assert f"TCP port {running.port} on 127.0.0.1 (listen.http) is in use" in second.err.read_text()
    assert running.status() == 302


def test_a_mistake_in_the_file_ends_it_at_once_with_the_line(serve, short_folder):
    file = short_folder / "doorward.yaml"
    file.write_text(file.read_text().replace("decision: allow", "decision: maybe"))
    running = serve()
    assert running.process.wait(timeout=30) == 1
    assert "decision" in running.err.read_text()
    assert "Traceback" not in running.err.read_text()
    assert running.out.read_text() == ""


def test_a_database_that_cannot_be_used_ends_it_at_once(serve, short_folder):
    file = short_folder / "doorward.yaml"
    broken = short_folder / "broken.db"
    broken.write_bytes(b"this is no database, although it is long enough to look like one" * 100)
    file.write_text(file.read_text() + f"store: sqlite:///{broken}\n")
    running = serve()
    assert running.process.wait(timeout=60) == 1
    assert "A process ended before the door was open" in running.err.read_text()
    assert "Traceback" not in running.err.read_text()
