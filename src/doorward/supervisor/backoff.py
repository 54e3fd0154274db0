"""How long to wait before a child that ended is started again."""

from __future__ import annotations

from dataclasses import dataclass, replace

FIRST = 0.2
LONGEST = 5.0
HEALTHY = 30.0
"""Seconds. A child that lived this long had started well: its end is a new story, not the next failure in a row."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """The pause doubles from 0.2 s to 5 s while starts fail in a row."""

    pause: float = FIRST

    def after(self, lived: float) -> Backoff:
        """The back-off in force once a child has ended that lived this many seconds; ``pause`` is what to wait now."""
        return Backoff() if lived >= HEALTHY else self

    def next(self) -> Backoff:
        """The one for the failure after this."""
        return replace(self, pause=min(self.pause * 2, LONGEST))
