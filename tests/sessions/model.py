"""Durations of access.md 5.1 a second time, slowly: second by second, and in plain fractions.

Durations are read letter by letter and added up exactly; whether something holds is found by counting from its beginning.
"""

from __future__ import annotations

from fractions import Fraction

NANOSECONDS = {
    "ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9,
}  # fmt: skip
IMMEDIATE = 10
"""Seconds that a token of a session with "immediate timeout" was seen to live."""


def nanoseconds(text: str) -> Fraction:
    """A Go duration, exactly."""
    text = text.removeprefix("+")
    if text == "0":
        return Fraction(0)
    total, number, unit = Fraction(0), "", ""
    for character in text + "0":
        if character.isdigit() or character == ".":
            if unit:
                total += Fraction(number if number[-1] != "." else number[:-1]) * NANOSECONDS[unit]
                number, unit = "", ""
            number += character
        else:
            unit += character
    return total


def token_seconds(policy: str | None, application: str | None, organization: str) -> int:
    """Policy, else application, else organization; whole seconds, and never less than an immediate one has."""
    for said in (policy, application, organization):
        if said is not None:
            return max(int(nanoseconds(said) // 10**9), IMMEDIATE)
    raise AssertionError("the organization always says something")


def holds(begin: int, seconds: int, revoked_at: int | None, now: int) -> bool:
    """Count every second from the beginning on."""
    if revoked_at is not None:
        return False
    left = seconds
    for _ in range(begin, now):
        left -= 1
    return left > 0
