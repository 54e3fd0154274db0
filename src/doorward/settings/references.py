"""``${NAME}`` anywhere in text and ``file:…`` in secret fields, replaced before anything else looks at the values.

What came from the environment may be secret wherever it stands, so messages about such a value show its ``${NAME}``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, Final

from doorward.settings.problems import Report
from doorward.settings.source import Path

SECRET_FIELDS: Final = frozenset(
    {
        ("identity_providers", "config", "client_secret"),
        ("mail", "password"),
        ("report_sources", "secret"),
        ("service_tokens", "client_id"),
        ("service_tokens", "client_secret"),
    }
)
"""Paths without list positions. Only these may be ``file:`` references, and their values are never shown."""

LARGEST_SECRET: Final = 64 * 1024
_VARIABLE: Final = re.compile(r"\$(?:\$(?=\{)|\{(?P<name>[^{}]*)\})")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def shape(path: Path) -> tuple[str, ...]:
    """A path without its list positions."""
    return tuple(part for part in path if isinstance(part, str))


@dataclass(frozen=True, slots=True)
class Written:
    """What the file says in place of values that came from outside it: path to text as written."""

    texts: dict[Path, str] = field(default_factory=dict)

    def shown(self, path: Path, value: Any) -> str:
        """A value as a message may show it."""
        if shape(path) in SECRET_FIELDS:
            return "the value"
        return self.texts.get(path, repr(value))

    def scrubbed(self, path: Path, value: Any, message: str) -> str:
        """A message without the value, where the value came from outside the file or is secret."""
        if not isinstance(value, str) or not value or (path not in self.texts and shape(path) not in SECRET_FIELDS):
            return message
        shown = self.shown(path, value)
        return message.replace(repr(value), shown).replace(value, shown)


@dataclass(slots=True)
class Expansion:
    """Walks the values and replaces references; what cannot be replaced becomes a problem and stays as written."""

    report: Report
    environ: Mapping[str, str]
    folder: FilePath
    written: Written = field(default_factory=Written)

    def value(self, value: Any, path: Path = ()) -> Any:
        if isinstance(value, dict):
            return {key: self.value(inner, (*path, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.value(inner, (*path, index)) for index, inner in enumerate(value)]
        if isinstance(value, str):
            return self._text(value, path)
        return value

    def _text(self, text: str, path: Path) -> str:
        expanded = _VARIABLE.sub(lambda match: self._variable(match, path), text)
        if shape(path) in SECRET_FIELDS and expanded.startswith("file:"):
            expanded = self._file(expanded, path)
        if expanded != text:
            self.written.texts[path] = text
        return expanded

    def _variable(self, match: re.Match[str], path: Path) -> str:
        name = match["name"]
        if name is None:  # "$${" stands for "${"
            return "$"
        if not _NAME.fullmatch(name):
            hint = "write ${NAME} with letters, digits and underscores, or $${ for a literal ${"
            self.report.error(path, f"{match.group()!r} does not name an environment variable", hint)
        elif name not in self.environ:
            hint = f"set it where doorward is started, like {name}=…, or write $${{ for a literal ${{"
            self.report.error(path, f"the environment variable {name} is not set", hint)
        else:
            return self.environ[name]
        return match.group()

    def _file(self, reference: str, path: Path) -> str:
        file = self.folder / reference.removeprefix("file:")
        try:
            with file.open(encoding="utf-8") as stream:
                secret = stream.read(LARGEST_SECRET + 1).rstrip("\r\n")
        except UnicodeDecodeError:
            self.report.error(path, f"the secret file {file} is not UTF-8 text", "save the secret as text")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            hint = "create it, readable by the user doorward runs as, or correct the path"
            self.report.error(path, f"the secret file {file} cannot be read: {reason}", hint)
        else:
            if not secret or len(secret) > LARGEST_SECRET:
                size = "empty" if not secret else "larger than 64 KiB"
                self.report.error(path, f"the secret file {file} is {size}", "write the secret into it, and only that")
            return secret
        return reference
