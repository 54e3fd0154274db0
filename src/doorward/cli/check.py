"""``doorward check``."""

from __future__ import annotations

import os

import typer
from rich.text import Text

from doorward.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from doorward.cli.speech import print_problem, result, summary, write_json
from doorward.settings import InvalidConfiguration, Problem, Settings
from doorward.settings.linting import lint

command = typer.Typer(add_completion=False)

_EXAMPLES = """Examples:

doorward check

doorward check --config /etc/doorward/doorward.yaml --json"""


@command.command(epilog=_EXAMPLES)
def check(config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Report every mistake in the configuration file, each with its line, its field and what would be right.

    Nothing is started and nothing is changed. Exit code 1 if there is an error; warnings alone leave it at 0.
    """
    try:
        read: tuple[Settings | None, tuple[Problem, ...]] = lint(config, os.environ)
        settings, problems = read
    except InvalidConfiguration as error:
        settings, problems = None, error.problems
    if as_json:
        write_json({"valid": settings is not None, "problems": [problem.as_json() for problem in problems]})
    else:
        console = result()
        for problem in problems:
            print_problem(problem, console)
        if settings is not None:
            console.print(Text(_praise(settings), style="bold green"))
        if problems:
            console.print(Text(summary(problems), style="bold yellow" if settings else "bold red"))
    raise typer.Exit(0 if settings is not None else 1)


def _praise(settings: Settings) -> str:
    counts = (
        (len(settings.applications), "application", "applications"),
        (len(settings.identity_providers), "identity provider", "identity providers"),
        (len(settings.ingress), "origin", "origins"),
    )
    listed = ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in counts)
    return f"{settings.path} is valid: {listed}"
