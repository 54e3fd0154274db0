"""``doorward serve``."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from doorward.cli.options import DEFAULT_CONFIG, ConfigFile
from doorward.cli.speech import print_problem, remark
from doorward.settings import load
from doorward.settings.load import WORKERS
from doorward.supervisor import serve as supervise

command = typer.Typer(add_completion=False)

_EXAMPLES = """Examples:

doorward serve

doorward serve --config /etc/doorward/doorward.yaml --workers 2"""


@command.command(epilog=_EXAMPLES)
def serve(
    config: ConfigFile = DEFAULT_CONFIG,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=1024, metavar="N", help="Envoy worker threads, instead of listen.workers."),
    ] = None,
) -> None:
    """Run the door: the control plane and Envoy, until Ctrl-C or SIGTERM.

    Either of the two may die and is started again; when this process ends, both end. Requests that are under way are
    finished first.
    """
    if workers is not None:
        os.environ[WORKERS] = str(workers)  # read with the file, here and in the children
    console = remark()
    for problem in load(config, os.environ).warnings:
        print_problem(problem, console)
    raise typer.Exit(supervise(config))
