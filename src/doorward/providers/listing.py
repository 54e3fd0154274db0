"""A list of groups at a provider that is read in pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from doorward.identity import Group
from doorward.providers.outbound import Answer


@dataclass(frozen=True, slots=True)
class Listing:
    """A list in pages. Every page is at the origin of the first: the token goes nowhere else."""

    url: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    read: Callable[[Any], tuple[Group, ...]]
    """A page's JSON to its groups. Raises Failure (INVALID_ANSWER) if one cannot be read: a rule may keep it out."""
    following: Callable[[str, Answer], str]
    """The first page's address and a page → the address of the next, or empty."""
