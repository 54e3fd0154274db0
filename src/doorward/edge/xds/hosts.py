"""Which virtual hosts there are, and what each one covers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

from envoy.config.route.v3.route_components_pb2 import HeaderMatcher

from doorward.access.snapshot import Snapshot
from doorward.applications import Application, Pattern
from doorward.edge.xds.origins import Part, authority, parts, serves
from doorward.edge.xds.wire import header_is
from doorward.organization import Ingress

ANY_HOST: Final = "*"
_NO_NAME: Final = "[^\\s\\S]"


@dataclass(frozen=True, slots=True)
class Covered:
    """A part of an application: a pattern, what narrows it down, and the origin that serves it."""

    pattern: Pattern
    application: Application
    part: Part
    host: tuple[HeaderMatcher, ...] = ()
    """On the virtual host of unknown names: which names the pattern covers."""


def exact_hosts(snapshot: Snapshot) -> list[str]:
    """Every host name that is spelled out somewhere, except the team domain's."""
    served = {entry.hostname for entry in snapshot.ingress if not entry.hostname.startswith("*")}
    certified = set(snapshot.client_authorities.hosts)
    return sorted((snapshot.applications.exact_hosts | served | certified) - {snapshot.organization.auth_domain, ""})


@dataclass(frozen=True, slots=True)
class Origins:
    """Ingress entries by the host names they serve, with their places in the order."""

    exact: Mapping[str, Sequence[tuple[int, Ingress]]]
    wildcards: Sequence[tuple[int, Ingress]]

    @classmethod
    def of(cls, ingress: Sequence[Ingress]) -> Origins:
        exact: defaultdict[str, list[tuple[int, Ingress]]] = defaultdict(list)
        for place, entry in enumerate(ingress):
            if not entry.hostname.startswith("*"):
                exact[entry.hostname].append((place, entry))
        wildcards = [(place, entry) for place, entry in enumerate(ingress) if entry.hostname.startswith("*")]
        return cls(exact, wildcards)

    def serving(self, host: str) -> list[Ingress]:
        """The entries that may serve ``host`` (or :data:`ANY_HOST`: a name not spelled out), in order."""
        if host == ANY_HOST:
            return [entry for _, entry in self.wildcards]
        fitting = (numbered for numbered in self.wildcards if serves(numbered[1], host))
        return [entry for _, entry in sorted((*self.exact.get(host, ()), *fitting), key=itemgetter(0))]


def covered(snapshot: Snapshot, origins: Origins, host: str) -> Iterator[Covered]:
    """What applications cover of ``host`` (or of :data:`ANY_HOST`: all names not spelled out), most specific first."""
    ingress = origins.serving(host)
    for pattern, application in _patterns(snapshot, host):
        named = _names(pattern) if host == ANY_HOST else ()
        for part in parts(pattern.path, ingress, any_host=host == ANY_HOST):
            yield Covered(pattern, application, part, named)


def wildcard_names(snapshot: Snapshot) -> Iterator[tuple[HeaderMatcher, ...]]:
    """Conditions on the host, one for each wildcard that some application or, where it counts alone, an origin has."""
    for host_regex in dict.fromkeys(pattern.host_regex for pattern, _ in snapshot.applications.wildcards()):
        yield (header_is(":authority", authority(host_regex or _NO_NAME)),)


def divided(snapshot: Snapshot, host: str) -> bool:
    """True when what decides about ``host`` (or some name of :data:`ANY_HOST`) depends on the path."""
    return any(pattern.path for pattern, _ in _patterns(snapshot, host))


def uncovered(snapshot: Snapshot, origins: Origins, host: str) -> Iterator[Part]:
    """What is left of ``host``. Nobody serves it unless the organization lets unmatched requests through.

    Among all the names that are not spelled out some may be let through and others not; the control plane is asked about
    each, and says which.
    """
    organization = snapshot.organization
    some = host == ANY_HOST and organization.deny_unmatched_requests_exempted_zone_names
    if organization.denies_unmatched(host) and not some:
        yield Part(None)
    else:
        yield from parts("", origins.serving(host), any_host=host == ANY_HOST)


def _patterns(snapshot: Snapshot, host: str) -> Sequence[tuple[Pattern, Application]]:
    return snapshot.applications.wildcards() if host == ANY_HOST else snapshot.applications.ordered(host)


def _names(pattern: Pattern) -> tuple[HeaderMatcher, ...]:
    """Which of the names on the virtual host of unknown names a pattern with a wildcard host covers."""
    return (header_is(":authority", authority(pattern.host_regex or _NO_NAME)),)
