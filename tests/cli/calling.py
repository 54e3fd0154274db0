"""Runs commands as a user does, in a folder of their own."""

from __future__ import annotations

from typer.testing import CliRunner

from doorward.cli import app

LOCAL = """\
organization: {name: Local, auth_domain: login.localhost}
listen: {http: 8080}
"""


def call(*arguments, input=None, env=None):  # noqa: A002 - the runner's own word
    """The outcome of one command: ``exit_code``, ``stdout``, ``stderr``."""
    outcome = CliRunner().invoke(app, [str(argument) for argument in arguments], input=input, env=env)
    if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    return outcome


def configured(folder, text=LOCAL):
    file = folder / "doorward.yaml"
    file.write_text(text)
    return file
