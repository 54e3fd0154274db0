"""The YAML file as plain values, with the place of each of them. Nothing is decided here.

Every plain scalar is read as text (only ``null``, ``~`` and nothing at all mean "no value"): which type a field has
is known to the models and not to the spelling, so the country ``NO`` stays a country and a password of digits text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path as FilePath
from typing import Any, Final

import yaml

Path = tuple[str | int, ...]
Position = tuple[int, int]
"""Line and column, from 1."""

LARGEST_FILE: Final = 16 * 1024 * 1024
MOST_VALUES: Final = 500_000
"""Values after aliases are followed; stops files that grow explosively by naming an anchor again and again."""
DEEPEST: Final = 64
_LOADER: Final = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""Makes nodes only, and guesses no types: no tag in a file leads to any code."""
_TAGS: Final = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq", "merge", "value")
)  # fmt: skip
_SECRET_WORDS: Final = ("secret", "password", "passwd", "passphrase", "token", "credential")
_NO_SECRETS: Final = frozenset({"token_url", "token_endpoint_auth_method", "secret_key_file"})
_PAIR: Final = re.compile(r"""(?P<key>["']?[\w.-]+["']?\s*:\s+)(?P<value>"[^"]*"?|'[^']*'?|[^,}\s#][^,}#]*)""")


class Unreadable(Exception):  # noqa: N818 - becomes a Problem at once; no caller outside ``load`` sees it
    """The file gives no values at all."""

    def __init__(self, message: str, hint: str = "", position: Position = (1, 1)) -> None:
        super().__init__(message)
        self.message, self.hint, self.position = message, hint, position


@dataclass(slots=True)
class Source:
    """What was read: values, places, and what is already known to be wrong with the YAML itself."""

    file: FilePath
    data: Any = None
    lines: tuple[str, ...] = field(default=(), repr=False)
    positions: dict[Path, Position] = field(default_factory=dict, repr=False)
    """The place of each value."""
    faults: list[tuple[Path, Position, str, str]] = field(default_factory=list)
    """Path, place, message and hint: duplicate keys, tags, keys that are not text."""

    def position(self, path: Path) -> Position:
        """The place of a field, or of the nearest thing around it that the file does have."""
        for length in range(len(path), -1, -1):
            if (found := self.positions.get(path[:length])) is not None:
                return found
        return (1, 1)

    def excerpt(self, line: int) -> str:
        """One line of the file with the values of secret fields masked; empty when there is no such line."""
        if not 1 <= line <= len(self.lines):
            return ""
        return _PAIR.sub(_masked, self.lines[line - 1].rstrip())


def _masked(pair: re.Match[str]) -> str:
    value = pair["value"]
    secret = is_secret_name(pair["key"]) and not value.startswith(("${", "file:", '"${', '"file:', "'${", "'file:"))
    return pair["key"] + ("********" if secret else value)


def is_secret_name(name: str) -> bool:
    """True for keys that hold secrets, misspelt ones included."""
    key = name.strip("\"' \t:").lower()
    words = [word for word in re.split(r"[^a-z]+", key) if word]
    return key not in _NO_SECRETS and any(get_close_matches(word, _SECRET_WORDS, n=1, cutoff=0.7) for word in words)


def read(file: FilePath) -> str:
    """The text of the file.

    Raises:
        Unreadable: missing, not a file, too large, not UTF-8 or not allowed.
    """
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise Unreadable("the file is larger than 16 MiB", "is it the right file?")
        return file.read_text("utf-8-sig")
    except FileNotFoundError as error:
        hint = "write one with 'doorward init', or name another with --config"
        raise Unreadable("the file does not exist", hint) from error
    except UnicodeDecodeError as error:
        raise Unreadable("the file is not UTF-8 text", "save it as UTF-8") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Unreadable(f"the file cannot be read: {reason}", "check its name and who may read it") from error


def parse(file: FilePath, text: str) -> Source:
    """Values and places.

    Raises:
        Unreadable: not YAML, or YAML of a kind that no configuration needs.
    """
    source = Source(file, lines=tuple(text.splitlines()))
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        raise Unreadable(*_syntax(error, source)) from error
    except yaml.YAMLError as error:  # a character that no YAML file may have
        raise Unreadable(f"this is not YAML: {_one_line(error)}", "remove the character") from error
    except RecursionError as error:
        raise Unreadable("values are nested too deeply", "close the brackets") from error
    if node is not None:
        source.data = _Reader(source).value(node, ())
    return source


