"""Starting programs on a core of their own, and ending them, whatever happens."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

_START_SECONDS: Final = 90.0
_STOP_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Cores:
    """Who runs where."""

    proxy: int
    """The proxy under test alone."""
    load: frozenset[int]
    """Load generator, origin, identity provider, and we ourselves."""

    @classmethod
    def choose(cls) -> Self:
        """The first usable core for the proxy, all others for the load.

        Raises:
            RuntimeError: there is only one.
        """
        first, *others = sorted(os.sched_getaffinity(0))
        if not others:
            raise RuntimeError("the benchmark needs two cores: one for the proxy, one for the load")
        return cls(first, frozenset(others))


@dataclass(frozen=True, slots=True)
class Running:
    """A program of ours."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def tail(self) -> str:
        """The end of what it wrote."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-25:])

    def wait(self, ready: Callable[[], bool], seconds: float = _START_SECONDS) -> None:
        """Wait until ``ready`` says so.

        Raises:
            RuntimeError: it ended or took too long; with the end of its log.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self.process.returncode}:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} was not ready after {seconds:.0f} s:\n{self.tail()}")
            time.sleep(0.02)


class Stage:
    """The folder and the processes of one run. Leaving the block ends and removes everything."""

    def __init__(self, folder: Path, cores: Cores) -> None:
        self.folder = folder
        self.cores = cores
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(
        self, name: str, command: Sequence[str | Path], *, load: bool = False, environ: Mapping[str, str] | None = None
    ) -> Running:
        """Start on the proxy's core, or with ``load`` on the other ones. ``environ`` is added to ours."""
        log = self.folder / f"{name}.log"
        cores = self.cores.load if load else {self.cores.proxy}
        pinned = [*_leash(), "taskset", "--cpu-list", ",".join(map(str, sorted(cores))), *map(str, command)]
        with log.open("wb") as file:
            process = subprocess.Popen(
                pinned,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**_environment(), **(environ or {})},
                start_new_session=True,
            )
        self._stack.callback(_stop, process)
        return Running(name, process, log)


def free_port() -> int:
    """A TCP port on loopback that nobody has at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Somebody answers on this loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _leash() -> list[str]:
    """Ends the program when we are killed and cannot do it ourselves."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []


def _environment() -> dict[str, str]:
    """Ours, with compiled Python files allowed: start-up is measured as an installation has it."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
