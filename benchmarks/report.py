"""The results as Markdown and JSON."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Sequence
from typing import Final

from benchmarks.goals import goals, logins_per_cpu_second
from benchmarks.results import Results

_QUIET: Final = 0.05
"""More of the proxy's core than this in other hands, and the numbers are soft."""
_BUSY: Final = 0.9
"""A proxy that used less of its core than this was not what limited the requests a second."""


def as_json(results: Results) -> str:
    """Everything, every round."""
    return json.dumps(results.document(), indent=1, ensure_ascii=False) + "\n"


def as_markdown(results: Results, picture: str) -> str:
    """The report. ``picture`` is the file name of the plot beside it."""
    return "\n".join(
        (
            f"# Benchmark, {results.date}",
            "",
            f"![CPU time a request and requests a second]({picture})",
            "",
            *_goals(results),
            *_requests(results),
            *_logins(results),
            *_memory(results),
            *_how(results),
        )
    )


def _goals(results: Results) -> Iterator[str]:
    yield from ("## Goals", "")
    marks = {True: "met", False: "**missed**", None: "not judged"}
    rows = [(goal.aim, goal.found, marks[goal.met]) for goal in goals(results)]
    yield from _table(("goal", "found", ""), rows)
    others = statistics.median(sample.others for sample in results.samples.all)
    if others > _QUIET:
        yield (
            f"**The machine was not quiet**: other processes took {others:.0%} of the proxy's core (median of the rounds). The "
            "numbers are worse than they would be alone, and not by the same factor for everybody. Run it again on an idle "
            "machine before you quote it."
        )
        yield ""


def _requests(results: Results) -> Iterator[str]:
    samples = results.samples
    yield from ("## Requests", "", "Medians over the rounds; in brackets the lowest and the highest round.", "")
    rows, waited = [], False
    for one in results.contestants:
        if one.key == "logins":
            continue
        found = samples.of(one.key)
        slack = statistics.median(sample.busy for sample in found) < _BUSY
        waited = waited or slack
        costs = sorted(sample.cost for sample in found)
        rows.append(
            (
                one.label,
                f"{samples.rate(one.key):,.0f}{' *' if slack else ''}",
                f"{samples.cost(one.key):,.1f} ({costs[0]:,.1f}–{costs[-1]:,.1f})",
                "" if one.key == "origin" else f"{samples.ratio(one.key, 'envoy'):.2f}",
                f"{sum(sample.errors for sample in found)}",
            )
        )
    yield from _table(("", "requests/s", "CPU µs/request", "× bare Envoy", "errors"), rows)
    if waited:
        yield (
            f"\\* Used less than {_BUSY:.0%} of its core: the load generator, the origin or other work on the machine was "
            "the limit, so it could do more. CPU time a request depends far less on that."
        )
        yield ""
    yield from _fairly(results)
    for label, reason in results.not_run.items():
        yield from (f"Not run: {label}. {reason}.", "")
    yield from (f"- **{one.label}**: {one.work}." for one in results.contestants)
    yield ""


def _fairly(results: Results) -> Iterator[str]:
    """What the table means where it could be read wrongly."""
    samples = results.samples
    parts = {
        name: statistics.median(one.part(name) for one in samples.of("door")) for name in ("Envoy", "control plane")
    }
    yield (
        f"A signed-in request never enters the control plane: of Doorward's CPU time {parts['Envoy']:.1f} µs are Envoy's; "
        f"the {parts['control plane']:.1f} µs of the control plane are its housekeeping, divided by the requests."
    )
    if results.ran("haproxy"):
        times = samples.cost("envoy") / samples.cost("haproxy")
        yield (
            f"HAProxy and nginx without any check are much faster than Envoy without any check (HAProxy {times:.1f} ×); "
            "they are the better choice where nobody has to sign in."
        )
    yield ""


def _logins(results: Results) -> Iterator[str]:
    found = results.samples.of("logins")
    control = statistics.median(sample.part("control plane") for sample in found) / 1000
    edge = statistics.median(sample.part("Envoy") for sample in found) / 1000
    others = statistics.median(sample.busy for sample in found)
    yield from ("## Logins", "")
    yield (
        f"{results.samples.rate('logins'):,.0f} whole logins a second with {results.effort.visitors} visitors at once; "
        f"{logins_per_cpu_second(results):,.0f} for each second of CPU time of the control plane "
        f"({control:.2f} ms a login; Envoy {edge:.2f} ms). The door used {others:.0%} of its core meanwhile."
    )
    yield ""
    yield (
        "A login is what a new browser does: application → 302 → login page → chosen provider → 302 → provider → callback "
        "(code exchanged, RS256 id_token verified) → authorized (RS256 token signed) → application."
    )
    yield ""


def _memory(results: Results) -> Iterator[str]:
    yield from ("## Memory and start", "")
    rows = [
        (
            name,
            f"{rest.rss / 2**20:.0f}",
            f"{rest.pss / 2**20:.0f}",
            f"{results.after_load[name].rss / 2**20:.0f}",
        )
        for name, rest in results.at_rest.items()
    ]
    yield from _table(("MiB", "RSS at rest", "PSS at rest", "RSS after the load"), rows)
    yield (
        f"From the command to ready: {results.start.ready_seconds:.1f} s, in which the control plane used "
        f"{results.start.control_cpu:.2f} s of CPU time."
    )
    yield ""


def _how(results: Results) -> Iterator[str]:
    effort = results.effort
    others = [sample.others for sample in results.samples.all]
    yield from ("## How", "", "```", results.command, "```", "")
    yield (
        f"{effort.rounds} rounds, all contestants in each, in another order every time (seed {effort.seed}): one second of "
        f"warm-up, {effort.seconds} s of wrk with one thread and {effort.connections} connections that stay open. The proxy "
        "has one core, everything else the others; one worker each. CPU time is user and system time of the proxy's processes "
        f"out of /proc; × bare Envoy is the median of the ratios within each round. The token has {results.token_bytes} bytes."
    )
    yield ""
    yield (
        f"Load average before {results.load_before[0]:.1f}, after {results.load_after[0]:.1f}. Other processes took "
        f"{statistics.median(others):.0%} of the proxy's core in the middle of the rounds, {max(others):.0%} at worst."
    )
    yield ""
    yield from _table(("machine", ""), list(results.machine.items()))
    yield from _table(("version", ""), list(results.versions.items()))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join('---' if number == 0 else '---:' for number in range(len(head)))}|"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""
