"""Which origin serves a path of a pattern: ingress entries in order, first match wins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from envoy.config.route.v3.route_components_pb2 import HeaderMatcher
from envoy.type.matcher.v3.string_pb2 import StringMatcher

from doorward.edge.xds.wire import header_is, regex
from doorward.organization import Ingress


@dataclass(frozen=True, slots=True)
class Part:
    """A part of what a pattern covers, by the origin that serves it."""

    ingress: Ingress | None
    """None: nobody serves this part."""
    conditions: tuple[HeaderMatcher, ...] = ()
    """What narrows the pattern down to this part, given that no earlier part matched."""


def serves(entry: Ingress, host: str) -> bool:
    """True when the entry is for this host name; ``*.`` stands for one or more labels, as in cloudflared."""
    if entry.hostname.startswith("*"):
        return host.endswith(entry.hostname[1:])
    return host == entry.hostname


def parts(path: str, ingress: Iterable[Ingress], *, any_host: bool = False) -> Iterator[Part]:
    """The parts of a pattern's ``path`` in order; the last one has no conditions.

    ``any_host``: the entries' host names are still to be compared (on routes that serve unknown host names).
    """
    for entry in ingress:
        relation = _relation(path, entry.path.rstrip("/"))
        if relation is _Relation.APART:
            continue
        conditions = () if relation is _Relation.WITHIN else (_below(entry.path.rstrip("/")),)
        if any_host and entry.hostname != "*":
            conditions += (_named_like(entry.hostname),)
        yield Part(entry, conditions)
        if not conditions:
            return
    yield Part(None)


def authority(host_regex: str) -> StringMatcher:
    """A Host header that names such a host, with or without a port, in any case."""
    return regex(rf"(?i)(?:{host_regex})(?::[0-9]{{1,5}})?")


class _Relation(Enum):
    WITHIN = "all that the pattern's path covers is below the entry's path"
    APART = "nothing is"
    CROSSING = "some of it may be"


def _relation(path: str, prefix: str) -> _Relation:
    literal, wildcard, _ = path.partition("*")
    if not prefix or literal.startswith(prefix + "/") or (path == prefix and not wildcard):
        return _Relation.WITHIN
    beginning = literal if wildcard else path + "/"
    meet = prefix.startswith(beginning) or (wildcard and literal.startswith(prefix))
    return _Relation.CROSSING if meet else _Relation.APART


def _below(prefix: str) -> HeaderMatcher:
    return header_is(":path", regex(rf"{re.escape(prefix)}(?:[/?]\C*)?"))


def _named_like(hostname: str) -> HeaderMatcher:
    return header_is(":authority", authority(rf"(?:[a-z0-9_-]+\.)+{re.escape(hostname.removeprefix('*.'))}"))
