"""What the supervisor asks of Envoy, over its admin socket (https://www.envoyproxy.io/docs/envoy/latest/operations/admin)."""

from __future__ import annotations

import http.client
import re
import socket
from pathlib import Path

_ACTIVE = re.compile(r"^http\.(?!admin\.)[^:]*\.downstream_rq_active: (\d+)$", re.MULTILINE)


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def drain(admin: Path) -> bool:
    """Close the listeners, and each connection after the request that is under way on it.

    False when Envoy does not answer; there is nothing left to drain then.
    """
    # The first makes every answer say "Connection: close", and /ready say that this door is going.
    return _ask(admin, "POST", "/healthcheck/fail") is not None and _ask(admin, "POST", "/drain_listeners") is not None


def active_requests(admin: Path) -> int:
    """Requests under way, WebSockets and other streams included; 0 when Envoy does not answer."""
    stats = _ask(admin, "GET", "/stats?filter=downstream_rq_active$")
    return sum(int(count) for count in _ACTIVE.findall(stats or ""))


def _ask(admin: Path, method: str, target: str) -> str | None:
    connection = UnixConnection(admin, timeout=1.0)
    try:
        connection.request(method, target)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return text if answer.status == 200 else None
