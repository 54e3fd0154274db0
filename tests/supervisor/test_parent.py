from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from doorward.supervisor import parent
from doorward.supervisor.parent import PARENT_FD, dying_with, end_with_parent


def test_the_end_of_the_pipe_is_the_end_of_the_child():
    reading, writing = os.pipe()
    ended = threading.Event()
    end_with_parent({PARENT_FD: str(reading)}, ended.set)
    assert not ended.wait(0.2)
    os.close(writing)
    assert ended.wait(5)
    os.close(reading)


@pytest.mark.parametrize("environ", [{}, {PARENT_FD: ""}, {PARENT_FD: "x"}])
def test_without_a_pipe_nobody_is_waited_for(environ):
    before = threading.active_count()
    end_with_parent(environ, lambda: pytest.fail("ended"))
    assert threading.active_count() == before


@pytest.mark.parametrize("without_prctl", [False, True])
def test_a_child_whose_parent_died_before_the_leash_was_on_ends_itself(monkeypatch, without_prctl):
    if without_prctl:
        monkeypatch.setattr(parent, "_LIBC", None)
    never_the_parent = 2**22 + 1
    leash = dying_with(never_the_parent)
    with subprocess.Popen(["sleep", "60"], preexec_fn=leash) as child:  # noqa: PLW1509 - as the supervisor does it
        assert child.wait(timeout=5) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel does this on Linux only; elsewhere the pipe does")
def test_a_child_that_watches_nothing_is_killed_with_its_parent():
    code = (
        "import os, subprocess, sys, time; from doorward.supervisor.parent import dying_with;"
        "child = subprocess.Popen(['sleep', '60'], preexec_fn=dying_with(os.getpid()), start_new_session=True);"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    middle = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    with middle:
        pid = int(middle.stdout.readline())
        middle.kill()
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return
        if state == "Z":
            return
        time.sleep(0.02)
    pytest.fail("it lived on")
