"""Client certificates: their authorities' files, and whether rules that ask for one can ever match (access.md 3.5)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath

from doorward.applications import Pattern
from doorward.policy.rules import Certificate, CommonName, GroupRule, Rule
from doorward.settings.checks.names import rule_holders, rules_of
from doorward.settings.client_authorities import authority, read_files
from doorward.settings.declared import Declared
from doorward.settings.file.objects import ApplicationPart, GroupPart, PolicyPart
from doorward.settings.problems import Report
from doorward.settings.source import Path


def check_client_certificates(declared: Declared, folder: FilePath, report: Report) -> None:
    """``folder`` is where relative paths start."""
    _files(declared, folder, report)
    _names(declared, report)
    _hostnames(declared, report)
    _lists(declared, report)
    _settings(declared, report)
    if declared.listen is not None and declared.listen.https is None:
        _without_tls(declared, report)
    elif declared.listen is not None and declared.complete("mtls_certificates"):
        _rules(declared, report)


def _files(declared: Declared, folder: FilePath, report: Report) -> None:
    for placed in declared.mtls_certificates:
        _, faults = authority(placed.value, read_files(placed.value, folder))
        for fault in faults:
            path = (*placed.path, *fault.place)
            single = path not in report.source.positions  # it stands there without a list
            report.error(path[:-1] if single else path, fault.message, fault.hint)


def _names(declared: Declared, report: Report) -> None:
    seen: dict[str, Path] = {}
    for placed in declared.mtls_certificates:
        path = (*placed.path, "name")
        if (first := seen.setdefault(placed.value.name, path)) != path:
            line = report.source.position(first)[0]
            message = f"another authority has {placed.value.name!r} already (line {line})"
            report.error(path, message, "give each its own")


def _hostnames(declared: Declared, report: Report) -> None:
    patterns = [pattern for application in declared.applications for pattern in _patterns(application.value)]
    for placed in declared.mtls_certificates:
        if not placed.value.associated_hostnames:
            hint = "add the hosts where its certificates count"
            report.warning((*placed.path, "associated_hostnames"), "no host is named, so it is never used", hint)
        for index, host in enumerate(placed.value.associated_hostnames):
            path = (*placed.path, "associated_hostnames", index)
            if declared.organization is not None and host == declared.organization.auth_domain:
                message = f"{host!r} is organization.auth_domain, where nobody is asked for a certificate"
                report.error(path, message, "name the application's own host")
            elif declared.complete("applications") and not any(pattern.matches_host(host) for pattern in patterns):
                hint = "name a host of an application"
                report.warning(path, f"no application covers {host!r}", hint)


def _lists(declared: Declared, report: Report) -> None:
    """Envoy looks every certificate of a host up as soon as one of its authorities has a list."""
    listed: dict[str, str] = {}
    for placed in declared.mtls_certificates:
        if placed.value.crl:
            listed |= dict.fromkeys(placed.value.associated_hostnames, placed.value.name)
    for placed in declared.mtls_certificates:
        for index, host in enumerate(placed.value.associated_hostnames):
            if not placed.value.crl and host in listed:
                message = (
                    f"{listed[host]!r} has a revocation list for {host!r} and this authority has none, so none of its "
                    "certificates would count there"
                )
                report.error((*placed.path, "associated_hostnames", index), message, "add 'crl:' here as well")


def _settings(declared: Declared, report: Report) -> None:
    certified = {host for placed in declared.mtls_certificates for host in placed.value.associated_hostnames}
    seen: set[str] = set()
    for placed in declared.mtls_settings:
        path, host = (*placed.path, "hostname"), placed.value.hostname
        if host in seen:
            report.error(path, f"{host!r} has settings already", "keep one of the two")
        seen.add(host)
        if host not in certified and declared.complete("mtls_certificates"):
            hint = "add it to associated_hostnames of an authority"
            report.warning(path, f"nobody is asked for a certificate at {host!r}", hint)


def _without_tls(declared: Declared, report: Report) -> None:
    """A certificate is shown to whoever ends TLS, and here that is somebody else."""
    hint = "add 'https:' and 'tls:' to listen, and let TLS end here"
    for placed in declared.mtls_certificates:
        report.warning(placed.path, "nothing listens on https, so nobody can show a client certificate", hint)
    for path, part in rule_holders(declared):
        for rule_path, rule in rules_of(part, path):
            if isinstance(rule, Certificate | CommonName):
                message = "nothing listens on https, so nobody can show a client certificate: the rule never matches"
                report.warning(rule_path, message, hint)


def _rules(declared: Declared, report: Report) -> None:
    certified = {host for placed in declared.mtls_certificates for host in placed.value.associated_hostnames}
    groups = {key: placed.value for placed in declared.groups for key in (placed.value.name, placed.value.id) if key}
    policies = {key: item.value for item in declared.policies for key in (item.value.name, item.value.id) if key}
    for application in declared.applications:
        if any(pattern.matches_host(host) for pattern in _patterns(application.value) for host in certified):
            continue
        for index, item in enumerate(application.value.policies):
            policy = policies.get(item) if isinstance(item, str) else item
            if policy is not None and _asks(policy, groups, frozenset()):
                message = "it asks for a client certificate, and no authority is for a host of this application"
                hint = "add the host to associated_hostnames of one of mtls_certificates"
                report.warning((*application.path, "policies", index), message, hint)


def _asks(part: PolicyPart | GroupPart, groups: dict[str, GroupPart], seen: frozenset[str]) -> bool:
    return any(_rule_asks(rule, groups, seen) for _, rule in rules_of(part, ()))


def _rule_asks(rule: Rule, groups: dict[str, GroupPart], seen: frozenset[str]) -> bool:
    if isinstance(rule, GroupRule) and rule.group.id in groups and rule.group.id not in seen:
        return _asks(groups[rule.group.id], groups, seen | {rule.group.id})
    return isinstance(rule, Certificate | CommonName)


def _patterns(application: ApplicationPart) -> Iterator[Pattern]:
    for _, text in application.places():
        try:
            yield Pattern.parse(text)
        except ValueError:
            continue  # reported where hosts are checked
