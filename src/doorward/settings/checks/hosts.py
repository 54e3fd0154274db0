"""Hostnames: which application has which, where their requests go, and which one is the door's own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from doorward.applications import Pattern
from doorward.settings.declared import Declared, Placed
from doorward.settings.file.ingress import IngressPart
from doorward.settings.problems import Report, Severity
from doorward.settings.source import Path
from doorward.settings.validation import sentence_and_hint

Claimed = dict[Pattern, tuple[Path, str]]
"""Pattern to where it is declared and by which application."""


def check_hosts(declared: Declared, report: Report) -> None:
    claimed = _patterns(declared, report)
    claimed = _team_domain(declared, claimed, report)
    _ingress(declared, report)
    if declared.complete("ingress"):  # else a broken entry may be the missing one
        _uncovered(declared, claimed, report)
    closed = declared.organization is None or declared.organization.deny_unmatched_requests
    if closed and declared.complete("applications"):
        _unprotected(declared, claimed, report)


def _patterns(declared: Declared, report: Report) -> Claimed:
    claimed: Claimed = {}
    for application in declared.applications:
        places = application.value.places()
        if not places:
            report.error((*application.path, "domain"), "'domain' is missing", "add 'domain: app.example.com'")
        for place, text in places:
            path = (*application.path, *place)
            try:
                pattern = Pattern.parse(text)
            except ValueError as error:
                report.error(path, *sentence_and_hint(str(error)))
                continue
            first, owner = claimed.setdefault(pattern, (path, application.value.name))
            if first[:2] != path[:2]:
                line = report.source.position(first)[0]
                message = f"{str(pattern)!r} belongs to the application {owner!r} already (line {line})"
                report.error(path, message, "an address can have one application only; remove it from one of the two")
    return claimed


def _team_domain(declared: Declared, claimed: Claimed, report: Report) -> Claimed:
    """What is left when the team domain's host is taken out."""
    if declared.organization is None:
        return claimed
    team = declared.organization.auth_domain
    for pattern, (path, _) in claimed.items():
        if pattern.host == team:
            message = f"{team!r} is organization.auth_domain, where people sign in"
            report.error(path, message, "give the application a hostname of its own")
    for placed in declared.ingress:
        if placed.value.hostname == team:
            message = f"{team!r} is organization.auth_domain, which has no origin"
            report.error((*placed.path, "hostname"), message, "remove this entry")
    return {pattern: claim for pattern, claim in claimed.items() if pattern.host != team}


def _ingress(declared: Declared, report: Report) -> None:
    earlier: dict[str, list[Placed[IngressPart]]] = defaultdict(list)
    for placed in declared.ingress:
        part = placed.value
        if part.catch_all:
            if part.hostname is not None or placed.path[-1] != declared.counts["ingress"] - 1:
                hint = "write '- service: http_status:404' without hostname as the last entry, or nothing at all"
                report.error((*placed.path, "service"), f"{part.service!r} is only possible as the last entry", hint)
        elif part.hostname is None:
            message = "'hostname' is missing: an origin for every hostname would open names nobody has thought of"
            report.error((*placed.path, "hostname"), message, "add 'hostname: …'")
        else:
            _reached(
                placed, part.hostname, [other for name in _wider(part.hostname) for other in earlier[name]], report
            )
            earlier[part.hostname].append(placed)


def _reached(placed: Placed[IngressPart], host: str, earlier: list[Placed[IngressPart]], report: Report) -> None:
    path = placed.value.path
    other = next((other for other in earlier if _below(path, other.value.path)), None)
    if other is not None:
        same = (other.value.hostname, other.value.path) == (host, path)
        line = report.source.position(other.path)[0]
        message = f"it is never reached: the entry on line {line} is tried first and takes all its requests"
        report.add(Severity.ERROR if same else Severity.WARNING, placed.path, message, "remove it, or move it up")


def _wider(host: str) -> list[str]:
    """The ingress names that take every request for ``host``; a leading ``*.`` takes any number of labels."""
    labels = host.removeprefix("*.").split(".")
    first = 0 if host.startswith("*.") else 1
    return list(dict.fromkeys([host, *("*." + ".".join(labels[cut:]) for cut in range(first, len(labels)))]))


def _below(path: str, prefix: str) -> bool:
    return not prefix or path == prefix or path.startswith(prefix + "/")


def _uncovered(declared: Declared, claimed: Claimed, report: Report) -> None:
    """Applications whose requests would have nowhere to go."""
    names = _origins(declared)
    for pattern, (path, _) in claimed.items():
        met = any(name in names for name in _wider(pattern.host)) if pattern.exact_host else _any(pattern, names)
        if not met:
            hint = f"add '- hostname: {pattern.host}' with its service under 'ingress:'"
            report.error(path, f"there is no origin for {pattern.host!r}", hint)


def _unprotected(declared: Declared, claimed: Claimed, report: Report) -> None:
    """Origins that no application stands before: closed, and surely forgotten."""
    exact = {pattern.host for pattern in claimed if pattern.exact_host}
    wild = [pattern for pattern in claimed if not pattern.exact_host]
    for name, path in _origins(declared).items():
        if name in exact or any(_meet(pattern, name) for pattern in wild):
            continue
        if name.startswith("*.") and any(host.endswith(name[1:]) for host in exact):
            continue
        if any(f".{name}".endswith(f".{zone}") for zone in _exempted(declared)):
            continue
        hint = f"add an application with 'domain: {name}', or remove this entry"
        report.warning((*path, "hostname"), f"no application covers {name!r}, so it is closed", hint)


def _exempted(declared: Declared) -> tuple[str, ...]:
    organization = declared.organization
    return organization.deny_unmatched_requests_exempted_zone_names if organization is not None else ()


def _origins(declared: Declared) -> dict[str, Path]:
    entries = [placed for placed in declared.ingress if not placed.value.catch_all]
    return {placed.value.hostname: placed.path for placed in reversed(entries) if placed.value.hostname is not None}


def _any(pattern: Pattern, names: Iterable[str]) -> bool:
    return any(_meet(pattern, name) for name in names)


def _meet(pattern: Pattern, name: str) -> bool:
    """True when some host name is meant by both a wildcard pattern and an ingress entry."""
    if not name.startswith("*."):
        return pattern.matches_host(name)
    ours, theirs = pattern.host.split(".")[::-1], name.split(".")[1:][::-1]
    return len(ours) > len(theirs) and all("*" in one or one == other for one, other in zip(ours, theirs, strict=False))
