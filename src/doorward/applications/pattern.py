"""``host/path`` patterns: what an application covers (access.md 7.6).

Host: each ``*`` stands for characters of one label, at most one in a label. ``*.example.com`` is every name one level
below, never ``example.com`` itself. Path: ``*`` spans segments, at most one in a segment. A path whose last segment
has no ``*`` also covers everything below it, in whole segments: ``/a`` is ``/a`` and ``/a/b``, never ``/ab``.
Host names are compared as they are, lower case; paths with regard to case. A query takes no part. ``:``, ``@`` and the
other reserved characters that a segment may hold mean the same percent-encoded: servers decode them, so ``/x%3Aadmin`` is
``/x:admin`` here too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_LABEL: Final = re.compile(r"[a-z0-9_-]+")
_LABEL_PATTERN: Final = re.compile(r"[a-z0-9_-]*\*?[a-z0-9_-]*")
_SEGMENT: Final = re.compile(r"[A-Za-z0-9._~!$&'()+,=:@-]*\*?[A-Za-z0-9._~!$&'()+,=:@-]*")
_RESERVED: Final = "!$&'()+,:=@"
"""Reserved characters of a segment (RFC 3986, sub-delims, ``:`` and ``@``). Envoy decodes the unreserved ones only."""
_ENCODED: Final = re.compile("%(?:" + "|".join(f"{ord(character):02X}" for character in _RESERVED) + ")", re.IGNORECASE)
_LONGEST_HOST: Final = 253
_LONGEST_LABEL: Final = 63

Specificity = tuple[int, int, int, int, int, str, str]
"""Sorts the most specific pattern first: see :attr:`Pattern.specificity`."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One ``host/path`` of an application. Make it with :meth:`parse`."""

    host: str
    """Lower case; may hold wildcards."""
    path: str
    """Begins with a slash and does not end with one; may hold wildcards. Empty: the whole host."""

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Read ``host`` or ``host/path``. ``/`` and ``/*`` mean the whole host.

        Raises:
            ValueError: not a pattern; the sentence says what would be one.
        """
        host, slash, rest = text.partition("/")
        return cls(_parse_host(host.lower(), text), _parse_path(slash + rest, text))

    def __str__(self) -> str:
        return self.host + self.path

    @property
    def exact_host(self) -> bool:
        """True without a wildcard in the host."""
        return "*" not in self.host

    @property
    def specificity(self) -> Specificity:
        """Sort key, most specific first, for patterns that cover the same request.

        An exact host, then fewer wildcards, then more letters. Then the path that says more before its first wildcard, so
        that what ``/admin`` closes ``/*.css`` cannot open; then more letters in all; then no wildcard.
        """
        return (
            self.host.count("*"),
            -len(self.host.replace("*", "")),
            -len(self.path.partition("*")[0]),
            -len(self.path.replace("*", "")),
            self.path.count("*"),
            self.host,
            self.path,
        )

    def matches(self, host: str, path: str) -> bool:
        """True when this pattern covers the canonical ``host`` and the canonical ``path`` (which has no query)."""
        return self.matches_host(host) and self.matches_path(path)

    def matches_host(self, host: str) -> bool:
        """True for a canonical host name that this pattern covers. A name in any other spelling is covered by none."""
        if self.exact_host:
            return host == self.host
        wanted, labels = self.host.split("."), host.split(".")
        return len(wanted) == len(labels) and all(map(_label_matches, wanted, labels))

    def matches_path(self, path: str) -> bool:
        """True for a canonical path, without query, that this pattern covers."""
        if not path.startswith("/"):
            return False
        path = _ENCODED.sub(lambda found: chr(int(found.group()[1:], 16)), path)
        literals = self.path.split("*")
        if self._covers_below:
            literals[-1:] = [literals[-1] + "/", ""]
            path += "/"
        return _glob(literals, path)

    @property
    def _covers_below(self) -> bool:
        return "*" not in self.path.rpartition("/")[2]

    @property
    def plain_path(self) -> bool:
        """True when comparing whole segments to the letter says the same as :attr:`path_regex`."""
        return not any(character in self.path for character in "*" + _RESERVED)

    @property
    def host_regex(self) -> str | None:
        """RE2, for a full match of the host without port; None for an exact host."""
        if self.exact_host:
            return None
        return r"\.".join(map(_label_regex, self.host.split(".")))

    @property
    def path_regex(self) -> str | None:
        """RE2, for a full match of the path without query; None for the whole host."""
        if not self.path:
            return None
        regex = "(?s:.*)".join(map(_path_literal, self.path.split("*")))
        return regex + "(?:/(?s:.*))?" if self._covers_below else regex


def _path_literal(literal: str) -> str:
    """RE2 for a literal part of a path, its reserved characters in either spelling."""
    return "".join(f"(?:{re.escape(c)}|(?i:%{ord(c):02X}))" if c in _RESERVED else re.escape(c) for c in literal)


def _glob(literals: list[str], text: str) -> bool:
    """True when the literals stand in the text in this order, the first at its start and the last at its end."""
    first, *middle, last = literals
    if not text.startswith(first):
        return False
    at = len(first)
    for literal in middle:
        found = text.find(literal, at)
        if found < 0:
            return False
        at = found + len(literal)
    return text.endswith(last) and len(text) - len(last) >= at


def _label_matches(wanted: str, label: str) -> bool:
    if "*" not in wanted:
        return label == wanted
    return _LABEL.fullmatch(label) is not None and _glob(wanted.split("*"), label)


def _label_regex(label: str) -> str:
    if label == "*":
        return "[a-z0-9_-]+"
    return "[a-z0-9_-]*".join(map(re.escape, label.split("*")))


def _parse_host(host: str, text: str) -> str:
    if host == "*" or not host:
        raise ValueError(f"{text!r} names no host; write it like app.example.com or *.example.com")
    if len(host) > _LONGEST_HOST or not all(_is_label(label) for label in host.split(".")):
        raise ValueError(
            f"{host!r} is not a host name; write it like app.example.com, without scheme, port and trailing dot, "
            "with at most one * between two dots, and other than ASCII letters in their xn-- form"
        )
    return host


def _is_label(label: str) -> bool:
    return 0 < len(label) <= _LONGEST_LABEL and _LABEL_PATTERN.fullmatch(label) is not None


def _parse_path(path: str, text: str) -> str:
    path = path.removesuffix("/")
    if path in {"", "/*"}:
        return ""
    for segment in path[1:].split("/"):
        if segment in {"", ".", ".."} or not _SEGMENT.fullmatch(segment):
            raise ValueError(
                f"the path of {text!r} cannot be matched because of {segment!r}; write it like example.com/a/b or "
                "example.com/a*/b, with at most one * between two slashes, without query, fragment, dot segments and "
                "percent-encoding"
            )
    return path
