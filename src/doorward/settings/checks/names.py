"""Names that are given twice, and references to names that nobody has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from doorward.policy.rules import (
    EmailList,
    GroupRule,
    IpList,
    LoginMethod,
    Oidc,
    Rule,
    Saml,
    ServiceTokenRule,
    selector_name,
)
from doorward.policy.rules_elsewhere import (
    AuthContext,
    AzureGroup,
    GithubOrganization,
    LinkedAppToken,
    OktaGroup,
    WorkspaceGroup,
    at_provider,
)
from doorward.settings.declared import Declared
from doorward.settings.file.objects import ApplicationPart, GroupPart, PolicyPart
from doorward.settings.problems import Report
from doorward.settings.source import Path
from doorward.settings.validation import nearest

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SINGULAR: Final = {
    "identity_providers": "identity provider",
    "lists": "list",
    "groups": "group",
    "policies": "policy",
    "applications": "application",
    "service_tokens": "service token",
    "custom_pages": "page",
}


def check_names(declared: Declared, report: Report) -> None:
    """No two objects of a kind share a name or an id, no two applications an audience tag, no two tokens a client id."""
    for section, noun in _SINGULAR.items():
        seen: dict[str, Path] = {}
        for placed in getattr(declared, section):
            keys = {"name": placed.value.name, "id": placed.value.id}
            keys |= {field: getattr(placed.value, field, None) for field in ("aud", "client_id")}
            for field, key in keys.items():
                if key is not None:
                    _once(seen, key, (*placed.path, field), noun, report)
    for application in declared.applications:
        seen = {}
        for path, policy in written_policies(application.value, application.path):
            _once(seen, policy.name, (*path, "name"), "policy", report)


def _once(seen: dict[str, Path], key: str, path: Path, noun: str, report: Report) -> None:
    if (first := seen.setdefault(key, path)) != path:
        line = report.source.position(first)[0]
        report.error(path, f"another {noun} has {key!r} already (line {line})", "give each its own")


def check_references(declared: Declared, report: Report) -> None:
    """Every name that a part of the file uses is declared in it."""
    for application in declared.applications:
        for index, item in enumerate(application.value.policies):
            if isinstance(item, str):
                _known("policies", item, (*application.path, "policies", index), declared, report)
        for index, name in enumerate(application.value.allowed_idps):
            _known("identity_providers", name, (*application.path, "allowed_idps", index), declared, report)
    for placed in declared.loose:
        if isinstance(placed.value, str):
            _known("policies", placed.value, placed.path, declared, report)
    _approver_lists(declared, report)
    for path, part in rule_holders(declared):
        for rule_path, rule in rules_of(part, path):
            if (reference := reference_of(rule)) is not None:
                section, field, name = reference
                _known(section, name, (*rule_path, *field), declared, report)


def _approver_lists(declared: Declared, report: Report) -> None:
    for path, policy in all_policies(declared):
        for index, group in enumerate(policy.approval_groups):
            if group.email_list_uuid:
                here = (*path, "approval_groups", index, "email_list_uuid")
                _known("lists", group.email_list_uuid, here, declared, report)


def _known(section: str, name: str, path: Path, declared: Declared, report: Report) -> None:
    names = declared.references.get(section)
    if names is None or name in names:
        return
    if section == "service_tokens" and _UUID.fullmatch(name):
        return  # one that was made by a command and is named by its id
    noun = _SINGULAR[section]
    if close := nearest(name, names):
        hint = f"did you mean {close!r}?"
    elif names and section != "service_tokens":
        hint = f"declared are {', '.join(sorted(names))}"
    else:
        hint = f"declare it under '{section}:'"
    report.error(path, f"there is no {noun} named {name!r}", hint)


def check_group_cycles(declared: Declared, report: Report) -> None:
    """A group that contains itself, through others or not, could never be decided."""
    groups = {placed.value.name: placed for placed in declared.groups}
    inside = {
        name: [rule.group.id for _, rule in rules_of(placed.value, ()) if isinstance(rule, GroupRule)]
        for name, placed in groups.items()
    }
    for name, placed in groups.items():
        if (way := _way_back(name, inside)) is not None:
            hint = "take one of these group rules out"
            report.error(placed.path, f"the group contains itself: {' → '.join(way)}", hint)


def _way_back(start: str, inside: dict[str, list[str]]) -> list[str] | None:
    """The shortest chain of groups from ``start`` to itself."""
    ways, seen = [[start]], {start}
    while ways:
        way = ways.pop(0)
        for name in inside.get(way[-1], ()):
            if name == start:
                return [*way, name]
            if name not in seen:
                seen.add(name)
                ways.append([*way, name])
    return None


def reference_of(rule: Rule) -> tuple[str, tuple[str, ...], str] | None:
    """Section, field inside the rule, and the name that a rule uses there; None for rules without references."""
    selector = selector_name(rule)
    match rule:
        case GroupRule():
            return "groups", (selector, "id"), rule.group.id
        case EmailList():
            return "lists", (selector, "id"), rule.email_list.id
        case IpList():
            return "lists", (selector, "id"), rule.ip_list.id
        case LoginMethod():
            return "identity_providers", (selector, "id"), rule.login_method.id
        case Oidc():
            return "identity_providers", (selector, "identity_provider_id"), rule.oidc.identity_provider_id
        case Saml():
            return "identity_providers", (selector, "identity_provider_id"), rule.saml.identity_provider_id
        case LinkedAppToken():
            return "applications", (selector, "app_uid"), rule.linked_app_token.app_uid
        case AzureGroup() | OktaGroup() | WorkspaceGroup() | GithubOrganization() | AuthContext():
            return "identity_providers", (selector, "identity_provider_id"), at_provider(rule)
        case ServiceTokenRule():
            return "service_tokens", (selector, "token_id"), rule.service_token.token_id
        case _:
            return None


def written_policies(application: ApplicationPart, path: Path) -> Iterator[tuple[Path, PolicyPart]]:
    """The policies written out in an application."""
    for index, item in enumerate(application.policies):
        if isinstance(item, PolicyPart):
            yield (*path, "policies", index), item


def rule_holders(declared: Declared) -> Iterator[tuple[Path, GroupPart | PolicyPart]]:
    """Everything with rules in it."""
    for group in declared.groups:
        yield group.path, group.value
    yield from all_policies(declared)


def all_policies(declared: Declared) -> Iterator[tuple[Path, PolicyPart]]:
    """Reusable policies and those written out in applications."""
    for policy in declared.policies:
        yield policy.path, policy.value
    for application in declared.applications:
        yield from written_policies(application.value, application.path)
    for placed in declared.loose:
        if isinstance(placed.value, PolicyPart):
            yield placed.path, placed.value


def rules_of(part: GroupPart | PolicyPart, path: Path) -> Iterator[tuple[Path, Rule]]:
    """Every rule of a group or policy with its place."""
    for name in ("include", "exclude", "require"):
        for index, rule in enumerate(getattr(part, name)):
            yield (*path, name, index), rule
