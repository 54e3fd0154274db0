"""The parts of a multipart body, one after the other (RFC 7578).

Nothing that a form sends is nested, so nothing nested is read: the first header that a part of a form does not have ends
the reading, and the work grows with the length of the body alone (docs/attacks.md, 127).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser

from doorward.resumption.unreadable import UnreadableFormError

HEADERS: Final = frozenset({"content-disposition", "content-type"})
"""What the part of a form may have, each once. No ``Content-Transfer-Encoding``: browsers send what there is."""
LONGEST_HEADER: Final = 4096
"""Bytes, so that those of a part are 8 KiB at most."""
_COMPOSED: Final = (b"multipart/", b"message/")


@dataclass(slots=True)
class Part:
    """One part, as it came."""

    headers: dict[str, bytes] = field(default_factory=dict)
    content: bytearray = field(default_factory=bytearray)


def parts(boundary: bytes, body: bytes, most: int) -> list[Part]:
    """The parts of a body; with nothing before the first and nothing after the last, as a browser sends it.

    Raises:
        UnreadableFormError: they are more than ``most``, or are not those of a form.
    """
    closing = b"\r\n--" + boundary + b"--"
    before, closed, after = body.partition(closing)
    if not before.startswith(b"--" + boundary + b"\r\n") or not closed or after.strip(b"\r\n"):
        raise _no_parts()
    reader = _Reader(most)
    try:
        reader.read(boundary, body)
    except MultipartParseError as error:
        raise _no_parts() from error
    if not reader.ended:
        raise _no_parts()
    return reader.parts


class _Reader:
    """What the parser calls with the pieces it found, in order."""

    def __init__(self, most: int) -> None:
        self.parts: list[Part] = []
        self.ended = False
        self._most = most
        self._name = b""
        self._value = b""

    def read(self, boundary: bytes, body: bytes) -> None:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_begin": self._begin_header,
                "on_header_field": self._read_name,
                "on_header_value": self._read_value,
                "on_header_end": self._end_header,
                "on_part_data": self._read_content,
                "on_end": self._end,
            },
            max_header_count=len(HEADERS),
            max_header_size=LONGEST_HEADER,
        )
        parser.write(body)

    def _begin_part(self) -> None:
        if len(self.parts) >= self._most:
            raise UnreadableFormError("The form has too many fields.")
        self.parts.append(Part())

    def _begin_header(self) -> None:
        self._name = self._value = b""

    def _read_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _read_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        name, headers = self._name.decode("ascii").lower(), self.parts[-1].headers
        composed = name == "content-type" and self._value.strip().lower().startswith(_COMPOSED)
        if name not in HEADERS or name in headers or composed:
            raise UnreadableFormError("A part of the form is not one that a browser makes.")
        headers[name] = self._value

    def _read_content(self, data: bytes, start: int, end: int) -> None:
        self.parts[-1].content += data[start:end]

    def _end(self) -> None:
        self.ended = True


def _no_parts() -> UnreadableFormError:
    return UnreadableFormError("The form does not consist of parts.")
