"""What can be wrong with a configuration file: problems as values, and the one exception that carries them all."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path as FilePath
from typing import Any

from doorward.errors import ConfigurationError
from doorward.settings.source import Path, Position, Source

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


class Severity(StrEnum):
    ERROR = "error"
    """The door does not start with it."""
    WARNING = "warning"
    """Allowed, and most likely not what was meant."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. ``line`` and ``column`` count from 1."""

    severity: Severity
    file: FilePath
    line: int
    column: int
    path: str
    """The field: ``applications[0].policies[1].include[0].email_domain.domain``; empty for the file as a whole."""
    message: str
    """What is wrong."""
    hint: str = ""
    """What would be right; may be empty."""
    excerpt: str = ""
    """The line of the file, with secrets masked."""

    def as_json(self) -> dict[str, Any]:
        """For ``doorward check --json``."""
        return {
            "severity": self.severity.value,
            "file": str(self.file),
            "line": self.line,
            "column": self.column,
            "path": self.path,
            "message": self.message,
            "hint": self.hint,
        }

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}"
        field_name = f" {self.path}:" if self.path else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{where}: {self.severity}:{field_name} {self.message}{hint}"


class InvalidConfiguration(ConfigurationError):  # noqa: N818 - named for what it says, as TokenRefused is
    """The file cannot be used. ``problems`` holds every mistake found, warnings included, in the file's order."""

    def __init__(self, file: FilePath, problems: Iterable[Problem]) -> None:
        self.file = file
        self.problems = tuple(problems)
        errors = [problem for problem in self.problems if problem.severity is Severity.ERROR]
        count = "1 mistake" if len(errors) == 1 else f"{len(errors)} mistakes"
        listed = "\n".join(f"  {problem}" for problem in errors)
        super().__init__(f"{file} has {count}; correct and try again:\n{listed}")


@dataclass(slots=True)
class Report:
    """Collects problems while a file is read. The only mutable thing here; it never leaves ``load``."""

    source: Source
    problems: list[Problem] = field(default_factory=list)
    broken: set[Path] = field(default_factory=set)
    """Fields that could not be read, and everything around them inside their section: nothing more is said there."""
    faulty: set[Path] = field(default_factory=set)
    """Fields that are wrong as YAML already."""

    def error(self, path: Path, message: str, hint: str = "") -> None:
        self.add(Severity.ERROR, path, message, hint)

    def warning(self, path: Path, message: str, hint: str = "") -> None:
        self.add(Severity.WARNING, path, message, hint)

    def add(self, severity: Severity, path: Path, message: str, hint: str = "") -> None:
        """Record a problem at a field; a field that is not in the file stands where its parent does."""
        if path in self.broken:
            return  # what is said about the rest of something broken would be guessing
        self._add(severity, self.source.position(path), path, message, hint)

    def unreadable(self, path: Path, message: str, hint: str) -> None:
        """A field that has no usable value."""
        if path in self.faulty:
            return  # the YAML itself is wrong there, which has been said
        self._add(Severity.ERROR, self.source.position(path), path, message, hint)
        self.broken.update(path[:length] for length in range(2, len(path) + 1))

    def error_at(self, position: Position, path: Path, message: str, hint: str) -> None:
        """An error whose place is not that of its field: the second of two equal keys."""
        self._add(Severity.ERROR, position, path, message, hint)
        self.faulty.add(path)

    def _add(self, severity: Severity, position: Position, path: Path, message: str, hint: str) -> None:
        excerpt = self.source.excerpt(position[0])
        problem = Problem(severity, self.source.file, *position, dotted(path), message, hint, excerpt)
        if problem not in self.problems:
            self.problems.append(problem)

    @property
    def failed(self) -> bool:
        return any(problem.severity is Severity.ERROR for problem in self.problems)

    def in_order(self) -> tuple[Problem, ...]:
        """By position in the file."""
        return tuple(sorted(self.problems, key=lambda problem: (problem.line, problem.column, problem.path)))


def dotted(path: Path) -> str:
    """``("a", 0, "b")`` as people write it: ``a[0].b``; a key that is not a plain word is quoted."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = part if _PLAIN_KEY.fullmatch(part) else repr(part)
            text += f".{name}" if text else name
    return text
