"""What one selector says: a match, and the evidence for it in words."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.policy.verdict import Match


@dataclass(frozen=True, slots=True)
class Answer:
    """A match, and the evidence for it in words."""

    match: Match | None
    """None: it cannot be told, not even by a login. Whoever asked takes the value that keeps the door closed."""
    because: str


def told(holds: bool, fact: str) -> Answer:
    """A question that the evidence settles."""
    return Answer(Match.YES if holds else Match.NO, fact)
