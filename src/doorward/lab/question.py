"""A made-up request, and the person or program that would send it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import ClassVar, Final
from urllib.parse import SplitResult, quote, urlsplit

from doorward.errors import DoorwardError
from doorward.policy.learned import NOTHING_LEARNED, Learned
from doorward.service_tokens import ServiceToken

_SEGMENT: Final = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*")
_ENCODED: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]")
_WORD: Final = re.compile(r"[^\s\x00-\x1f\x7f-\x9f]+")
_METHOD: Final = re.compile(r"[A-Z]{1,20}")


class UnusableQuestion(DoorwardError):  # noqa: N818 - what is the case, as elsewhere in the tree of errors
    """What was asked cannot be a request that reaches the door's policies."""

    code: ClassVar[str] = "question"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes, in the form in which the door compares."""

    host: str
    """Lower case, without port and trailing dot."""
    path: str
    query: str


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person who is signed in."""

    email: str
    idp_id: str | None = None
    """None: the first identity provider that the application takes."""
    groups: tuple[str, ...] = ()
    """Each counts as a group of this id and name, and with an ``@`` of this address."""
    auth_methods: tuple[str, ...] = ()
    """``amr``."""
    claims: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    """Claims, or attributes where the provider speaks SAML."""


@dataclass(frozen=True, slots=True)
class Question:
    """One request, everything about it made up."""

    target: Target
    method: str = "GET"
    ip: IPv4Address | IPv6Address | None = None
    country: str | None = None
    visitor: Visitor | None = None
    """None: nobody is signed in."""
    service_token: ServiceToken | None = None
    """Whose client id and secret come along."""
    learned: Learned = NOTHING_LEARNED
    """What is reported about the visitor."""

    def __post_init__(self) -> None:
        if not _METHOD.fullmatch(self.method):
            raise UnusableQuestion(f"{self.method!r} is not a method; write it like GET")


def read_target(url: str) -> Target:
    """Read ``https://host/path?query``; without a scheme as well.

    The path must be as the door sees it: it compares paths after dots and doubled slashes were resolved, and which way
    that goes is not repeated here.

    Raises:
        UnusableQuestion: no address of a web page, or a path that the door would change or refuse.
    """
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        host = (parts.hostname or "").lower().removesuffix(".")
        _ = parts.port
    except ValueError:
        parts, host = SplitResult("", "", "", "", ""), ""
    if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc or not _WORD.fullmatch(url):
        raise UnusableQuestion(f"{url!r} is not a web address; write it like https://wiki.example.com/page")
    path = quote(parts.path or "/", safe="/%!$&'()*+,;=:@~")
    for segment in path[1:].split("/"):
        _check_segment(segment, path)
    if "//" in path:
        raise UnusableQuestion(f"the path {path!r} has an empty segment; write single slashes, as the door sees them")
    return Target(host, path, parts.query)


def _check_segment(segment: str, path: str) -> None:
    if segment in {".", ".."} or not _SEGMENT.fullmatch(segment):
        raise UnusableQuestion(f"the path {path!r} cannot be compared because of {segment!r}; write it resolved")
    for code in _ENCODED.findall(segment):
        meant = chr(int(code, 16))
        if meant in "/\\":
            raise UnusableQuestion(f"the door refuses a path with %{code}; there is nothing to decide about {path!r}")
        if _UNRESERVED.fullmatch(meant):
            raise UnusableQuestion(
                f"the path {path!r} has %{code} for {meant!r}; write the letter, as the door sees it"
            )
