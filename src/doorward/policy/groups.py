"""Which groups lead to which: what nesting means before any evidence is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from doorward.policy.model import AccessGroup, Directory, Policy
from doorward.policy.rules import GroupRule, Rule


def rules_of(holder: Policy | AccessGroup) -> tuple[Rule, ...]:
    """Every rule of a policy or a group, whatever part it stands in."""
    return holder.include + holder.exclude + holder.require


def rules_within(policies: Sequence[Policy], directory: Directory) -> Iterator[Rule]:
    """Every rule of the policies and of the groups they lead to."""
    own = tuple(chain.from_iterable(map(rules_of, policies)))
    nested = (rules_of(directory.groups[group]) for group in reachable(own, directory))
    return chain(own, *nested)


def references(rules: Iterable[Rule]) -> Iterator[str]:
    """The ids of the groups that these rules name themselves."""
    return (rule.group.id for rule in rules if isinstance(rule, GroupRule))


def reachable(rules: Iterable[Rule], directory: Directory) -> frozenset[str]:
    """The ids of all groups that these rules lead to, at any depth. Ids without a group are left out."""
    found: set[str] = set()
    waiting = list(references(rules))
    while waiting:
        name = waiting.pop()
        if name in directory.groups and name not in found:
            found.add(name)
            waiting.extend(references(rules_of(directory.groups[name])))
    return frozenset(found)
