"""Rules that are well formed and would still not do what their author wants."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from doorward.policy.rules import (
    AnyValidServiceToken,
    Certificate,
    CommonName,
    EmailList,
    Everyone,
    Geo,
    GroupRule,
    Ip,
    IpList,
    Rule,
    ServiceTokenRule,
    Unanswered,
    selector_name,
)
from doorward.policy.rules_elsewhere import LinkedAppToken
from doorward.settings.checks.names import all_policies, rule_holders, rules_of
from doorward.settings.declared import Declared
from doorward.settings.file.objects import GroupPart, PolicyPart
from doorward.settings.problems import Report
from doorward.settings.source import Path

_SERVICE_TOKENS: Final = (ServiceTokenRule, AnyValidServiceToken)
_CERTIFICATES: Final = (Certificate, CommonName)
_WITHOUT_IDENTITY: Final = (Everyone, Ip, IpList, Geo, *_SERVICE_TOKENS, *_CERTIFICATES, LinkedAppToken, Unanswered)


def check_rules(declared: Declared, report: Report) -> None:
    groups = {key: placed.value for placed in declared.groups for key in (placed.value.name, placed.value.id) if key}
    for path, part in rule_holders(declared):
        for rule_path, rule in rules_of(part, path):
            _evidence(rule_path, rule, declared, report)
    for path, policy in all_policies(declared):
        _unanswered(path, policy, groups, report)
        if policy.decision in ("bypass", "non_identity"):
            _before_login(path, policy, groups, report)
        if policy.decision == "allow":
            _programs(path, policy, report)


def _evidence(path: Path, rule: Rule, declared: Declared, report: Report) -> None:
    """Rules that lack what they look at."""
    here = (*path, selector_name(rule))
    if isinstance(rule, Geo) and "geoip" not in declared.present:
        hint = "add 'geoip: /path/to/country.mmdb', or use ip rules"
        report.error(here, "the country of a visitor is not known without a GeoIP database", hint)
    elif isinstance(rule, Unanswered):
        hint = "remove it if something else in the policy is meant to decide"
        report.warning(here, f"this version has no evidence for {rule.kind!r}, so the rule never matches", hint)
    elif isinstance(rule, EmailList | IpList):
        reference, field = (
            (rule.email_list.id, "emails") if isinstance(rule, EmailList) else (rule.ip_list.id, "networks")
        )
        for placed in declared.lists:
            if reference in (placed.value.name, placed.value.id) and not getattr(placed.value, field):
                hint = f"add '{field}:' to the list"
                report.warning((*here, "id"), f"the list {reference!r} has no {field}, so the rule never matches", hint)


def _unanswered(path: Path, policy: PolicyPart, groups: dict[str, GroupPart], report: Report) -> None:
    """A rule that never matches is safe only where matching lets somebody in."""
    closes = policy.decision == "deny"
    for part, index, rule in _parts(policy):
        for kind in _open_kinds(rule, closes != (part == "exclude"), groups, frozenset()):
            what = "this deny policy" if closes else "this exclude"
            here = (*path, part, index)
            report.error(here, f"{what} would keep nobody out: nothing here can answer {kind!r}", "use another rule")


def _open_kinds(rule: Rule, keeps_out: bool, groups: dict[str, GroupPart], seen: frozenset[str]) -> Iterator[str]:
    if isinstance(rule, Unanswered) and keeps_out:
        yield rule.kind
    elif isinstance(rule, GroupRule) and rule.group.id in groups and rule.group.id not in seen:
        for part, _, inner in _parts(groups[rule.group.id]):
            yield from _open_kinds(inner, keeps_out != (part == "exclude"), groups, seen | {rule.group.id})


def _before_login(path: Path, policy: PolicyPart, groups: dict[str, GroupPart], report: Report) -> None:
    for part, index, rule in _parts(policy):
        if (selector := _identity_selector(rule, groups, frozenset())) is not None:
            hint = "use everyone, ip, ip_list, geo or service_token here, or decision: allow"
            message = f"a {policy.decision} policy is decided before anyone has logged in, so {selector!r} cannot match"
            report.error((*path, part, index), message, hint)


def _programs(path: Path, policy: PolicyPart, report: Report) -> None:
    """An allow policy that means programs: it would send them to a login page (access.md 3.4)."""
    for index, rule in enumerate(policy.include):
        if isinstance(rule, _CERTIFICATES):
            hint = "write decision: non_identity to let it in without a login, or put the rule under require"
            what = "whoever shows such a certificate and can sign in with any account enters"
            report.warning((*path, "include", index), what, hint)
        if isinstance(rule, _SERVICE_TOKENS):
            hint = "write decision: non_identity to let programs in"
            what = "an allow policy asks for a login all the same, so this lets no program in"
            report.warning((*path, "include", index), what, hint)
    for index, rule in enumerate(policy.require):
        if isinstance(rule, _SERVICE_TOKENS):
            what = "nobody can sign in by this policy: the login page sees no service token"
            report.warning((*path, "require", index), what, "write a policy for people and one for programs")


def _identity_selector(rule: Rule, groups: dict[str, GroupPart], seen: frozenset[str]) -> str | None:
    if isinstance(rule, GroupRule):
        if rule.group.id not in groups or rule.group.id in seen:
            return None
        inner = (item for _, _, item in _parts(groups[rule.group.id]))
        found = (_identity_selector(item, groups, seen | {rule.group.id}) for item in inner)
        return next((selector for selector in found if selector), None)
    return None if isinstance(rule, _WITHOUT_IDENTITY) else selector_name(rule)


def lets_anybody_in(policy: PolicyPart, groups: dict[str, GroupPart]) -> bool:
    """True for an allow policy that asks for nothing but a login."""
    return policy.decision == "allow" and _anybody(policy, groups, frozenset())


def _anybody(part: PolicyPart | GroupPart, groups: dict[str, GroupPart], seen: frozenset[str]) -> bool:
    return all(_covers_all(rule, groups, seen) for rule in part.require) and any(
        _covers_all(rule, groups, seen) for rule in part.include
    )


def _covers_all(rule: Rule, groups: dict[str, GroupPart], seen: frozenset[str]) -> bool:
    if isinstance(rule, GroupRule) and rule.group.id in groups and rule.group.id not in seen:
        return _anybody(groups[rule.group.id], groups, seen | {rule.group.id})
    return isinstance(rule, Everyone)


def _parts(part: PolicyPart | GroupPart) -> Iterator[tuple[str, int, Rule]]:
    for path, rule in rules_of(part, ()):
        name, index = path
        yield str(name), int(index), rule
