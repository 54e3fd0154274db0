"""Is the door open? The status listener of the control plane knows."""

from __future__ import annotations

import http.client
import json
import time

import structlog

log = structlog.get_logger(__name__)


class Readiness:
    """Asks ``/readyz`` until it says yes; then nothing is asked until a child was lost."""

    def __init__(self, status: tuple[str, int], patience: float) -> None:
        self._status = status
        self._patience = patience
        """Seconds of waiting between one complaint and the next."""
        self._waiting_since = time.monotonic()
        self.known = False

    def lost(self) -> None:
        """A child has ended: what was known is worth nothing."""
        self.known = False
        self._waiting_since = time.monotonic()

    def ask(self, now: float) -> bool:
        """True once, when it has become ready. ``now`` is monotonic; a long wait is logged with its reasons."""
        code, answer = _get(self._status)
        self.known = code == 200
        if not self.known and now - self._waiting_since >= self._patience:
            self._waiting_since = now
            log.warning("The door is not ready yet.", reasons=_reasons(answer))
        return self.known


def _get(status: tuple[str, int]) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(*_reachable(status), timeout=0.5)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def _reachable(status: tuple[str, int]) -> tuple[str, int]:
    """An address to connect to for one to listen on."""
    address, port = status
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address), port  # noqa: S104 - compared, not bound


def _reasons(answer: bytes) -> str:
    try:
        checks = json.loads(answer)["checks"]
        return "; ".join(f"{name}: {check['detail']}" for name, check in checks.items() if not check["ok"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return "the control plane does not answer yet"
