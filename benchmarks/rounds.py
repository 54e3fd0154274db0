"""Samples: every contestant once in each round, in another order each time, so that a slow minute hits all of them."""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from benchmarks.contestants import Contestant
from benchmarks.logins import storm
from benchmarks.machine import core_seconds
from benchmarks.packages import need
from benchmarks.processes import Cores
from benchmarks.wrk import command, run

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sample:
    """One contestant in one round."""

    contestant: str
    """Its key."""
    round: int
    requests: int
    """Answered; for logins: logins."""
    seconds: float
    cpu: Mapping[str, float]
    """Seconds of CPU time by part."""
    others: float
    """Share of the proxy's core that was used by anybody else meanwhile."""
    errors: int = 0
    p99: float = 0.0
    """Milliseconds; 0 for logins."""

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

    @property
    def cost(self) -> float:
        """Microseconds of CPU time a request, all parts."""
        return sum(self.cpu.values()) / self.requests * 1e6 if self.requests else 0.0

    def part(self, name: str) -> float:
        """Microseconds of CPU time a request, of one part."""
        return self.cpu[name] / self.requests * 1e6 if self.requests else 0.0

    @property
    def busy(self) -> float:
        """Share of its core that the contestant used."""
        return sum(self.cpu.values()) / self.seconds


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard and how long."""

    rounds: int = 5
    seconds: int = 4
    """Of load in each round, after a second of warm-up."""
    connections: int = 64
    visitors: int = 16
    """Who log in at once."""
    seed: int = 1


def shuffled(things: Sequence[T], effort: Effort) -> Iterator[tuple[int, T]]:
    """Each thing once in each round, with the number of the round."""
    dice = random.Random(effort.seed)
    for number in range(1, effort.rounds + 1):
        for thing in dice.sample(things, len(things)):
            yield number, thing


def measure(contestant: Contestant, number: int, effort: Effort, cores: Cores) -> Sample:
    """One round of wrk against one contestant."""
    program = need("wrk")
    warm, load = (
        command(program, cores.load, contestant.url, contestant.sent, connections=effort.connections, seconds=seconds)
        for seconds in (1, effort.seconds)
    )
    run(warm)
    meters = contestant.meters()
    core, before = core_seconds(cores.proxy), {name: meter() for name, meter in meters.items()}
    seen = run(load)
    cpu = {name: meter() - before[name] for name, meter in meters.items()}
    others = (core_seconds(cores.proxy) - core - sum(cpu.values())) / seen.seconds
    return Sample(contestant.key, number, seen.requests, seen.seconds, cpu, max(0.0, others), seen.errors, seen.p99)


def measure_logins(door: Contestant, url: str, number: int, effort: Effort, cores: Cores) -> Sample:
    """One round of whole logins."""
    meters = door.meters()
    core, before = core_seconds(cores.proxy), {name: meter() for name, meter in meters.items()}
    seen = storm(url, effort.visitors, effort.seconds)
    cpu = {name: meter() - before[name] for name, meter in meters.items()}
    others = (core_seconds(cores.proxy) - core - sum(cpu.values())) / seen.seconds
    return Sample("logins", number, seen.count, seen.seconds, cpu, max(0.0, others))


@dataclass(frozen=True, slots=True)
class Samples:
    """All of a run."""

    all: tuple[Sample, ...]

    def of(self, key: str) -> tuple[Sample, ...]:
        """Of one contestant, by round."""
        return tuple(sorted((sample for sample in self.all if sample.contestant == key), key=lambda one: one.round))

    def rate(self, key: str) -> float:
        """Median of requests a second."""
        return statistics.median(sample.rate for sample in self.of(key))

    def cost(self, key: str) -> float:
        """Median of microseconds a request."""
        return statistics.median(sample.cost for sample in self.of(key))

    def ratios(self, key: str, base: str) -> tuple[float, ...]:
        """CPU time a request, as a multiple of what ``base`` took in the same round."""
        bases = {sample.round: sample.cost for sample in self.of(base)}
        return tuple(sample.cost / bases[sample.round] for sample in self.of(key) if bases.get(sample.round))

    def ratio(self, key: str, base: str) -> float:
        """Median of :meth:`ratios`."""
        return statistics.median(self.ratios(key, base))
