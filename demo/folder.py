"""A folder for each demo that runs, named after the door's port, and emptied at the start: every demo begins afresh."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from demo import ports

ROOT: Final = Path(".demo")
"""From where the demo is started, that is, from the top of the repository."""
_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Folder:
    """Configuration, database, keys and logs. They stay when the demo ends, to be looked at."""

    path: Path

    @property
    def configuration(self) -> Path:
        return self.path / "doorward.yaml"

    def log(self, name: str) -> Path:
        return self.path / f"{name}.log"


@contextlib.contextmanager
def claimed(root: Path, wished: int) -> Iterator[tuple[int, Folder]]:
    """The first port from ``wished`` on, in steps of a hundred, that no other demo has, and its folder, for the block.

    Raises:
        OSError: there is none.
    """
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    for door in range(wished, min(wished + _MOST * ports.STEP, 65536), ports.STEP):
        with (root / f"{door}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            if not ports.free(door):
                continue
            path = root / str(door)
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir(mode=0o700)
            yield door, Folder(path)
            return
    raise OSError(f"no port from {wished} on is free on 127.0.0.1; choose another one with --port")
