"""The project's goals in numbers, and whether this run met them."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from benchmarks.results import Results

MOST_TIMES_BARE: Final = 1.40
LEAST_LOGINS: Final = 500.0
"""Whole logins for each second of CPU time of the control plane."""
MOST_START_CPU: Final = 2.0
"""CPU seconds of the control plane until ready: what it takes on an idle core."""
_PEERS: Final = (
    ("haproxy-jwt", "HAProxy jwt_verify"),
    ("haproxy-job", "HAProxy jwt_verify with headers"),
    ("apache", "Apache mod_auth_openidc"),
)


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal; ``met`` is None when it could not be judged."""

    aim: str
    found: str
    met: bool | None


def goals(results: Results) -> tuple[Goal, ...]:
    """All of them, in order."""
    return (_times_bare(results), *_more_than_peers(results), _logins(results), _start(results))


def logins_per_cpu_second(results: Results) -> float:
    """Median over the rounds; of the control plane's CPU time alone."""
    return statistics.median(sample.requests / sample.cpu["control plane"] for sample in results.samples.of("logins"))


def _times_bare(results: Results) -> Goal:
    ratios = sorted(results.samples.ratios("door", "envoy"))
    middle = statistics.median(ratios)
    return Goal(
        f"CPU time a request at most {MOST_TIMES_BARE:.2f} × bare Envoy with the same HTTP settings",
        f"{middle:.2f} × (rounds {ratios[0]:.2f} to {ratios[-1]:.2f})",
        middle <= MOST_TIMES_BARE,
    )


def _more_than_peers(results: Results) -> Iterator[Goal]:
    for key, name in _PEERS:
        aim = f"more requests a second than {name}"
        if not results.ran(key):
            yield Goal(aim, "not run", None)
            continue
        ours, theirs = results.samples.rate("door"), results.samples.rate(key)
        yield Goal(aim, f"{ours:,.0f} against {theirs:,.0f}", ours > theirs)


def _logins(results: Results) -> Goal:
    rate = logins_per_cpu_second(results)
    aim = f"at least {LEAST_LOGINS:.0f} whole logins for a second of the control plane's CPU time"
    return Goal(aim, f"{rate:,.0f}", rate >= LEAST_LOGINS)


def _start(results: Results) -> Goal:
    used = results.start.control_cpu
    aim = f"control plane ready within {MOST_START_CPU:.0f} s of CPU time"
    return Goal(aim, f"{used:.2f} s", used <= MOST_START_CPU)
