"""``doorward control``: what the supervisor starts. Not for people."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from doorward.app import run
from doorward.cli.options import DEFAULT_CONFIG, ConfigFile
from doorward.supervisor import end_with_parent

command = typer.Typer(add_completion=False)


@command.command()
def control(
    runtime: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the unix sockets, mode 0700.")],
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Run the control plane alone. [bold]doorward serve[/bold] starts this together with Envoy."""
    end_with_parent(os.environ)
    raise typer.Exit(run(config, runtime))
