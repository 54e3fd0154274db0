"""Durations as the Access API writes them: Go syntax (``24h``, ``30m``, ``1h15m``, bare ``0``)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Final

from pydantic import BeforeValidator, PlainSerializer

_MICROSECONDS: Final = {
    "ns": 0.001,
    "us": 1.0,
    "µs": 1.0,  # U+00B5, what Go prints
    "μs": 1.0,  # U+03BC, what keyboards type
    "ms": 1_000.0,
    "s": 1_000_000.0,
    "m": 60_000_000.0,
    "h": 3_600_000_000.0,
}
_UNIT: Final = r"(?:ns|us|µs|μs|ms|s|m|h)"
_PART: Final = re.compile(rf"(\d+(?:\.\d*)?|\.\d+)({_UNIT})")
_WHOLE: Final = re.compile(rf"\+?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+){_UNIT})+)", re.ASCII)
_LONGEST: Final = timedelta(days=366 * 10)


def parse_duration(text: str) -> timedelta:
    """Read a Go duration string; access.md section 5.1 has the grammar.

    Raises:
        ValueError: not a duration, negative, or longer than ten years.
    """
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{text!r} is not a duration; write it like 24h, 30m or 1h15m")
    microseconds = sum(float(number) * _MICROSECONDS[unit] for number, unit in _PART.findall(text))
    if microseconds > _LONGEST / timedelta(microseconds=1):
        raise ValueError(f"{text!r} is longer than ten years")
    return timedelta(microseconds=microseconds)


def format_duration(duration: timedelta) -> str:
    """Write a duration the way the Access API does: ``24h``, ``1h30m``, ``45s``, ``0s``."""
    microseconds = round(duration / timedelta(microseconds=1))
    if microseconds % 1_000_000:
        return f"{microseconds / 1_000_000:.6f}".rstrip("0") + "s"
    seconds = microseconds // 1_000_000
    parts = [(seconds // 3600, "h"), (seconds % 3600 // 60, "m"), (seconds % 60, "s")]
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"


def _validate(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value == 0:
        return timedelta(0)  # YAML reads a bare 0 as a number
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a duration; write it like 24h, 30m or 1h15m")  # noqa: TRY004  (pydantic reports ValueError only)
    return parse_duration(value)


Duration = Annotated[timedelta, BeforeValidator(_validate), PlainSerializer(format_duration, return_type=str)]
"""A :class:`datetime.timedelta` that reads and writes Go duration strings in models."""
