"""The ``custom`` claim and its budget (access.md 2.6): a token must fit into a cookie."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from doorward.tokens.encoding import read_object, write_json

BUDGET: Final = 1024
"""Bytes of JSON. No number is documented; about 1 KB is what others report."""


def capped(custom: Mapping[str, Any], limit_bytes: int = BUDGET) -> tuple[dict[str, Any], tuple[str, ...]]:
    """As many attributes as fit, in configured order, dropped from the end.

    Returns:
        The attributes kept, and the names of those left out: what is not JSON at all, and from the first one that no
        longer fits everything behind it.
    """
    kept: dict[str, Any] = {}
    dropped: list[str] = []
    full = False
    size = len(b"{}")
    for name, value in custom.items():
        member = _size(name, value)
        if full or member is None:
            dropped.append(name)
            continue
        size += member + (len(b",") if kept else 0)
        full = size > limit_bytes
        if full:
            dropped.append(name)
        else:
            kept[name] = value
    return kept, tuple(dropped)


def _size(name: str, value: Any) -> int | None:
    """Bytes of ``"name":value``; None when that cannot be written, or read back, as JSON."""
    try:
        text = write_json({name: value})
        read_object(text)
    except (ValueError, TypeError, RecursionError):
        return None
    return len(text) - len(b"{}")
