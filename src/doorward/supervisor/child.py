"""One child process: how it is started, what it writes, how it ends, when it may start again."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from doorward.supervisor.backoff import Backoff
from doorward.supervisor.output import Lines, Output
from doorward.supervisor.parent import PARENT_FD, dying_with


@dataclass(frozen=True, slots=True)
class Command:
    """What to run. ``name`` stands in front of its log lines."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to the supervisor's own."""
    leashed: bool = False
    """It reads the parent pipe."""
    escape: bool = True
    """Its log lines may hold control characters."""
    after: Path | None = None
    """Its first start waits until this exists."""
    leftovers: tuple[Path, ...] = ()
    """Files of an earlier run that are removed before each start: sockets."""


class Child:
    """Times are ``time.monotonic()`` seconds."""

    def __init__(self, command: Command, output: Output, leash: int) -> None:
        self.command = command
        self._output = output
        self._leash = leash
        self._process: subprocess.Popen[bytes] | None = None
        self._lines = Lines(command.name, output, escape=command.escape)
        self._backoff = Backoff()
        self._started = 0.0
        self.due: float | None = 0.0
        """When to start it (again); None while it runs."""

    @property
    def name(self) -> str:
        return self.command.name

    @property
    def running(self) -> bool:
        return self._process is not None

    @property
    def pipe(self) -> int | None:
        """The descriptor its output is read from."""
        return self._process.stdout.fileno() if self._process and self._process.stdout else None

    def may_start(self, now: float) -> bool:
        """It is due, and what its first start waits for is there."""
        if self.due is None or now < self.due:
            return False
        return self._started > 0 or self.command.after is None or self.command.after.exists()

    def start(self) -> None:
        """Raises OSError when the program cannot be run."""
        for path in self.command.leftovers:
            path.unlink(missing_ok=True)
        self.due = None
        self._started = time.monotonic()
        self._process = subprocess.Popen(  # noqa: S603 - our own programs; nothing in the list comes from a visitor
            self.command.arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **self.command.environment, **self._leash_variable()},
            pass_fds=(self._leash,) if self.command.leashed else (),
            start_new_session=True,  # a Ctrl-C in the terminal is for the supervisor, which then decides
            # There is one thread only (which is why), and what runs there is two system calls.
            preexec_fn=dying_with(os.getpid()),  # noqa: PLW1509
        )
        if self._process.stdout:
            os.set_blocking(self._process.stdout.fileno(), False)

    def read(self) -> bool:
        """Pass on what it wrote since the last call; False once there will be no more."""
        if self.pipe is None:
            return False
        with suppress(BlockingIOError):
            while data := os.read(self.pipe, 65_536):
                self._lines.feed(data)
                if len(data) < 65_536:
                    return True
            return False
        return True

    def reap(self) -> int | None:
        """The exit code if it has ended (negative: the signal that killed it); its last lines are passed on first."""
        if self._process is None or (code := self._process.poll()) is None:
            return None
        self.read()
        self._lines.finish()
        if self._process.stdout:
            self._process.stdout.close()
        self._process = None
        return code

    def retry(self) -> float:
        """Say that it shall start again, after the pause this returns."""
        now = time.monotonic()
        backoff = self._backoff.after(now - self._started)
        self.due, self._backoff = now + backoff.pause, backoff.next()
        return backoff.pause

    def signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def kill(self) -> None:
        """End it now, whatever it does, with everything it started."""
        if self._process is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        self.reap()

    def _leash_variable(self) -> dict[str, str]:
        return {PARENT_FD: str(self._leash)} if self.command.leashed else {}
