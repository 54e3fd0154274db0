"""All applications, arranged so that the one a request is for is found at once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from doorward.applications.application import Application
from doorward.applications.pattern import Pattern

Place = tuple[Pattern, Application]
TAG: Final = 16
"""Characters of an audience tag that name an application where nothing depends on it."""


@dataclass(frozen=True, slots=True, repr=False)
class Applications:
    """Immutable; built once per snapshot with :meth:`of`."""

    _all: tuple[Application, ...]
    _by_id: Mapping[str, Application]
    _by_aud: Mapping[str, Application]
    _by_tag: Mapping[str, Application]
    _exact: Mapping[str, tuple[Place, ...]]
    """Host name → its patterns, most specific first."""
    _wildcards: tuple[Place, ...]
    """Patterns with a wildcard in the host, most specific first."""
    _by_ending: Mapping[str, tuple[Place, ...]]
    """The same, by the labels behind the last label with a wildcard: ``*.example.com`` stands under ``example.com``."""

    @classmethod
    def of(cls, applications: Iterable[Application]) -> Applications:
        """Build the index.

        Raises:
            ValueError: two applications have the same id, the same audience tag or the same pattern, so that which one
                decides would be an accident.
        """
        every = tuple(applications)
        places = sorted(
            ((pattern, application) for application in every for pattern in application.patterns),
            key=lambda place: place[0].specificity,
        )
        _refuse_twins(every, places)
        exact: defaultdict[str, list[Place]] = defaultdict(list)
        endings: defaultdict[str, list[Place]] = defaultdict(list)
        for place in places:
            host = place[0].host
            (exact[host] if place[0].exact_host else endings[_ending(host)]).append(place)
        return cls(
            _all=every,
            _by_id={application.id: application for application in every},
            _by_aud={application.aud: application for application in every},
            _by_tag=_by_beginning(every),
            _exact={host: tuple(found) for host, found in exact.items()},
            _wildcards=tuple(place for place in places if not place[0].exact_host),
            _by_ending={ending: tuple(found) for ending, found in endings.items()},
        )

    def match(self, host: str, path: str) -> Application | None:
        """The application for a canonical host and path (without query), or None.

        An exact host goes before a wildcard, then the most specific path wins, and it alone: nothing is inherited from
        the patterns above it (access.md 7.6).
        """
        found = self.place(host, path)
        return found[1] if found is not None else None

    def place(self, host: str, path: str) -> Place | None:
        """What :meth:`match` finds, with the pattern by which it is found."""
        return next((place for place in self.ordered(host) if place[0].matches_path(path)), None)

    def ordered(self, host: str) -> tuple[Place, ...]:
        """Every pattern that can apply to this one host name, most specific first."""
        wildcards = [
            place
            for ending in _endings(host)
            for place in self._by_ending.get(ending, ())
            if place[0].matches_host(host)
        ]
        wildcards.sort(key=lambda place: place[0].specificity)
        return (*self._exact.get(host, ()), *wildcards)

    def wildcards(self) -> tuple[Place, ...]:
        """The patterns with a wildcard in the host, most specific first."""
        return self._wildcards

    @property
    def exact_hosts(self) -> frozenset[str]:
        """The host names that patterns name without a wildcard."""
        return frozenset(self._exact)

    def by_aud(self, aud: str) -> Application | None:
        """The application with this audience tag."""
        return self._by_aud.get(aud)

    def by_tag(self, beginning: str) -> Application | None:
        """The application whose audience tag begins with these :data:`TAG` characters; None when several do."""
        return self._by_tag.get(beginning)

    def by_id(self, application_id: str) -> Application | None:
        """The application with this id."""
        return self._by_id.get(application_id)

    def __iter__(self) -> Iterator[Application]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


def _by_beginning(applications: tuple[Application, ...]) -> dict[str, Application]:
    counted = Counter(application.aud[:TAG] for application in applications)
    return {application.aud[:TAG]: application for application in applications if counted[application.aud[:TAG]] == 1}


def _ending(host: str) -> str:
    return host.rpartition("*")[2].partition(".")[2]


def _endings(host: str) -> Iterator[str]:
    """``b.example.com``, ``example.com``, ``com`` and the empty ending for ``a.b.example.com``."""
    rest = host
    while rest:
        rest = rest.partition(".")[2]
        yield rest


def _refuse_twins(applications: tuple[Application, ...], places: list[Place]) -> None:
    _refuse_twin("id", ((application.id, application) for application in applications))
    _refuse_twin("aud", ((application.aud, application) for application in applications))
    _refuse_twin("domain", ((str(pattern), application) for pattern, application in places))


def _refuse_twin(what: str, named: Iterable[tuple[str, Application]]) -> None:
    seen: dict[str, Application] = {}
    for name, application in named:
        first = seen.setdefault(name, application)
        if first is not application:
            raise ValueError(
                f"the applications {first.name!r} and {application.name!r} have the same {what} {name}; change one of them"
            )
