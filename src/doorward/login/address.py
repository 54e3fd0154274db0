"""Which of our hosts is asked, what counts as one client, and paths that are safe to send somebody to."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import Final
from urllib.parse import quote, unquote

from doorward.access.address import host_name
from doorward.access.snapshot import Snapshot
from doorward.applications import Application
from doorward.resumption import kept_id

CLIENT_ADDRESS: Final = "x-doorward-client-address"
"""Set by our Envoy on every request; a copy that a client sent was removed before."""
LONGEST_PATH: Final = 4096
"""Characters of path and query that anybody is sent back to; anything longer leads to ``/``."""

_STOP: Final = re.compile(r"/cdn-cgi/access/walk\?[A-Za-z0-9%&=._~-]{1,2000}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_PATH_SAFE: Final = "/%:@!$&'()*+,;=~-._"
_QUERY_SAFE: Final = _PATH_SAFE + "?[]{}|^`"


@dataclass(frozen=True, slots=True)
class TeamDomain:
    """The login host of the organization."""

    host: str


@dataclass(frozen=True, slots=True)
class ApplicationHost:
    """A host name that one or more applications cover, wholly or below some path."""

    host: str
    applications: tuple[Application, ...]
    """Each once, the one with the most specific path first."""


Asked = TeamDomain | ApplicationHost


def asked_host(authority: str, snapshot: Snapshot) -> Asked | None:
    """Which of our hosts a Host header names; None for any other. The team domain wins over a wildcard that covers it."""
    host = host_name(authority)
    if host is None:
        return None
    if host == snapshot.organization.auth_domain:
        return TeamDomain(host)
    applications = applications_on(host, snapshot)
    return ApplicationHost(host, applications) if applications else None


def applications_on(host: str, snapshot: Snapshot) -> tuple[Application, ...]:
    """Every application that covers something on this host, each once, most specific first."""
    found = {application.id: application for _, application in snapshot.applications.ordered(host)}
    return tuple(found.values())


def address_bucket(address: IPv4Address | IPv6Address | None) -> str:
    """What counts as one client for limits: an IPv4 address, or the /64 that an IPv6 subscriber gets as a whole."""
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address.packed[:8] + bytes(8), 64)))
    return str(address) if address is not None else "unknown"


def safe_path(raw: str) -> str:
    """Rebuild a path with query from its parts so that it can only mean a place on the host it is appended to.

    The answer begins with exactly one slash, holds no control character, white space, backslash or fragment, and never
    leads into ``/cdn-cgi/``, where our own endpoints could send the visitor round in circles. Whatever cannot be
    read that way becomes ``/`` (docs/attacks.md, 94).
    """
    if len(raw) > LONGEST_PATH or _CONTROL.search(raw):
        return "/"
    if kept_id(raw) or _STOP.fullmatch(raw):
        return raw  # what a login may lead to of our own: ``login.resume``, ``login.walk``
    path, _, query = raw.partition("#")[0].partition("?")
    if not path.startswith("/") or path.startswith("//") or "\\" in path or re.search(r"\s", path):
        return "/"
    if _reserved(path):
        return "/"
    rebuilt = quote(path, safe=_PATH_SAFE)
    return f"{rebuilt}?{quote(query, safe=_QUERY_SAFE)}" if query else rebuilt


def _reserved(path: str) -> bool:
    """True for ``/cdn-cgi`` and below, also behind dot segments and escapes, which browsers resolve before they ask."""
    plain = "/" + posixpath.normpath(unquote(path)).lstrip("/").lower()
    return plain == "/cdn-cgi" or plain.startswith("/cdn-cgi/")
