"""What the children write, passed on line by line: with a name in front in text, every line a JSON object in JSON."""

from __future__ import annotations

import io
import json
import sys
from contextlib import suppress
from typing import BinaryIO

from doorward.journal import Format, redact, single_line

_NAME_WIDTH = 8
_LONGEST_LINE = 65_536


class Output:
    """Standard error of the whole door. Losing it (a closed terminal, a dead pipe) stops nobody."""

    def __init__(self, form: Format, *, stream: BinaryIO | None = None, colour: bool = False) -> None:
        self._form = form
        self._stream = sys.stderr.buffer if stream is None else stream
        self._colour = colour

    def line(self, name: str, text: str, *, escape: bool = True) -> None:
        """Write one line of the process called ``name``; ``text`` has no line break.

        ``escape`` is for a program that logs control characters as they are. Ours does not, and colours on purpose.
        """
        rendered = self._json(name, text) if self._form == "json" else self._text(name, text, escape=escape)
        with suppress(OSError, ValueError):
            self._stream.write(rendered.encode("utf-8", "backslashreplace") + b"\n")
            self._stream.flush()

    def _json(self, name: str, text: str) -> str:
        return text if _is_object(text) else json.dumps({"level": "info", "event": redact(text), "logger": name})

    def _text(self, name: str, text: str, *, escape: bool) -> str:
        kept = redact(text)
        return f"{self._label(name)} {single_line(kept) if escape else kept}"

    def _label(self, name: str) -> str:
        label = f"{name:<{_NAME_WIDTH}} |"
        return f"\x1b[2m{label}\x1b[0m" if self._colour else label


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


class Lines:
    """Cuts the bytes of one child into lines for :class:`Output`."""

    def __init__(self, name: str, output: Output, *, escape: bool) -> None:
        self._name = name
        self._output = output
        self._escape = escape
        self._rest = b""

    def feed(self, data: bytes) -> None:
        *whole, self._rest = (self._rest + data).split(b"\n")
        for line in whole:
            self._pass(line)
        while len(self._rest) > _LONGEST_LINE:
            self._pass(self._rest[:_LONGEST_LINE])
            self._rest = self._rest[_LONGEST_LINE:]

    def finish(self) -> None:
        """The child has ended; what it began to write is its last line."""
        if self._rest:
            self._pass(self._rest)
            self._rest = b""

    def _pass(self, line: bytes) -> None:
        text = line.rstrip(b"\r").decode("utf-8", "backslashreplace")
        self._output.line(self._name, text, escape=self._escape)


class OwnLines(io.TextIOBase):
    """The supervisor's own log as one more process of the output."""

    def __init__(self, name: str, output: Output) -> None:
        self._lines = Lines(name, output, escape=False)

    def write(self, text: str) -> int:
        self._lines.feed(text.encode("utf-8", "backslashreplace"))
        return len(text)
