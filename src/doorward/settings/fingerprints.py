"""Noticing that an application's rules have changed. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from doorward.applications import Application
from doorward.policy.model import AccessGroup, Directory, Policy, RuleList
from doorward.policy.rules import EmailList, GroupRule, IpList, Rule


def fingerprint(application: Application, directory: Directory, identity_providers: Iterable[str]) -> str:
    """Hex SHA-256 over everything that decides who may enter: policies, their groups and lists, and which of the
    configured ``identity_providers`` (ids) may vouch.

    When it changes, tokens issued before are no longer taken without evaluating again (``Application.not_before``).
    """
    reached = {key: _plain(item) for key, item in sorted(_reached(application.policies, directory))}
    allowed = frozenset(application.allowed_idps)
    decisive = {
        "policies": [_plain(policy) for policy in application.policies],
        "providers": sorted(idp for idp in identity_providers if idp in allowed or not allowed),
        "directory": reached,
    }
    return hashlib.sha256(json.dumps(decisive, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _plain(item: BaseModel) -> Any:
    data = item.model_dump(mode="json")
    return {key: sorted(value) if key == "emails" else value for key, value in data.items()}


def _reached(policies: Sequence[Policy], directory: Directory) -> Iterator[tuple[str, BaseModel]]:
    """Every group and list that the policies name, directly or through groups."""
    waiting: list[Policy | AccessGroup] = list(policies)
    seen: set[str] = set()
    while waiting:
        part = waiting.pop()
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
