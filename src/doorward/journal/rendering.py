"""How an event becomes a line. Nothing inside a value can end the line, move the cursor or read as another event."""

from __future__ import annotations

import json
import re

from structlog.typing import EventDict, WrappedLogger

_LEVEL_COLOURS = {"debug": "2", "info": "32", "warning": "33", "error": "31", "critical": "31"}

# C0, DEL and C1 controls, line and paragraph separators, direction overrides, zero-width and tag characters,
# lone surrogates.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
_SEVERAL_LINES = ("exception", "advice")
"""The fields that are texts of several lines by nature."""
_BARE = re.compile(r"[^\s\"'=\\]+\Z")


def single_line(text: str) -> str:
    """The text with every character that could end the line, or deceive its reader, spelled out as an escape."""
    return _UNSAFE.sub(lambda match: match.group().encode("unicode_escape").decode("ascii"), text)


def json_order(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A structlog processor: what a reader looks for first comes first."""
    first = ("timestamp", "level", "event", "logger", "request_id")
    return {key: event[key] for key in first if key in event} | dict(event)


class Text:
    """``2026-11-24T22:14:12.910905Z warning  What happened. key=value``; a traceback follows on marked lines."""

    def __init__(self, *, colour: bool) -> None:
        self._colour = colour

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> str:
        fields = dict(event)
        moment, level = str(fields.pop("timestamp", "")), str(fields.pop("level", ""))
        message = single_line(str(fields.pop("event", "")))
        below = "".join(_marked(fields.pop(key)) for key in _SEVERAL_LINES if fields.get(key))
        if str(fields.get("logger", "")).startswith("doorward"):
            del fields["logger"]  # ours say in words what they are about; a library's line needs its name
        shown = "".join(f" {self._paint('2', f'{single_line(key)}=')}{_value(item)}" for key, item in fields.items())
        name = self._paint(_LEVEL_COLOURS.get(level, "0"), f"{level:<8}")
        return f"{self._paint('2', moment)} {name} {message}{shown}{below}"

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text


def _value(value: object) -> str:
    """A word as it is; anything with a blank, a quote or an equals sign in it as a JSON string."""
    if isinstance(value, str) and _BARE.match(value):
        return single_line(value)
    return single_line(json.dumps(value, ensure_ascii=False, default=str))


def _marked(text: object) -> str:
    """Lines under the line. Each is marked, so that no message inside can pass for a line of the log."""
    return "".join(f"\n    | {single_line(line)}" for line in str(text).splitlines())
