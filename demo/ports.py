"""Ports of the demo: wished ones if they are free, others if not, so that two checkouts can run side by side."""

from __future__ import annotations

import socket
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ports:
    """TCP ports on loopback."""

    door: int
    directory: int
    applications: int
    smtp: int
    inbox: int
    status: int


def _free(wished: int, taken: set[int]) -> int:
    for candidate in (wished, 0):
        if candidate in taken:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
            port = int(probe.getsockname()[1])
            taken.add(port)
            return port
    raise OSError("no free port on 127.0.0.1")


def choose(door: int = 8080) -> Ports:
    """Pick six distinct free ports, near the usual ones where possible."""
    taken: set[int] = set()
    return Ports(
        door=_free(door, taken),
        directory=_free(9400, taken),
        applications=_free(9401, taken),
        smtp=_free(9402, taken),
        inbox=_free(9403, taken),
        status=_free(9404, taken),
    )
