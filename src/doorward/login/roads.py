"""Host names that a walk did not come back from: for a while nobody is sent there (``login.walk``)."""

from __future__ import annotations

from typing import Final

PATIENCE: Final = 15
"""Seconds within which a browser that was sent to a host asks there."""
REST: Final = 600
"""Seconds for which a host where nobody arrived is left out."""


class Roads:
    """What this process has seen. A host that is left out without reason costs nothing but a redirect at its first visit."""

    def __init__(self) -> None:
        self._waiting: dict[str, int] = {}

    def sent(self, host: str, now: int) -> None:
        """Somebody is on the way there."""
        self._waiting.setdefault(host, now)

    def arrived(self, host: str) -> None:
        """Somebody got there."""
        self._waiting.pop(host, None)

    def passable(self, host: str, now: int) -> bool:
        """Whether to send anybody there."""
        since = self._waiting.get(host)
        if since is not None and now - since >= REST:
            del self._waiting[host]  # try once more
            return True
        return since is None or now - since <= PATIENCE
