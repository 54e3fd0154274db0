"""The load generator: wrk with one thread, told to stay on the load's core."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_UNITS: Final = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of wrk saw."""

    requests: int
    seconds: float
    p99: float
    """Milliseconds, with as many requests on the way as there are connections."""
    errors: int
    """Connections that broke and answers other than 2xx and 3xx."""


def command(
    program: Path,
    cores: Iterable[int],
    url: str,
    headers: Sequence[tuple[str, str]],
    *,
    connections: int,
    seconds: float,
) -> list[str]:
    """The command line. wrk takes whole seconds, so ``seconds`` is rounded up."""
    line = ["taskset", "--cpu-list", ",".join(map(str, sorted(cores))), str(program)]
    line += ["-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "10s", "--latency"]
    for name, value in headers:
        line += ["-H", f"{name}: {value}"]
    return [*line, url]


def run(line: Sequence[str]) -> Load:
    """Run a :func:`command`.

    Raises:
        RuntimeError: wrk failed.
    """
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"wrk ended with {done.returncode}: {(done.stderr or done.stdout).strip()[:500]}")
    return read(done.stdout)


def read(told: str) -> Load:
    """Read wrk's report.

    Raises:
        RuntimeError: it looks different from what wrk 4 prints.
    """
    total = re.search(r"(\d+) requests in ([\d.]+)(us|ms|s|m),", told)
    p99 = re.search(r"^\s+99%\s+([\d.]+)(us|ms|s|m)\s*$", told, re.MULTILINE)
    if total is None or p99 is None:
        raise RuntimeError(f"wrk's report cannot be read: {told[:500]}")
    errors = re.findall(r"(?:connect|read|write|timeout) (\d+)|Non-2xx or 3xx responses: (\d+)", told)
    return Load(
        requests=int(total[1]),
        seconds=float(total[2]) * _UNITS[total[3]] / 1000,
        p99=float(p99[1]) * _UNITS[p99[2]],
        errors=sum(int(count) for pair in errors for count in pair if count),
    )
