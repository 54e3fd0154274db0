"""The demo as a new user runs it: what it prints, that it ends whole, and that two of them stand side by side."""

from __future__ import annotations

import signal
import socket
import time

import httpx
import pytest
from tests.browser.demo_process import running, started
from tests.door.running import free_ports

pytestmark = [pytest.mark.edge, pytest.mark.timeout(180)]


def test_two_demos_side_by_side_end_whole_one_by_ctrl_c_and_one_by_kill(tmp_path):
    (port,) = free_ports(1)
    with started(tmp_path / "one", port) as one:
        one.until("Ctrl-C stops everything")
        with started(tmp_path / "two", port) as two:
            two.until("Ctrl-C stops everything")
            assert f"Port {port} is taken" in two.text
            assert not set(one.ports()) & set(two.ports())
            for demo in (one, two):
                assert all(listens(each) for each in demo.ports())
                assert len(demo.family()) >= 5, "the demo, the directory, the door and its two children"

            left, ports = one.family(), one.ports()
            one.process.send_signal(signal.SIGINT)
            assert one.process.wait(40) == 0
            assert "nothing is listening any more" in one.text
            assert nothing_is_left(left, ports)
            assert httpx.get(f"http://127.0.0.1:{two.ports()[1]}/readyz", trust_env=False).status_code == 200

            left, ports = two.family(), two.ports()
            two.process.kill()
            two.process.wait()
            assert nothing_is_left(left, ports)


def test_what_it_prints_fits_eighty_columns_and_holds_every_address_on_one_line(tmp_path):
    (port,) = free_ports(1)
    with started(tmp_path / "demo", port) as demo:
        text = demo.until("Ctrl-C stops everything")
        assert max(map(len, text.splitlines())) <= 80
        for host in ("wiki", "metrics", "payroll", "login"):
            assert f"http://{host}.localhost:{port}/ " in text
        assert text.count("✓") == 3


def test_ctrl_c_while_it_starts_ends_it_as_well(tmp_path):
    (port,) = free_ports(1)
    with started(tmp_path / "demo", port) as demo:
        deadline = time.monotonic() + 60
        while len(demo.family()) < 3:
            assert time.monotonic() < deadline, demo.text
            time.sleep(0.02)
        left = demo.family()
        demo.process.send_signal(signal.SIGINT)
        assert demo.process.wait(40) == 0, demo.text
        assert "Traceback" not in demo.text
        assert nothing_is_left(left, [port])


def test_what_cannot_start_is_named_with_the_end_of_its_log(tmp_path):
    (port,) = free_ports(1)
    with started(tmp_path / "demo", port, DOORWARD_SECRET_KEY="no key at all") as demo:
        assert demo.process.wait(90) == 1
        assert "The demo could not go on. The door ended with exit code" in " ".join(demo.text.split())
        assert "DOORWARD_SECRET_KEY" in demo.text
        assert "Traceback" not in demo.text
        assert nothing_is_left({demo.process.pid}, [port])


def nothing_is_left(pids: set[int], ports: list[int]) -> bool:
    """Within ten seconds."""
    deadline = time.monotonic() + 10
    while any(listens(port) for port in ports) or pids & set(dict(running())):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
