"""A Typer group that knows its commands by name and help, and imports one when it is called.

Commands bring the database, Envoy's protocol and the web server with them, which takes a second to import; a person
who asks for help, or presses the tabulator, has not asked for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from doorward.cli.speech import complain
from doorward.errors import DoorwardError


@dataclass(frozen=True, slots=True)
class Row:
    """One command: where it is and what the list of commands says about it."""

    name: str
    module: str
    """Has a ``command``: a Typer application."""
    help: str
    hidden: bool = False


class Deferred(TyperCommand):
    """Stands for a command in lists; becomes the real one when it gets arguments."""

    def __init__(self, row: Row) -> None:
        super().__init__(name=row.name, help=row.help, hidden=row.hidden)
        self.row = row

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        command = get_command(import_module(self.row.module).command)
        command.name = self.row.name
        return command.make_context(info_name, args, parent=parent, **extra)


class CommandTable(TyperGroup):
    """The root group. Errors of ours end here: as a sentence, with exit code 1."""

    ROWS: ClassVar[Sequence[Row]] = (
        Row("serve", "doorward.cli.serve", "Run the door: the control plane and Envoy, until Ctrl-C."),
        Row("init", "doorward.cli.init", "Write a commented configuration file to start from."),
        Row("check", "doorward.cli.check", "Report every mistake in the configuration file."),
        Row("idp", "doorward.cli.idp", "Try an identity provider out, step by step."),
        Row("keys", "doorward.cli.keys", "List or rotate the keys that sign tokens."),
        Row("tokens", "doorward.cli.tokens", "Make, list, rotate and end service tokens, which let programs in."),
        Row("sessions", "doorward.cli.sessions", "List who is signed in, or end one session."),
        Row("revoke", "doorward.cli.revoke", "Take access away from a person, an application, a policy or everybody."),
        Row("grants", "doorward.cli.grants", "List who asked for access for a time, or take it back."),
        Row("factors", "doorward.cli.factors", "Show or remove the second factors that people have set up."),
        Row("reports", "doorward.cli.reports", "Show what is reported about a person and their device."),
        Row("explain", "doorward.cli.explain", "Tell why a request was let in or refused."),
        Row("policy", "doorward.cli.policy", "Try policies out: run cases, compare configurations, find mistakes."),
        Row("control", "doorward.cli.control", "Run the control plane alone; 'serve' does this.", hidden=True),
    )

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {row.name: Deferred(row) for row in self.ROWS}

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except DoorwardError as error:
            complain(error)
            raise typer.Exit(1) from error
