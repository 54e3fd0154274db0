"""Draining, with a real Envoy in front of a slow origin."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from doorward.supervisor import admin

CHILDREN = Path(__file__).with_name("children.py")
pytestmark = pytest.mark.edge


def bootstrap(listen, origin):
    kinds = "type.googleapis.com/envoy.extensions.filters"
    manager = {
        "@type": f"{kinds}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "door",
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "origin", "timeout": "0s"}}],
                }
            ]
        },
        "http_filters": [{"name": "router", "typed_config": {"@type": f"{kinds}.http.router.v3.Router"}}],
    }
    endpoint = {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": origin}}}}
    return {
        "admin": {"address": {"pipe": {"path": "@ADMIN@"}}},
        "static_resources": {
            "listeners": [
                {
                    "name": "door",
                    "address": {"socket_address": {"address": "127.0.0.1", "port_value": listen}},
                    "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
                }
            ],
            "clusters": [
                {
                    "name": "origin",
                    "type": "STATIC",
                    "load_assignment": {"cluster_name": "origin", "endpoints": [{"lb_endpoints": [endpoint]}]},
                }
            ],
        },
    }


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def origin():
    class Slow(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            time.sleep(float(self.path.rpartition("/")[2] or 0))
            self.send_response(200)
            self.send_header("content-length", "4")
            self.end_headers()
            self.wfile.write(b"done")

        def log_message(self, *_arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


class Door:
    def __init__(self, folder, origin):
        self.listen, self.folder = free_port(), folder
        (folder / "bootstrap.json").write_text(json.dumps(bootstrap(self.listen, origin)))
        arguments = ["supervisor", str(folder), str(free_port()), "text", str(folder / "bootstrap.json")]
        with (folder / "err").open("wb") as err:
            self.process = subprocess.Popen([sys.executable, str(CHILDREN), *arguments], stdout=err, stderr=err)
        self._wait()

    @property
    def admin(self):
        return Path((self.folder / "runtimes").read_text().strip()) / "admin.sock"

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.listen, timeout=20)
        with contextlib.closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.getheader("connection")

    def _wait(self):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                if self.get("/")[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise AssertionError((self.folder / "err").read_text())


@pytest.fixture
def door(short_folder, origin):
    (short_folder / "envoy.up").write_text(str(os.getpid()))  # for the stand-in of the control plane
    running = Door(short_folder, origin)
    yield running
    running.process.kill()
    running.process.wait()


def in_background(call, *arguments):
    found = []
    thread = threading.Thread(target=lambda: found.append(call(*arguments)))
    thread.start()
    return thread, found


def test_a_request_under_way_is_finished_while_new_connections_are_refused(door):
    thread, found = in_background(door.get, "/slow/2")
    time.sleep(0.5)
    assert admin.active_requests(door.admin) == 1
    door.process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    with pytest.raises(ConnectionRefusedError):
        door.get("/")
    thread.join()
    assert found == [(200, b"done", "close")]
    assert door.process.wait(timeout=10) == 0


def test_without_requests_closing_takes_no_time(door):
    asked = time.monotonic()
    door.process.send_signal(signal.SIGTERM)
    assert door.process.wait(timeout=10) == 0
    assert time.monotonic() - asked < 2


def test_a_request_that_never_ends_is_not_waited_for_longer_than_agreed(door):
    thread, _found = in_background(pytest.raises, http.client.HTTPException, door.get, "/slow/15")
    time.sleep(0.5)
    asked = time.monotonic()
    door.process.send_signal(signal.SIGTERM)
    assert door.process.wait(timeout=15) == 0
    assert 4.5 < time.monotonic() - asked < 9
    thread.join()


def test_killed_with_9_the_supervisor_takes_a_real_envoy_with_it_and_the_port_is_free(door):
    door.process.kill()
    door.process.wait()
    time.sleep(1)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", door.listen))
        probe.listen()


def test_an_envoy_that_does_not_answer_has_nothing_to_drain(short_folder):
    assert admin.drain(short_folder / "admin.sock") is False
    assert admin.active_requests(short_folder / "admin.sock") == 0
