"""The demo as its own process, as ``make demo`` starts it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
STOP_SECONDS = 40


@dataclass
class Demo:
    process: subprocess.Popen[bytes]
    output: Path
    folder: Path

    @property
    def text(self) -> str:
        return self.output.read_text()

    def until(self, words: str, seconds: float = 90) -> str:
        """Wait for them on the screen."""
        deadline = time.monotonic() + seconds
        while words not in self.text:
            assert self.process.poll() is None, self.text
            assert time.monotonic() < deadline, self.text
            time.sleep(0.1)
        return self.text

    def ports(self) -> list[int]:
        """Of everything that listens: door, status, mail, inbox, directory, applications."""
        told = self.told
        issuer = told["identity_providers"][0]["config"]["issuer"]
        service = told["ingress"][0]["service"]
        own = (told["listen"]["http"], told["status"]["port"], told["mail"]["port"], self.inbox)
        return [*own, *(int(url.rpartition(":")[2]) for url in (issuer, service))]

    @property
    def inbox(self) -> int:
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", self.text)
        assert found is not None
        return int(found.group(1))

    @property
    def configuration(self) -> Path:
        (file,) = self.folder.glob("*/doorward.yaml")
        return file

    @property
    def told(self) -> dict[str, Any]:
        """The configuration the demo wrote."""
        return dict(yaml.safe_load(self.configuration.read_text()))

    def family(self) -> set[int]:
        """Process ids of the demo and everything under it."""
        parents = dict(running())
        found = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return found


@contextlib.contextmanager
def started(folder: Path, port: int, **environment: str) -> Iterator[Demo]:
    folder.mkdir()
    output = folder / "screen"
    with output.open("wb") as screen:
        process = subprocess.Popen(
            [sys.executable, "-m", "demo", "--port", str(port), "--folder", str(folder)],
            cwd=ROOT,
            stdout=screen,
            stderr=subprocess.STDOUT,
            env={**os.environ, "COLUMNS": "80", "TERM": "dumb", **environment},
            start_new_session=True,
        )
    try:
        yield Demo(process, output, folder)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def running() -> Iterator[tuple[int, int]]:
    """Process ids that run, with their parents'."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                if state not in {"Z", "X"}:
                    yield int(entry.name), int(parent)