def _syntax(error: yaml.MarkedYAMLError, source: Source) -> tuple[str, str, Position]:
    mark = error.problem_mark or error.context_mark
    position = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    problem = error.problem or error.context or "it cannot be read"
    hint = "check the indentation, colons and quotes of this line and the one above"
    if "\\t" in problem or "tab" in problem:
        hint = "indent with spaces; YAML does not allow tabs"
    elif "expected a single document" in (error.context or ""):
        problem, hint = "the file holds more than one YAML document", "remove everything from the second '---' on"
    elif "${" in "".join(source.lines[max(0, position[0] - 2) : position[0]]):
        hint = 'inside { } and [ ] quote variables, like "${NAME}"'
    elif "alias" in problem:
        hint = "define the anchor (&name) before it is used (*name)"
    return f"this is not YAML: {problem}", hint, position


def _is_null(node: yaml.Node) -> bool:
    plain = isinstance(node, yaml.ScalarNode) and not node.style  # None or "", by the parser in use
    return plain and node.value in ("", "~", "null", "Null", "NULL")


def _is_merge(key: yaml.Node) -> bool:
    return isinstance(key, yaml.ScalarNode) and key.value == "<<" and not key.style


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


@dataclass(slots=True)
class _Reader:
    source: Source
    values: int = 0
    open_nodes: list[int] = field(default_factory=list)

    def value(self, node: yaml.Node, path: Path) -> Any:
        position = (node.start_mark.line + 1, node.start_mark.column + 1)
        self._guard(node, path, position)
        self.source.positions.setdefault(path, position)
        if node.tag not in _TAGS:
            fault = f"the tag {node.tag.removeprefix('tag:yaml.org,2002:')!r} is not allowed"
            self.source.faults.append((path, position, fault, "write the value without a tag"))
            return None
        self.open_nodes.append(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, path)
            if isinstance(node, yaml.SequenceNode):
                return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
            return None if _is_null(node) else node.value
        finally:
            self.open_nodes.pop()

    def _guard(self, node: yaml.Node, path: Path, position: Position) -> None:
        self.values += 1
        if self.values > MOST_VALUES:
            raise Unreadable(f"the file holds more than {MOST_VALUES:,} values", "name fewer anchors again", position)
        if id(node) in self.open_nodes:
            raise Unreadable("an alias refers to something that contains it", "write the value out instead", position)
        if len(path) > DEEPEST:
            raise Unreadable(f"values are nested more than {DEEPEST} deep", "close the brackets", position)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for part in self._merged(node, path):  # first, so that the places of keys written here win
            merged = part | merged
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            position = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if not isinstance(key_node, yaml.ScalarNode):
                self.source.faults.append((path, position, "a key must be text", "quote it if it has brackets"))
            elif _is_merge(key_node):
                continue
            elif key_node.value in result:
                first = self.source.positions[*path, key_node.value][0]
                fault = f"{key_node.value!r} stands here a second time (first on line {first})"
                self.source.faults.append(((*path, key_node.value), position, fault, "keep one of the two"))
            else:
                result[key_node.value] = self._member(key_node, value_node, path)
        return merged | result

    def _member(self, key_node: yaml.ScalarNode, value_node: yaml.Node, path: Path) -> Any:
        """A value in a mapping stands where its key does: that is the line people look for."""
        inner = (*path, key_node.value)
        self.source.positions[inner] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
        return self.value(value_node, inner)

    def _merged(self, node: yaml.MappingNode, path: Path) -> Iterator[dict[str, Any]]:
        """The mappings named by ``<<``, in order; an earlier one wins."""
        named = [value for key, value in node.value if _is_merge(key)]
        for part in [part for value in named for part in (value.value if value.id == "sequence" else [value])]:
            if isinstance(part, yaml.MappingNode) and id(part) not in self.open_nodes:
                yield self.value(part, path)
            else:
                position = (part.start_mark.line + 1, part.start_mark.column + 1)
                self.source.faults.append((path, position, "'<<' must name a mapping", "like '<<: *name'"))
