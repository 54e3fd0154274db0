"""Noticing that an application's rules have changed. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from doorward.applications import Application
from doorward.client_certificates import NO_AUTHORITIES, ClientAuthorities
from doorward.organization import Organization
from doorward.policy.groups import rules_within
from doorward.policy.model import AccessGroup, Directory, Policy, RuleList
from doorward.policy.rules import Certificate, CommonName, EmailList, GroupRule, IpList, Rule
from doorward.second_factor import demanded, ever_demanded


def fingerprint(
    application: Application,
    directory: Directory,
    identity_providers: Iterable[str],
    authorities: ClientAuthorities = NO_AUTHORITIES,
    organization: Organization | None = None,
) -> str:
    """Hex SHA-256 over everything that decides who may enter: policies, their groups and lists, and which of the
    configured ``identity_providers`` (ids) may vouch; where a policy asks for a client certificate also which
    ``authorities`` vouch for those, and what they have revoked; where a second factor is demanded, also which, by what the
    ``organization`` says about it.

    When it changes, tokens issued before are no longer taken without evaluating again (``Application.not_before``).
    """
    reached = {key: _plain(item) for key, item in sorted(_reached(application.policies, directory))}
    allowed = frozenset(application.allowed_idps)
    decisive = {
        "policies": [_plain(policy) for policy in application.policies],
        "providers": sorted(idp for idp in identity_providers if idp in allowed or not allowed),
        "directory": reached,
    }
    if vouching := _vouching(application, directory, authorities):
        decisive["authorities"] = vouching
    if organization is not None and ever_demanded(application, organization):
        decisive["second_factors"] = [
            str(demanded(policy, application, organization)) for policy in application.policies
        ]
    return hashlib.sha256(json.dumps(decisive, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _vouching(application: Application, directory: Directory, authorities: ClientAuthorities) -> list[list[str]]:
    rules = rules_within(application.policies, directory)
    if not any(isinstance(rule, Certificate | CommonName) for rule in rules):
        return []
    return [
        [name, host.version, host.revoked]
        for name, host in sorted(authorities.hosts.items())
        if any(pattern.matches_host(name) for pattern in application.patterns)
    ]


def _plain(item: BaseModel) -> Any:
    data = item.model_dump(mode="json")
    return {key: sorted(value) if key == "emails" else value for key, value in data.items()}


def _reached(policies: Sequence[Policy], directory: Directory) -> Iterator[tuple[str, BaseModel]]:
    """Every group and list that the policies name, directly or through groups."""
    waiting: list[Policy | AccessGroup] = list(policies)
    seen: set[str] = set()
    while waiting:
        part = waiting.pop()
        for group in part.approval_groups if isinstance(part, Policy) else ():
            approvers = directory.lists.get(group.email_list_uuid)
            if approvers is not None and f"list {approvers.id}" not in seen:
                seen.add(f"list {approvers.id}")
                yield f"list {approvers.id}", approvers
        for rule in (*part.include, *part.exclude, *part.require):
            key, item = _named(rule, directory)
            if item is None or key in seen:
                continue
            seen.add(key)
            yield key, item
            if isinstance(item, AccessGroup):
                waiting.append(item)


def _named(rule: Rule, directory: Directory) -> tuple[str, AccessGroup | RuleList | None]:
    match rule:
        case GroupRule():
            return f"group {rule.group.id}", directory.groups.get(rule.group.id)
        case EmailList():
            return f"list {rule.email_list.id}", directory.lists.get(rule.email_list.id)
        case IpList():
            return f"list {rule.ip_list.id}", directory.lists.get(rule.ip_list.id)
        case _:
            return "", None
