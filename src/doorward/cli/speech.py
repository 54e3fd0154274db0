"""What the commands print: results to standard output, everything else to standard error, never raw control codes."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from doorward.errors import DoorwardError

if TYPE_CHECKING:  # the root command imports this module, and reading settings takes half a second to import
    from doorward.settings.problems import Problem

_COLOURS: Final = {"error": "bold red", "warning": "bold yellow"}


def printable(text: str) -> str:
    """The text without anything that a terminal would obey."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def result() -> Console:
    """Standard output, for people."""
    return Console(highlight=False, soft_wrap=True)


def print_tree(tree: Tree) -> None:
    """A tree on standard output: wrapped on a terminal, one line a branch elsewhere."""
    wide = None if sys.stdout.isatty() else 10_000
    Console(highlight=False, width=wide).print(tree)


def remark() -> Console:
    """Standard error."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def write_json(value: Any) -> None:
    """The result for scripts: one JSON document on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def complain(error: DoorwardError) -> None:
    """One red sentence; for a configuration file each of its problems."""
    console = remark()
    problems: Sequence[Problem] = getattr(error, "problems", ())
    for problem in problems:
        print_problem(problem, console)
    console.print(Text(summary(problems) if problems else printable(str(error)), style="bold red"))


def summary(problems: Sequence[Problem]) -> str:
    """``2 errors, 1 warning``."""
    errors = sum(problem.severity == "error" for problem in problems)
    counts = ((errors, "error"), (len(problems) - errors, "warning"))
    return ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts if count)


def print_problem(problem: Problem, console: Console) -> None:
    """Place, field, what is wrong, what would be right, and the line."""
    head = Text()
    head.append(f"{problem.severity}", style=_COLOURS[problem.severity])
    head.append(f"  {printable(str(problem.file))}:{problem.line}:{problem.column}", style="dim")
    head.append(f"  {printable(problem.path)}" if problem.path else "", style="bold")
    console.print(head)
    console.print(Text(f"  {printable(problem.message)}"))
    if problem.hint:
        console.print(Text(f"  → {printable(problem.hint)}", style="green"))
    if problem.excerpt:
        number = f"{problem.line} │ "
        console.print(Text(f"  {number}{printable(problem.excerpt)}", style="dim"))
        if len(problem.excerpt) >= problem.column:
            console.print(Text("  " + " " * (len(number) + problem.column - 1) + "^", style=_COLOURS[problem.severity]))
    console.print()
