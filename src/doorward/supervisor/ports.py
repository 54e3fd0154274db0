"""Are the ports free? Asked before anything starts.

Envoy would not tell: it listens with SO_REUSEPORT, so two doors of one user on one port would both start, and share its
connections at random.
"""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal

from doorward.errors import DoorwardError


@dataclass(frozen=True, slots=True)
class Port:
    """One port that will be listened on, and the field of the configuration that says so."""

    address: str
    number: int
    field: str
    protocol: Literal["tcp", "udp"] = "tcp"


class PortUnavailableError(DoorwardError):
    """A port cannot be listened on."""

    code = "port"


def claim(ports: Iterable[Port], patience: float = 2.0) -> None:
    """Return when every port can be listened on. ``patience``, in seconds, is for an earlier door that is just ending.

    Raises:
        PortUnavailableError: with one sentence for each port that cannot.
    """
    wanted = tuple(ports)
    deadline = time.monotonic() + patience
    while problems := [problem for port in wanted if (problem := _problem(port))]:
        if time.monotonic() >= deadline:
            raise PortUnavailableError("\n".join(problems))
        time.sleep(0.05)


def _problem(port: Port) -> str | None:
    family = socket.AF_INET6 if ip_address(port.address).version == 6 else socket.AF_INET
    kind = socket.SOCK_STREAM if port.protocol == "tcp" else socket.SOCK_DGRAM
    try:
        with socket.socket(family, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of before may linger
            probe.bind((port.address, port.number))
            if kind == socket.SOCK_STREAM:
                probe.listen(1)
    except OSError as error:
        return _sentence(port, error)
    return None


def _sentence(port: Port, error: OSError) -> str:
    where = f"{port.protocol.upper()} port {port.number} on {port.address} ({port.field})"
    if error.errno == errno.EADDRINUSE:
        return (
            f"{where} is in use by another program. Stop that program (on Linux `ss -lp 'sport = :{port.number}'` names "
            f"it) or choose another port."
        )
    if error.errno == errno.EACCES:
        return (
            f"{where} may not be used by this user: ports below 1024 need CAP_NET_BIND_SERVICE (systemd: "
            f"AmbientCapabilities=CAP_NET_BIND_SERVICE). Grant it or choose a port from 1024 up."
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{where} cannot be used: this machine has no such address. Write 0.0.0.0 for every interface."
    return f"{where} cannot be listened on: {error.strerror or error}."
