"""``doorward policy``: cases that must hold, what a change would do, and rules that cannot be meant."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.progress import Progress
from rich.text import Text

from doorward.cli.asking import question_of, read_moment
from doorward.cli.case_results import CaseResult, as_json, junit, show
from doorward.cli.cases import CasePart, read_cases
from doorward.cli.difference_view import as_json as difference_json
from doorward.cli.difference_view import show as show_difference
from doorward.cli.laboratory import Laboratory, laboratory, recall
from doorward.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from doorward.cli.speech import complain, print_problem, remark, result, summary, write_json
from doorward.cli.state import opened
from doorward.errors import DoorwardError
from doorward.lab.difference import Comparison
from doorward.lab.expectation import failures
from doorward.lab.question import UnusableQuestion
from doorward.lab.rehearsal import rehearse
from doorward.settings import Settings, load
from doorward.settings.linting import about_policies, lint

command = typer.Typer(add_completion=False, no_args_is_help=True)

_TEST_EXAMPLES: Final = """Examples:

doorward policy test policy-tests.yaml

doorward policy test policy-tests.yaml --config doorward.yaml --junit report.xml

A file of cases:

tests: [{name: strangers sign in, request: {url: "https://wiki.example.com/"}, expect: login},
{name: staff enter, request: {url: "https://wiki.example.com/", email: ann@example.com}, expect: allow, policy: Staff}]"""


_LINT_EXAMPLES: Final = """Examples:

doorward policy lint

doorward policy lint --config /etc/doorward/doorward.yaml --json"""


_DIFF_EXAMPLES: Final = """Examples:

doorward policy diff doorward.yaml proposed.yaml

doorward policy diff doorward.yaml proposed.yaml --days 7 --json"""
_PAGE: Final = 500


class ReportProblem(DoorwardError):  # noqa: N818 - what is the case, as elsewhere in the tree of errors
    code = "report"


@command.callback()
def policy() -> None:
    """Try policies out before people do: run cases, compare two configurations, find rules that cannot be meant."""


@command.command("test", epilog=_TEST_EXAMPLES)
def run_cases(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The cases, in YAML or JSON.")],
    junit_file: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Write a report for build servers as well.")
    ] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json_: AsJson = False,
) -> None:
    """Decide made-up requests as the door would, and compare with what is expected.

    Every case is run and every failure is told, with the rules and their evidence. Exit code 1 if any fails. 'expect' is
    allow, deny, login, bypass or service_auth; 'policy', 'application' and 'status' may be expected as well. 'request'
    has url and, where wanted, method, email, groups, idp, auth_methods, claims, postures, risk, ip, country, service_token
    and at.
    """
    cases = read_cases(file)
    lab = laboratory(load(config, os.environ))
    now = int(time.time())
    results = [_run(case, lab, now) for case in cases]
    if junit_file is not None:
        _write(junit_file, junit(results, lab.names))
    if as_json_:
        write_json(as_json(results, lab.names))
    else:
        show(results, lab.names)
    raise typer.Exit(1 if any(one.failures for one in results) else 0)


@command.command("lint", epilog=_LINT_EXAMPLES)
def lint_(config: ConfigFile = DEFAULT_CONFIG, as_json_: AsJson = False) -> None:
    """Find policies and rules that are valid and most likely not meant.

    Those that never match, those that others before them leave nothing to decide, those that let everybody in, hosts with
    wildcards, and applications that nobody can enter; 'doorward check' shows the same as warnings. Exit code 1 if there
    is any.
    """
    _, problems = lint(config, os.environ)
    found = [problem for problem in problems if about_policies(problem)]
    if as_json_:
        write_json({"findings": [problem.as_json() for problem in found]})
    else:
        console = result()
        for problem in found:
            print_problem(problem, console)
        told = Text(summary(found), style="bold yellow") if found else Text("nothing found", style="bold green")
        console.print(told)
    raise typer.Exit(1 if found else 0)


@command.command(epilog=_DIFF_EXAMPLES)
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The configuration file as it is.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="As it shall be.")],
    days: Annotated[int, typer.Option(min=1, max=3650, metavar="DAYS", help="How far back to look.")] = 90,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", metavar="FILE", help="Whose database holds the record; by default OLD's."),
    ] = None,
    as_json_: AsJson = False,
) -> None:
    """Replay recorded decisions by two configurations, and list who would gain and who would lose access.

    Each recorded request and login is decided again by both, with the facts on record; nothing is changed. What the record
    does not suffice for is counted with the reason. Exit code 0: nobody gains or loses; 1: somebody does; 2: the comparison
    could not be made.
    """
    try:
        before, after = load(old, os.environ), load(new, os.environ)
        kept = load(config, os.environ) if config is not None else before
        comparison = asyncio.run(_compared(before, after, kept, int(time.time()) - days * 86_400))
    except DoorwardError as error:
        complain(error)
        raise typer.Exit(2) from error
    if as_json_:
        write_json(difference_json(comparison))
    else:
        show_difference(comparison)
    raise typer.Exit(1 if comparison.changes else 0)


async def _compared(before: Settings, after: Settings, kept: Settings, since: int) -> Comparison:
    """Page by page, with a bar for people who watch."""
    async with opened(kept, dict(os.environ)) as store:
        memories = [await recall(store, settings) for settings in (before, after)]
        old, new = (laboratory(*pair).snapshot for pair in zip((before, after), memories, strict=True))
        comparison, last = Comparison(old, new), 0
        with Progress(console=remark(), disable=not sys.stderr.isatty(), transient=True) as progress:
            task = progress.add_task("replaying decisions", total=await store.decisions.count(since))
            while True:
                last, records = await store.decisions.page(since, last, _PAGE)
                if not records:
                    return comparison
                comparison.add(records)
                progress.advance(task, len(records))


def _run(case: CasePart, lab: Laboratory, now: int) -> CaseResult:
    moment = read_moment(case.request.at) if case.request.at is not None else now
    try:
        rehearsal = rehearse(question_of(case.request.asked(), lab), lab.snapshot, moment)
    except UnusableQuestion as error:
        return CaseResult(case.name, (f"it cannot be run: {error}",), None)
    return CaseResult(case.name, failures(case.expectation(), rehearsal), rehearsal)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        raise ReportProblem(
            f"The report {file} cannot be written: {error.strerror}. Name a file in a folder of yours"
        ) from error
