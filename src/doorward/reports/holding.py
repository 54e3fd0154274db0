"""What holds of all that was reported about one person, at one time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, cast

from doorward.policy.learned import Learned, Posture, Risk, RiskLevel
from doorward.reports.source import SCORE, ReportSource

AGAIN: Final = 7
"""Seconds after a change in which tokens may still come about by decisions that began before it: Envoy waits five for one."""


@dataclass(frozen=True, slots=True)
class Held:
    """A report as it is kept. Times are Unix seconds."""

    user: str
    subject: str
    value: str
    source: str
    reported_at: int
    """The delivery's ``iat``: of two, the later one counts."""
    received_at: int
    until: int


def learned(held: Iterable[Held], sources: Sequence[ReportSource], now: int) -> Learned:
    """For policies: the postures and the risk score of the person whom ``held`` is about.

    What is over, and what came from a source that may not report it any more, cannot be told: that is not the same as
    never having been reported, which for a score means ``unscored``.
    """
    entitled = {subject: source.name for source in sources for subject in source.subjects}
    found = {one.subject: one for one in held}
    postures = {
        subject: Posture(passed=one.value == "passed" if holds else None, because=because)
        for subject, one in found.items()
        if subject != SCORE
        for holds, because in (_standing(one, entitled, now),)
    }
    return Learned(postures=postures, risk=_risk(found.get(SCORE), entitled, now))


def next_look(held: Held, looked_at: int) -> int | None:
    """When what this report changes has to be enforced next, after it was at ``looked_at``; None: never again.

    At once and when it is over; and each time once more a little later, for tokens that came about meanwhile.
    """
    moments = (held.received_at, held.received_at + AGAIN, held.until, held.until + AGAIN)
    return min((moment for moment in moments if moment > looked_at), default=None)


def _risk(held: Held | None, entitled: dict[str, str], now: int) -> Risk | None:
    if SCORE not in entitled:
        return None
    if held is None:
        return Risk(level="unscored", because="no risk score was ever reported")
    holds, because = _standing(held, entitled, now)
    return Risk(level=cast("RiskLevel", held.value) if holds else None, because=because)


def _standing(held: Held, entitled: dict[str, str], now: int) -> tuple[bool, str]:
    """Whether it counts, and in words what it says or why it does not count."""
    about = "risk score" if held.subject == SCORE else f"device posture check {held.subject}"
    if entitled.get(held.subject) != held.source:
        return False, f"the {about} was reported by {held.source}, which may not report it any more"
    if now >= held.until:
        return False, f"the report of {held.source} about the {about} is over"
    return True, f"{held.source} reported the {about}: {held.value}"
