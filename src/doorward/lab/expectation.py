"""What a case of ``doorward policy test`` expects, and whether it came so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from doorward.lab.rehearsal import Rehearsal

Expected = Literal["allow", "service_auth", "bypass", "login", "deny", "open"]


@dataclass(frozen=True, slots=True)
class Expectation:
    """Only what is given is compared."""

    decision: Expected
    policy: str | None = None
    """Name or id of the policy that decides; empty: none does."""
    application: str | None = None
    """Name or id."""
    status: int | None = None


def failures(expected: Expectation, came: Rehearsal) -> tuple[str, ...]:
    """Sentences about what is not as expected; empty when everything is."""
    return tuple(_failures(expected, came))


def _failures(expected: Expectation, came: Rehearsal) -> Iterator[str]:
    if expected.decision != came.outcome:
        yield f"expected {expected.decision}, and it is {came.outcome}{_by(came)}"
    if expected.policy is not None:
        policy = came.policy
        found = {policy.name, policy.id} if policy is not None else {""}
        if expected.policy not in found:
            yield f"expected {_policy(expected.policy)} to decide, and {_policy(policy.name if policy else '')} does"
    if expected.application is not None:
        application = came.application
        if application is None:
            yield f"expected the application {expected.application!r}, and none covers this address"
        elif expected.application not in {application.name, application.id}:
            yield f"expected the application {expected.application!r}, and it is {application.name!r}"
    if expected.status is not None and expected.status != came.status:
        yield f"expected the status {expected.status}, and it is {came.status}{'' if came.status else ' (the origin answers)'}"


def _by(came: Rehearsal) -> str:
    if came.policy is not None:
        return f" by the policy {came.policy.name!r}"
    if came.outcome == "deny" and came.application is not None:
        return ": no policy matches"
    return ""


def _policy(name: str) -> str:
    return f"the policy {name!r}" if name else "no policy"
