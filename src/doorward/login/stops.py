"""Which hosts a walk leads through, and how it is written into addresses. Pure.

An address of a walk proves nothing and need not: whatever stands in it leads to hosts of one application and to paths that
any link may name. Each stop asks the team domain, which asks nobody but the session.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import parse_qsl

from doorward.access.snapshot import Snapshot
from doorward.applications import Application
from doorward.login.address import applications_on, safe_path
from doorward.login.answers import PREFIX, application_url, query_string
from doorward.organization import Organization

MOST_STOPS: Final = 9
"""Ten host names with the first. The documentation calls more unreliable; they get their cookie at their first visit."""
LONGEST: Final = 2000
"""Characters of a stop's address; it stands in a signed link several times over."""
_PATH: Final = PREFIX + "/walk"
_STEP: Final = re.compile(r"[0-9]{1,2}")


@dataclass(frozen=True, slots=True)
class Walk:
    """Where a walk is."""

    aud: str
    home: str
    """The host where the login began, and where it ends."""
    path: str
    """Path and query there."""
    step: int
    """How many stops have been looked at."""

    def at(self, step: int) -> Walk:
        return replace(self, step=step)

    @property
    def path_here(self) -> str:
        """Path and query of the stop's address."""
        return _PATH + query_string(
            {"kid": self.aud, "to": self.home, "redirect_url": self.path, "step": str(self.step)}
        )

    @property
    def short_enough(self) -> bool:
        return len(self.path_here) <= LONGEST


def stops(application: Application, snapshot: Snapshot, home: str) -> tuple[str, ...]:
    """The other hosts that get a cookie, in the order in which the application lists them.

    None with a wildcard: which names there are is not known. None that other applications share, unless each has a
    cookie for its own path: one would take away the other's.
    """
    hosts = dict.fromkeys(pattern.host for pattern in application.patterns if pattern.exact_host)
    shared = application.path_cookie_attribute
    found = (
        host
        for host in hosts
        if host not in {home, snapshot.organization.auth_domain}
        and (shared or len(applications_on(host, snapshot)) == 1)
    )
    return tuple(found)[:MOST_STOPS]


def read_walk(values: Mapping[str, str], snapshot: Snapshot) -> Walk | None:
    """The walk in the parameters of a stop's address; None: they do not name one."""
    aud, home = values.get("kid", ""), values.get("to", "")
    application = snapshot.application(aud)
    if application is None or not any(pattern.matches_host(home) for pattern in application.patterns):
        return None
    if home == snapshot.organization.auth_domain or not _STEP.fullmatch(values.get("step", "")):
        return None
    return Walk(aud, home, safe_path(values.get("redirect_url", "")), int(values["step"]))


def walk_of(path: str, snapshot: Snapshot) -> Walk | None:
    """The walk that a login was for, by where it leads; None: it was for a page."""
    place, _, query = path.partition("?")
    if place != _PATH:
        return None
    return read_walk(dict(parse_qsl(query)), snapshot)


def stop_url(organization: Organization, host: str, walk: Walk) -> str:
    return application_url(organization, host, walk.path_here)


def home_url(organization: Organization, walk: Walk) -> str:
    return application_url(organization, walk.home, walk.path)
