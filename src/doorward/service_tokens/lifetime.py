"""How long a service token lasts: a duration, or ``forever`` (access.md 3.4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from doorward.durations import format_duration, parse_duration

FOREVER: Final = "forever"
DEFAULT_LIFETIME: Final = timedelta(hours=8760)
"""One year; also what a refresh adds."""
LONGEST_OVERLAP: Final = timedelta(days=30)
"""Of two secrets after a rotation: what the hosted service offers at most."""

Lifetime = timedelta | None
"""None: forever."""


def parse_lifetime(text: str) -> Lifetime:
    """Read ``8760h`` or ``forever``; whole seconds, the rest is cut off.

    Raises:
        ValueError: neither a duration nor ``forever``, or no time at all.
    """
    if text == FOREVER:
        return None
    lifetime = timedelta(seconds=parse_duration(text) // timedelta(seconds=1))
    if lifetime < timedelta(seconds=1):
        raise ValueError(f"{text!r} is no time at all; write it like 8760h, or forever")
    return lifetime


def format_lifetime(lifetime: Lifetime) -> str:
    """Write it as the API does."""
    return FOREVER if lifetime is None else format_duration(lifetime)
