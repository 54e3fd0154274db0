"""The supervisor as a real process, with stand-ins for its two children (``children.py``)."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

CHILDREN = Path(__file__).with_name("children.py")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return found


def alive(pid):
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rsplit(")", 1)[1].split()[0] != "Z"


class Door:
    """A running supervisor."""

    def __init__(self, folder, form="text", **popen):
        self.folder = folder
        self.port = free_port()
        self.out, self.err = folder / "out", folder / "err"
        command = [sys.executable, str(CHILDREN), "supervisor", str(folder), str(self.port), form]
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(command, **{"stdout": out, "stderr": err, **popen})

    def pids(self, name):
        file = self.folder / f"{name}.pids"
        return [int(line) for line in file.read_text().split()] if file.exists() else []

    @property
    def log(self):
        return self.err.read_text()

    def opened(self):
        until(lambda: "READY" in self.out.read_text())
        return self

    def ended(self, seconds=10.0):
        return self.process.wait(timeout=seconds)

    def runtime(self):
        return Path((self.folder / "runtimes").read_text().split()[-1])


@pytest.fixture
def door(short_folder):
    doors = []

    def start(form="text", **popen):
        doors.append(Door(short_folder, form, **popen))
        return doors[-1]

    yield start
    for each in doors:
        each.process.kill()
        each.process.wait()
    for each in doors:
        for pid in (*each.pids("control"), *each.pids("envoy")):
            until(lambda pid=pid: not alive(pid))


def test_it_says_once_that_the_door_is_open(door, short_folder):
    (short_folder / "control.unready").touch()
    running = door()
    until(lambda: running.pids("control") and running.pids("envoy"))
    time.sleep(0.5)
    assert "READY" not in running.out.read_text()
    (short_folder / "control.unready").unlink()
    running.opened()
    time.sleep(0.3)
    assert running.out.read_text() == "READY\n"


def test_envoy_is_first_started_when_the_control_plane_is_there_to_answer_it(door, short_folder):
    (short_folder / "control.slow").touch()
    running = door()
    until(lambda: "control is here" in running.log)
    time.sleep(0.5)
    assert running.pids("envoy") == []
    (short_folder / "control.slow").unlink()
    running.opened()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_stops_everything_and_leaves_nothing(door, number):
    running = door().opened()
    running.process.send_signal(number)
    assert running.ended() == 0
    assert not alive(running.pids("control")[0])
    assert not alive(running.pids("envoy")[0])
    assert not running.runtime().exists()


@pytest.mark.parametrize("name", ["control", "envoy"])
def test_a_killed_child_is_started_again_and_the_other_goes_on(door, name):
    running = door().opened()
    other = {"control": "envoy", "envoy": "control"}[name]
    os.kill(running.pids(name)[0], signal.SIGKILL)
    until(lambda: len(running.pids(name)) == 2)
    until(lambda: "ready again" in running.log)
    assert len(running.pids(other)) == 1
    assert alive(running.pids(other)[0])
    assert running.out.read_text() == "READY\n"
    assert f'process={name} ended="signal SIGKILL" pause_seconds=0.2' in running.log


def test_a_child_that_keeps_failing_is_started_less_and_less_often(door, short_folder):
    running = door().opened()
    (short_folder / "control.fails").touch()
    os.kill(running.pids("control")[0], signal.SIGKILL)
    until(lambda: "pause_seconds=0.8" in running.log)
    assert alive(running.pids("envoy")[0])
    pauses = [line.rsplit("=", 1)[1] for line in running.log.splitlines() if "started again" in line]
    assert pauses[:3] == ["0.2", "0.4", "0.8"]
    (short_folder / "control.fails").unlink()
    until(lambda: "ready again" in running.log)


def test_only_the_control_plane_is_given_the_pipe(door, short_folder):
    running = door().opened()
    assert (short_folder / "control.leashed").exists()
    held = [str(link.readlink()) for link in Path(f"/proc/{running.pids('envoy')[0]}/fd").iterdir()]
    assert len([target for target in held if target.startswith("pipe:")]) == 2  # standard output and standard error


def test_killed_with_9_it_leaves_no_process_and_no_port_within_a_second(door):
    running = door().opened()
    running.process.kill()
    running.process.wait()
    until(lambda: not alive(running.pids("control")[0]) and not alive(running.pids("envoy")[0]), seconds=1)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", running.port))


def test_after_a_kill_with_9_the_next_start_works_and_removes_the_leftovers(door):
    killed = door().opened()
    left = killed.runtime()
    killed.process.kill()
    killed.process.wait()
    assert left.exists()
    running = door().opened()
    assert not left.exists()
    assert running.runtime().exists()


@pytest.mark.parametrize(("name", "said"), [("control", "no such application"), ("envoy", "cannot bind")])
def test_a_child_that_fails_at_the_first_start_ends_everything(door, short_folder, name, said):
    (short_folder / f"{name}.fails").touch()
    running = door()
    assert running.ended() == 1
    assert len(running.pids(name)) == 1
    assert said in running.log
    assert f"A process ended before the door was open; its lines say why. process={name} exit_code=1" in running.log
    assert "READY" not in running.out.read_text()
    for pid in (*running.pids("control"), *running.pids("envoy")):
        assert not alive(pid)


def test_a_child_that_is_killed_before_the_door_is_open_is_started_again(door, short_folder):
    (short_folder / "control.unready").touch()
    running = door()
    until(lambda: "control is here" in running.log)
    os.kill(running.pids("control")[0], signal.SIGKILL)
    until(lambda: len(running.pids("control")) == 2)
    (short_folder / "control.unready").unlink()
    running.opened()


def test_hangup_is_passed_to_the_control_plane_alone(door, short_folder):
    running = door().opened()
    running.process.send_signal(signal.SIGHUP)
    until((short_folder / "control.reloads").exists)
    assert running.process.poll() is None
    assert len(running.pids("control")) == 1


def test_a_child_that_ignores_the_request_to_end_is_killed(door, short_folder):
    (short_folder / "control.stubborn").touch()
    running = door().opened()
    running.process.send_signal(signal.SIGTERM)
    assert running.ended() == 0
    assert not alive(running.pids("control")[0])
    assert 'processes=["control"]' in running.log


def test_a_second_ctrl_c_ends_at_once(door, short_folder):
    (short_folder / "control.stubborn").touch()
    running = door().opened()
    running.process.send_signal(signal.SIGINT)
    time.sleep(0.7)
    asked = time.monotonic()
    running.process.send_signal(signal.SIGINT)
    assert running.ended() == 130
    assert time.monotonic() - asked < 1
    assert not alive(running.pids("control")[0])


def test_one_ctrl_c_that_arrives_twice_is_one(door):
    running = door().opened()
    running.process.send_signal(signal.SIGINT)
    running.process.send_signal(signal.SIGINT)
    assert running.ended() == 0


def in_a_terminal(door):
    """The supervisor as the foreground of a terminal of its own, and the terminal's other side."""
    leader, follower = pty.openpty()
    running = door(stdin=follower, start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    os.close(follower)
    return running.opened(), leader


def test_a_ctrl_c_typed_in_a_terminal_reaches_the_supervisor_alone_and_stops_everything(door, short_folder):
    (short_folder / "control.stubborn").touch()
    running, terminal = in_a_terminal(door)
    os.write(terminal, b"\x03")
    until(lambda: "The door closes" in running.log)
    assert running.ended() == 0
    assert "KeyboardInterrupt" not in running.log
    os.close(terminal)


def test_a_closed_terminal_stops_everything_instead_of_reloading(door, short_folder):
    running, terminal = in_a_terminal(door)
    os.close(terminal)
    assert running.ended() == 0
    assert not (short_folder / "control.reloads").exists()
    assert not alive(running.pids("control")[0])


def test_lines_of_both_children_are_passed_on_with_their_names_and_without_secrets(door):
    running = door().opened()
    until(lambda: "envoy is here" in running.log or "envoy \\x1b[31mis here" in running.log)
    lines = running.log.splitlines()
    assert "control  | control is here" in lines
    assert "envoy    | envoy \\x1b[31mis here (redacted)" in lines


def test_in_json_every_line_is_an_object_and_objects_pass_untouched(door):
    running = door("json").opened()
    until(lambda: "as it is" in running.log)
    running.process.send_signal(signal.SIGTERM)
    running.ended()
    lines = running.log.splitlines()
    assert '{"level": "info", "event": "as it is"}' in lines
    assert {"level": "info", "event": "control is here", "logger": "control"} in [json.loads(line) for line in lines]


def test_a_long_wait_is_explained_by_the_checks_that_fail(door, short_folder):
    (short_folder / "control.unready").touch()
    running = door()
    until(lambda: 'not ready yet. reasons="store: warming up"' in running.log, seconds=15)
