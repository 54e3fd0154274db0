"""The supervisor's loop: two children, their lines, the signals, readiness. One thread, no event loop.

One thread is a must and not only a taste: Linux kills a child with the *thread* that made it (``parent``).
"""

from __future__ import annotations

import os
import selectors
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from doorward.supervisor import admin
from doorward.supervisor.child import Child, Command
from doorward.supervisor.output import Output
from doorward.supervisor.readiness import Readiness
from doorward.supervisor.signals import Signals

log = structlog.get_logger(__name__)

STOPPED: Final = 0
FAILED: Final = 1
HURRIED: Final = 130

_PROBE_EVERY = 0.1


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run. Times are seconds."""

    control: Command
    envoy: Command
    admin: Path
    """Envoy's admin socket."""
    status: tuple[str, int]
    """Address and port of the status listener."""
    ready: Callable[[], None]
    """Called once, when the door is first open."""
    drain: float = 10.0
    """How long requests that are under way may take once the door closes."""
    grace: float = 5.0
    """How long a child may take to end after SIGTERM."""
    patience: float = 10.0
    """How long to wait for readiness before the reasons are logged."""


class Supervision:
    """Runs a :class:`Plan` until it is told to stop."""

    def __init__(self, plan: Plan, output: Output) -> None:
        self._plan = plan
        self._leash, self._leash_end = os.pipe()
        self._control = Child(plan.control, output, self._leash)
        self._envoy = Child(plan.envoy, output, self._leash)
        self._selector = selectors.DefaultSelector()
        self._signals = Signals()
        self._readiness = Readiness(plan.status, plan.patience)
        self._opened = False
        """The door has been ready once. Before that a child that fails means a mistake, and starting again no help."""

    def run(self) -> int:
        """Exit code: 0 when asked to stop, 1 when the first start failed, 130 when asked twice."""
        with self._resources():
            failed = self._serve()
            if failed:
                return FAILED
            return STOPPED if self._close() else HURRIED

    @property
    def _children(self) -> tuple[Child, Child]:
        return self._control, self._envoy

    @contextmanager
    def _resources(self) -> Iterator[None]:
        with self._signals.received():  # to the very end: an impatient Ctrl-C must not leave a child behind
            self._selector.register(self._signals.descriptor, selectors.EVENT_READ, self._signals.clear)
            try:
                yield
            finally:
                for child in self._children:
                    child.kill()
                self._selector.close()
                os.close(self._leash)
                os.close(self._leash_end)

    # --- while the door is open

    def _serve(self) -> bool:
        """Until a signal says stop (False), or the first start has failed (True)."""
        while not self._signals.stop:
            if not all([self._looked_after(child) for child in self._children]):  # noqa: C419 - both, always
                return True
            self._probe()
            if self._readiness.known and self._signals.take_reload():
                self._reload()
            self._wait(self._until_next())
        return False

    def _looked_after(self, child: Child) -> bool:
        """Start it if it is due, or note when that will be. False when it would not help."""
        if child.may_start(time.monotonic()) and not self._start(child):
            return False
        code = self._reap(child)
        if code is None:
            return True
        if not self._opened and code >= 0:
            log.error(
                "A process ended before the door was open; its lines say why.", process=child.name, exit_code=code
            )
            return False
        self._again(child, _how(code))
        return True

    def _start(self, child: Child) -> bool:
        """False when the program cannot be run, at the first start."""
        try:
            child.start()
        except OSError as error:
            if not self._opened:
                log.error("A process cannot be started.", process=child.name, why=str(error))  # noqa: TRY400 - it is no bug
                return False
            self._again(child, str(error))
        if child.pipe is not None:
            self._selector.register(child.pipe, selectors.EVENT_READ, child.read)
        return True

    def _again(self, child: Child, why: str) -> None:
        self._readiness.lost()
        pause = child.retry()
        log.warning("A process ended and is started again.", process=child.name, ended=why, pause_seconds=pause)

    def _probe(self) -> None:
        if self._readiness.known or not all(child.running for child in self._children):
            return
        if not self._readiness.ask(time.monotonic()):
            return
        if self._opened:
            log.info("The door is ready again.")
        else:
            self._opened = True
            self._plan.ready()

    def _reload(self) -> None:
        log.info("The configuration is read again.")
        self._control.signal(signal.SIGHUP)

    def _until_next(self) -> float | None:
        if not self._readiness.known:
            return _PROBE_EVERY
        due = [child.due for child in self._children if child.due is not None]
        return max(0.0, min(due) - time.monotonic()) if due else None

    # --- closing

    def _close(self) -> bool:
        """Drain, then end both. False when a second Ctrl-C cut that short."""
        log.info("The door closes: requests under way may finish.", at_most_seconds=self._plan.drain)
        if self._envoy.running and admin.drain(self._plan.admin):
            self._wait_until(self._drained, self._plan.drain)
        for child in self._children:
            child.signal(signal.SIGTERM)
        if not self._wait_until(lambda: not any(child.running for child in self._children), self._plan.grace):
            names = [child.name for child in self._children if child.running]
            log.warning("Not everything ended in time and is killed.", processes=names)
        return not self._signals.hurry

    def _drained(self) -> bool:
        return not self._envoy.running or admin.active_requests(self._plan.admin) == 0

    def _wait_until(self, done: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not (finished := done()) and time.monotonic() < deadline and not self._signals.hurry:
            self._wait(0.1)
            for child in self._children:
                self._reap(child)
        return finished

    # --- both

    def _reap(self, child: Child) -> int | None:
        pipe = child.pipe
        code = child.reap()
        if code is not None and pipe is not None and pipe in self._selector.get_map():
            self._selector.unregister(pipe)
        return code

    def _wait(self, seconds: float | None) -> None:
        """Until a child writes or ends, a signal arrives or the time is over."""
        for key, _events in self._selector.select(seconds):
            if key.data() is False:
                self._selector.unregister(key.fileobj)


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
