"""Ports of the demo: wished ones if they are free, others if not, so that demos can run side by side."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Final

WISHED: Final = 8080
"""Of the door. The others are as far from it as they are from this one."""
STEP: Final = 100


@dataclass(frozen=True, slots=True)
class Ports:
    """TCP ports on loopback."""

    door: int
    directory: int
    applications: int
    smtp: int
    inbox: int
    status: int


def free(port: int) -> bool:
    """Whether nobody listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def beside(door: int) -> Ports:
    """The door's port as given and five free ones, near it where possible.

    Raises:
        OSError: no port is free.
    """
    taken = {door}
    first = door + 1320  # 9400 for 8080
    directory, applications, smtp, inbox, status = (_near(first + number, taken) for number in range(5))
    return Ports(door, directory, applications, smtp, inbox, status)


def _near(wished: int, taken: set[int]) -> int:
    port = wished if wished < 65536 and wished not in taken and free(wished) else _any(taken)
    taken.add(port)
    return port


def _any(taken: set[int]) -> int:
    for _ in range(20):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in taken:
            return port
    raise OSError("no port is free on 127.0.0.1")
