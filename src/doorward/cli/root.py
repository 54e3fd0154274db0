"""``doorward`` itself: the list of commands, and its version."""

from __future__ import annotations

from typing import Annotated

import typer

from doorward import __version__
from doorward.cli.table import CommandTable

app = typer.Typer(
    name="doorward",
    cls=CommandTable,
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # values may be secrets
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"doorward {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Keep the door of your web applications: people sign in, policies decide, the origin gets a signed identity.

    Begin with [bold]doorward init[/bold], then [bold]doorward check[/bold] and [bold]doorward serve[/bold].

    Exit codes: 0 all right, 1 a problem that is reported, 2 wrong usage.
    """


def main() -> None:
    """The entry point of the program."""
    app(prog_name="doorward")
