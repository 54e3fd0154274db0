"""Who gains and who loses access when one configuration takes the place of another, by what is on record."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from doorward.access.decision import Allow, AnswerPreflight, Bypass, Decision
from doorward.access.record import DecisionRecord
from doorward.access.snapshot import Snapshot
from doorward.lab.rehearsal import outcome_of
from doorward.lab.replay import CannotReplay, replayable, replayed, target_of

MOST_REMEMBERED: Final = 50_000
"""Different situations whose answer is remembered."""

Direction = Literal["gains", "loses"]


@dataclass(frozen=True, slots=True)
class Side:
    """What one of the two configurations says."""

    outcome: str
    policy: str
    """Name of the policy that decides; empty: none."""
    application: str
    """Name; empty: none covers the address."""
    enters: bool


@dataclass(frozen=True, slots=True)
class Change:
    """Somebody whose access changes, at one application."""

    direction: Direction
    who: str
    """E-mail address, or the service token's name; empty: whoever comes without signing in."""
    application: str
    """In the old configuration; where there was none, in the new one."""
    before: Side
    after: Side
    decisions: int
    """So many on record would have come out differently."""
    reference: str
    """The newest of them."""
    host: str
    path: str
    at: int
    """Unix seconds, of the newest of them."""


@dataclass(slots=True)
class Comparison:
    """Two states, and what was found so far. Give it records with :meth:`add`, oldest first."""

    old: Snapshot
    new: Snapshot
    replayed: int = 0
    moved: int = 0
    """Decisions that change without giving or taking access: a refusal in place of a login, another policy."""
    skipped: int = 0
    """Records that are not of decisions by policies: sign-outs, failed logins, preflights."""
    not_replayable: Counter[str] = field(default_factory=Counter)
    """By reason."""
    _found: dict[tuple[str, ...], Change] = field(default_factory=dict)
    _remembered: dict[str, tuple[Side, Side]] = field(default_factory=dict)

    def add(self, records: Iterable[DecisionRecord]) -> None:
        for record in records:
            if not replayable(record):
                self.skipped += 1
                continue
            try:
                before, after = self._sides(record)
            except CannotReplay as error:
                self.not_replayable[str(error)] += 1
                continue
            self.replayed += 1
            if before.enters is not after.enters:
                self._change(record, before, after)
            elif before != after:
                self.moved += 1

    @property
    def changes(self) -> tuple[Change, ...]:
        """By application, then who gains, then who loses."""
        return tuple(
            sorted(
                self._found.values(), key=lambda change: (change.application, change.direction, change.who, change.host)
            )
        )

    def _sides(self, record: DecisionRecord) -> tuple[Side, Side]:
        situation = _situation(record)
        known = self._remembered.get(situation)
        if known is not None:
            return known
        target = target_of(record, self.old)
        sides = (
            _side(replayed(record, target, self.old)),
            _side(replayed(record, target, self.new)),
        )
        if len(self._remembered) < MOST_REMEMBERED:
            self._remembered[situation] = sides
        return sides

    def _change(self, record: DecisionRecord, before: Side, after: Side) -> None:
        direction: Direction = "loses" if before.enters else "gains"
        application = before.application or after.application
        who = record.user_email or str((record.evidence.get("service_token") or {}).get("name", ""))
        key = (direction, who, application, before.outcome, before.policy, after.outcome, after.policy)
        known = self._found.get(key)
        newest = Change(
            direction, who, application, before, after, 1, record.reference, record.host, record.path, record.at
        )  # fmt: skip
        self._found[key] = newest if known is None else replace(newest, decisions=known.decisions + 1)


def _situation(record: DecisionRecord) -> str:
    """Everything that replaying looks at, but for the time, which no rule asks for."""
    evidence: Mapping[str, object] = record.evidence
    asked = (record.host, record.path) if record.kind == "request" else (record.application_id, record.application_name)
    return json.dumps(
        [record.kind, record.method, record.refusal, asked, record.ip, record.country, record.user_email, evidence],
        sort_keys=True,
    )


def _side(decision: Decision) -> Side:
    application = decision.application
    verdict = None if isinstance(decision, AnswerPreflight) else decision.verdict
    policy = verdict.policy if verdict is not None else None
    return Side(
        outcome=outcome_of(decision),
        policy=policy.name if policy is not None else "",
        application=application.name if application is not None else "",
        enters=isinstance(decision, Allow | Bypass),
    )
