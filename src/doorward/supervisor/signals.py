"""Signals as facts that the loop looks at, instead of code that interrupts it."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

_ONE_GESTURE = 0.5
"""Seconds. One Ctrl-C may arrive twice: from the terminal, and passed on by a program around us."""


class Signals:
    """SIGTERM and SIGINT: stop; SIGINT again: at once. SIGHUP: reload, unless it says that the terminal is gone."""

    def __init__(self) -> None:
        self.stop = False
        self.hurry = False
        self._reload = False
        self._since = 0.0
        self._terminal = _terminal()
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)

    @property
    def descriptor(self) -> int:
        """Readable whenever a signal arrived; also when a child ended."""
        return self._woken.fileno()

    def clear(self) -> None:
        """Make the descriptor unreadable again."""
        with suppress(BlockingIOError):
            while self._woken.recv(4096):
                pass

    def take_reload(self) -> bool:
        """Was a reload asked for since the last call?"""
        asked, self._reload = self._reload, False
        return asked

    @contextmanager
    def received(self) -> Iterator[None]:
        """Listen, and put everything back afterwards."""
        wanted = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
        before = {number: signal.signal(number, self._note) for number in wanted}
        old = signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(old)
            for number, action in before.items():
                signal.signal(number, action)
            self._woken.close()
            self._waker.close()

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGHUP and not self._hung_up():
            self._reload = True
        elif number in {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}:
            now = time.monotonic()
            if not self.stop:
                self.stop, self._since = True, now
            elif number == signal.SIGINT and now - self._since >= _ONE_GESTURE:
                self.hurry = True

    def _hung_up(self) -> bool:
        return self._terminal is not None and not os.isatty(self._terminal)


def _terminal() -> int | None:
    """The descriptor of the terminal we were started in."""
    return next((descriptor for descriptor in (0, 1, 2) if os.isatty(descriptor)), None)
