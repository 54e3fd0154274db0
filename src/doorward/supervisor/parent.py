"""The leash: a child ends at once when the supervisor does, by ``kill -9`` too.

Linux kills the child itself (``PR_SET_PDEATHSIG``). The control plane also holds the reading end of a pipe whose writing
end only the supervisor has: end of file there means the supervisor is gone, on every system.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping

PARENT_FD = "DOORWARD_PARENT_FD"
"""Environment variable with the number of the pipe's descriptor."""

_PR_SET_PDEATHSIG = 1
# Loaded here and not between fork and exec, where only what needs no lock is safe.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def dying_with(parent: int) -> Callable[[], None]:
    """For ``preexec_fn``: ask the kernel to kill this process when the thread that made it ends."""

    def leash() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died between the fork and the call above: nobody will send the signal
            os._exit(1)

    return leash


def end_with_parent(environ: Mapping[str, str], end: Callable[[], None] = lambda: os._exit(1)) -> None:
    """In a child: start a thread that calls ``end`` once the supervisor is gone. Nothing without the variable."""
    descriptor = environ.get(PARENT_FD, "")
    if descriptor.isdecimal():
        threading.Thread(target=_watch, args=(int(descriptor), end), name="parent", daemon=True).start()


def _watch(descriptor: int, end: Callable[[], None]) -> None:
    os.set_inheritable(descriptor, False)
    while os.read(descriptor, 1):
        pass  # the supervisor never writes
    end()
