"""One run: stage everything, measure in rounds, take everything down again."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from benchmarks import machine
from benchmarks.contestants import Contestant, World, apache, bare_envoy, door, haproxy, nginx
from benchmarks.packages import NotRunError, need
from benchmarks.processes import Cores, Stage, free_port, listens
from benchmarks.results import Described, Results, Start
from benchmarks.rounds import Effort, Sample, Samples, measure, measure_logins, shuffled

_LOGINS = Described(
    "logins", "Doorward, whole logins", "seven requests: redirect, login page, provider, token, application"
)
_LABELS = {
    "haproxy": "HAProxy, proxy only",
    "haproxy-jwt": "HAProxy jwt_verify",
    "haproxy-job": "HAProxy jwt_verify, headers set",
    "apache": "Apache mod_auth_openidc",
}


def run(effort: Effort, command: str, console: Console) -> Results:
    """Measure everything that can be measured here.

    Raises:
        NotRunError: the load generator or the origin is missing.
        RuntimeError: something that is measured does not start or does not do its job.
    """
    need("wrk"), need("nginx")
    cores, before = Cores.choose(), machine.load()
    os.sched_setaffinity(0, cores.load)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="doorbench-")))
        folder.chmod(0o755)  # servers that drop root must reach their own files
        stage = stack.enter_context(Stage(folder, cores))
        bar = stack.enter_context(_progress(console))
        step = bar.add_task("starting the contestants", total=None)
        world = _world(stage)
        opened = door.open_door(world)
        contestants, absent = _contestants(world, opened)
        signed_in = next(one for one in contestants if one.key == "door")

        turns: list[Contestant | None] = [*contestants, None]  # None: logins
        bar.update(step, total=len(turns) * effort.rounds)
        samples: list[Sample] = []
        for number, turn in shuffled(turns, effort):
            bar.update(step, description=turn.label if turn is not None else _LOGINS.label)
            if turn is None:
                samples.append(measure_logins(signed_in, opened.url, number, effort, cores))
            else:
                samples.append(measure(turn, number, effort, cores))
            bar.advance(step)
        return Results(
            date=time.strftime("%Y-%m-%d"),
            command=command,
            effort=effort,
            machine=machine.facts(),
            versions=machine.versions(),
            load_before=before,
            load_after=machine.load(),
            contestants=(*(Described(one.key, one.label, one.work) for one in contestants), _LOGINS),
            not_run=absent,
            samples=Samples(tuple(samples)),
            start=Start(opened.ready_seconds, opened.control_cpu_at_ready),
            at_rest=opened.at_rest,
            after_load=opened.memory(),
            token_bytes=len(opened.token),
        )


def _world(stage: Stage) -> World:
    origin, _ = nginx.origin(stage)
    port = free_port()
    provider = stage.start("provider", [sys.executable, "-m", "benchmarks.provider", str(port)], load=True)
    provider.wait(lambda: listens(port))
    return World(stage, origin, port)


def _contestants(world: World, opened: door.Door) -> tuple[list[Contestant], dict[str, str]]:
    """Those that run, in the order of the table, and why the others do not."""
    found = [nginx.bare(world), nginx.proxy(world)]
    absent: dict[str, str] = {}
    optional: tuple[tuple[str, Callable[[], Contestant]], ...] = (
        ("haproxy", lambda: haproxy.bare(world)),
        ("haproxy-jwt", lambda: haproxy.jwt_verify(world, opened)),
        ("haproxy-job", lambda: haproxy.same_job(world, opened)),
        ("apache", lambda: apache.openidc(world)),
    )
    for key, start in optional:
        try:
            found.append(start())
        except NotRunError as reason:
            absent[_LABELS[key]] = str(reason)
    return [*found, bare_envoy.bare(world), door.signed_in(opened), door.anonymous(opened)], absent


def _progress(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<34}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
