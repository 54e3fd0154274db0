"""What the policy lab finds in a valid configuration file, each with its place in the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Final

from doorward.lab.lint import Finding, lint_application, lint_group, lint_policy
from doorward.lab.outlook import Views
from doorward.settings.file.objects import ApplicationPart, PolicyPart
from doorward.settings.load import load_with_source
from doorward.settings.problems import Problem, Report, dotted
from doorward.settings.resolution import Resolved, resolve
from doorward.settings.source import Path
from doorward.settings.stand_ins import NOBODYS_ACCOUNT, stand_ins
from doorward.settings.values import Settings

_ABOUT_POLICIES: Final = ("applications", "groups", "lists", "policies", "organization.deny_unmatched_requests")


def lint(path: FilePath, environ: Mapping[str, str]) -> tuple[Settings, tuple[Problem, ...]]:
    """Read a configuration file: what it says, and every warning about it, in the file's order.

    Raises:
        InvalidConfiguration: as :func:`doorward.settings.load`.
    """
    settings, source = load_with_source(path, environ)
    report = Report(source, problems=list(settings.warnings))
    said = [problem.path for problem in settings.warnings]
    for place, finding in _findings(settings, resolve(settings, stand_ins(settings, {}), NOBODYS_ACCOUNT, {})):
        if not any(_within(dotted(place), path) for path in said):
            report.warning(place, finding.message, finding.hint)
    return settings, report.in_order()


def about_policies(problem: Problem) -> bool:
    """Whether a problem is one of policies and what they are made of."""
    return problem.path.startswith(_ABOUT_POLICIES)


def _within(place: str, said: str) -> bool:
    """Something was said about the very place, or, where that is a rule, about a part of it."""
    is_rule = place.endswith("]") and ("include[" in place or "exclude[" in place)
    return said == place or (is_rule and said.startswith(place + "."))


def _findings(settings: Settings, resolved: Resolved) -> Iterator[tuple[Path, Finding]]:
    views = Views(resolved.directory)
    providers = {provider.id: provider.name for provider in resolved.identity_providers.values()}
    everywhere = frozenset(providers)
    groups = {group.name: group for group in views.directory.groups.values()}
    for index, part in enumerate(settings.groups):
        for finding in lint_group(groups[part.name], views, everywhere):
            yield ("groups", index, *finding.place), finding
    reusable = {key: index for index, one in enumerate(settings.policies) for key in (one.name, one.id) if key}
    linted: set[Path] = set()
    for index, (written, application) in enumerate(zip(settings.applications, resolved.applications, strict=True)):
        for used, (item, policy) in enumerate(zip(written.policies, application.policies, strict=True)):
            here: Path = ("applications", index, "policies", used)
            place: Path = here if isinstance(item, PolicyPart) else ("policies", reusable[item])
            if place not in linted:
                linted.add(place)
                for finding in lint_policy(policy, views, everywhere):
                    yield (*place, *finding.place), finding
        for finding in lint_application(application, views, providers):
            yield ("applications", index, *_in_application(written, finding.place)), finding


def _in_application(written: ApplicationPart, place: Path) -> Path:
    """Hosts have no place of their own in the core; the file may have them in three."""
    if place[0] != "host":
        return place
    return next((there for there, text in written.places() if text.lower().startswith(str(place[1]).split("/")[0])), ())
