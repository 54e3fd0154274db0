"""What a run found out, as one value; reports and plots are made of it alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.machine import Memory
from benchmarks.rounds import Effort, Samples


@dataclass(frozen=True, slots=True)
class Described:
    """A contestant as the report names it."""

    key: str
    label: str
    work: str


@dataclass(frozen=True, slots=True)
class Start:
    """How the door came up."""

    ready_seconds: float
    control_cpu: float
    """CPU seconds of the control plane until the door was ready."""


@dataclass(frozen=True, slots=True)
class Results:
    """Everything."""

    date: str
    command: str
    effort: Effort
    machine: Mapping[str, str]
    versions: Mapping[str, str]
    load_before: tuple[float, float, float]
    load_after: tuple[float, float, float]
    contestants: tuple[Described, ...]
    """In the order of the table."""
    not_run: Mapping[str, str]
    """Label → reason."""
    samples: Samples
    start: Start
    at_rest: Mapping[str, Memory]
    after_load: Mapping[str, Memory]
    token_bytes: int

    def ran(self, key: str) -> bool:
        """Whether there are samples of this contestant."""
        return bool(self.samples.of(key))

    def document(self) -> dict[str, Any]:
        """For JSON; every number as it was measured."""
        return asdict(self)
