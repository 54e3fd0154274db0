"""The command line. One module a command; each is imported when its command is called, so that help stays quick."""

from doorward.cli.root import app, main

__all__ = ["app", "main"]
