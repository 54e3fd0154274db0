"""Reading the Cookie header so that nobody reads it differently: what is ambiguous is said to be so, never repaired."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

MOST_COOKIES: Final = 200
"""Browsers keep at most 180 for a site."""
LONGEST_HEADER: Final = 65_536
"""Characters over all Cookie headers of a request."""

_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"')


def parse_cookies(header_values: Sequence[str]) -> tuple[tuple[tuple[str, str], ...], bool]:
    """All cookies in order, duplicates and quotes kept, and whether anything in the headers is ambiguous.

    Ambiguous, so that no credential among them may count (RFC 6265bis; docs/attacks.md, 85 to 88): a part without a name,
    a name that begins with ``$`` (the syntax of RFC 2965), a value whose quotes do not close before its semicolon,
    control characters, and more or longer cookies than any browser sends (then nothing is parsed). Only spaces and tabs
    are trimmed: other white space is part of a name.

    Args:
        header_values: each Cookie header of the request, decoded as Latin-1; HTTP/2 may bring several.
    """
    if sum(map(len, header_values)) > LONGEST_HEADER:
        return (), True
    parts = [part.strip(" \t") for value in header_values for part in value.split(";")]
    pairs = [part.partition("=") for part in parts if part]
    if len(pairs) > MOST_COOKIES:
        return (), True
    cookies = tuple((name.rstrip(" \t"), value.lstrip(" \t")) for name, _, value in pairs)
    named = all(equals for _, equals, _ in pairs)
    return cookies, not (named and all(_plain(name, value) for name, value in cookies))


def any_spelling(name: str, byte: str = ".") -> str:
    r"""Regular expression, without regard to case, for ``name`` as applications may come to read it.

    They fold case, read ``.`` and blanks as ``_``, and decode ``%5F``. ``byte`` is how the engine writes any character:
    RE2 needs ``\C``, because a dot does not match what is not UTF-8.
    """
    return "".join(_any_spelling(character, byte) for character in name)


def _any_spelling(character: str, byte: str) -> str:
    if not character.isalpha():
        return byte + "{1,3}"
    upper, lower = (f"{ord(case):02x}" for case in (character.upper(), character.lower()))
    return f"(?:{character}|%[{upper[0]}{lower[0]}]{upper[1]})"


def _plain(name: str, value: str) -> bool:
    if not name or name.startswith("$") or _CONTROL.search(name) or _CONTROL.search(value):
        return False
    return not value.startswith('"') or _QUOTED.fullmatch(value) is not None
