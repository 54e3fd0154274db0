"""The body of a browser's form as fields that another form can send again (HTML standard, "form submission").

A body is taken apart only as far as a browser could have put it together. What no form sends, or what would not come
out the same when a page of ours sends it, is refused: the visitor is told, rather than the application surprised.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from doorward.resumption.parts import Part, parts
from doorward.resumption.unreadable import UnreadableFormError

URL_ENCODED: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
PLAIN: Final = "text/plain"
FORM_TYPES: Final = frozenset({URL_ENCODED, MULTIPART, PLAIN})
"""What an HTML form can send."""
MOST_FIELDS: Final = 1000

_BOUNDARY: Final = re.compile(
    r'multipart/form-data\s*;\s*boundary=("?)([A-Za-z0-9\'()+_,./:=?-]{1,70})\1', re.IGNORECASE
)
_DISPOSITION: Final = re.compile(r'form-data; name="([^"\r\n]*)"(?:; filename="([^"\r\n]*)")?')
_ESCAPED: Final = (("%0D%0A", "\n"), ("%0D", "\n"), ("%0A", "\n"), ("%22", '"'))
"""How browsers write line ends and quotes in the names of a multipart form."""


@dataclass(frozen=True, slots=True)
class Field:
    """One entry of a form."""

    name: str
    value: str
    """Line ends as ``\\n``; of a file its name."""
    file: bool = False
    """A file. Its content is not here: no page can put a file into a form, the visitor has to choose it again."""


@dataclass(frozen=True, slots=True)
class Form:
    """All entries in order, and how they were sent."""

    type: str
    """One of :data:`FORM_TYPES`."""
    fields: tuple[Field, ...]

    @property
    def files(self) -> tuple[Field, ...]:
        """The files that were chosen; a field left empty is none."""
        return tuple(field for field in self.fields if field.file and field.value)


def media_type(content_type: str) -> str:
    """The type alone, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def read_form(content_type: str, body: bytes) -> Form:
    """Take a body apart.

    Raises:
        UnreadableFormError: it is not of a form, not in UTF-8, or would not come out the same.
    """
    kind = media_type(content_type)
    match kind:
        case "application/x-www-form-urlencoded":
            fields = _url_encoded(body)
        case "multipart/form-data":
            fields = _multipart(content_type, body)
        case "text/plain":
            fields = _plain(body)
        case _:
            raise UnreadableFormError(f"{kind[:60]!r} is not what a form sends.")
    for field in fields:
        if not field.name or "\x00" in field.name + field.value:
            raise UnreadableFormError("The form has a field without a name, or with a NUL in it.")
    return Form(kind, fields)


def _url_encoded(body: bytes) -> tuple[Field, ...]:
    if not body:
        return ()
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError as error:
        raise UnreadableFormError(
            "The form is not in UTF-8, has too many fields, or was not sent by a page."
        ) from error
    return tuple(Field(_lines(name), _lines(value)) for name, value in pairs)


def _plain(body: bytes) -> tuple[Field, ...]:
    """One ``name=value`` a line. A value of several lines looks like several fields, and is the same bytes again."""
    lines = _text(body).split("\r\n")
    if lines.pop() or len(lines) > MOST_FIELDS:
        raise UnreadableFormError("The form does not end with a line end, or has too many fields.")
    pairs = [line.partition("=") for line in lines]
    if not all(equals for _, equals, _ in pairs) or any("\r" in line or "\n" in line for line in lines):
        raise UnreadableFormError("The form has lines that are no fields.")
    return tuple(Field(name, value) for name, _, value in pairs)


def _multipart(content_type: str, body: bytes) -> tuple[Field, ...]:
    found = _BOUNDARY.fullmatch(content_type.strip())
    if found is None:
        raise UnreadableFormError("The form does not say where its parts begin.")
    boundary = found.group(2).encode()
    if body.rstrip(b"\r\n") == b"--" + boundary + b"--":  # a form without any field
        return ()
    return tuple(_part(part) for part in parts(boundary, body, MOST_FIELDS))


def _part(part: Part) -> Field:
    disposition = _text(part.headers.get("content-disposition", b""))
    found = _DISPOSITION.fullmatch(disposition)
    if found is None:
        raise UnreadableFormError("A part of the form does not say which field it is.")
    name, filename = found.groups()
    if filename is not None:
        return Field(_unescaped(name), filename.replace("%22", '"'), file=True)
    if "content-type" in part.headers:
        raise UnreadableFormError("A field of the form has a type, as no field of a page has.")
    return Field(_unescaped(name), _lines(_text(bytes(part.content))))


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise UnreadableFormError("The form is not in UTF-8.") from error


def _lines(text: str) -> str:
    """Line feeds alone, as a page holds line ends; browsers send a carriage return with each, whatever there was."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _unescaped(name: str) -> str:
    for escaped, plain in _ESCAPED:
        name = name.replace(escaped, plain)
    return name
