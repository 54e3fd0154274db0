"""Policies and groups as lists of cases, each a set of demands, so that it can be said which cases are possible.

The rules of evaluation are those of ``policy.evaluate``, read backwards: what has to be so for this to match?
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from doorward.lab.literals import Circumstances, Demand, Term, conflict
from doorward.policy.evaluate import DEEPEST_NESTING
from doorward.policy.groups import reachable, rules_of
from doorward.policy.model import AccessGroup, Directory, Evidence, Policy
from doorward.policy.rules import EmailList, Everyone, GroupRule, IpList, Rule, Unanswered, selector_name
from doorward.policy.selectors import answer
from doorward.policy.verdict import Match

MOST_CASES: Final = 1024
"""More than that are not looked through."""

Cases = tuple[Term, ...]
"""Any of these. Empty: impossible. A case without demands: always."""

ALWAYS: Final[Cases] = (frozenset(),)
NEVER: Final[Cases] = ()


class TooManyCases(Exception):  # noqa: N818 - never leaves the package
    """Nothing is said about it then."""


class Outlook:
    """What can be, for visitors who are signed in or for those about whom no provider has said anything."""

    def __init__(self, among: Circumstances, *, signed_in: bool) -> None:
        self._among = among
        self._signed_in = signed_in
        self._groups: dict[tuple[str, bool, bool, bool], tuple[Cases, str]] = {}
        self._single: dict[Term, str | None] = {}
        self._below: dict[str, frozenset[str]] = {}
        self.reason = ""
        """Why the last thing that is impossible is."""

    def matches(self, policy: Policy) -> Cases:
        """When a policy matches."""
        return self._holder(policy, holds=True, firm=True, opens=policy.decision != "deny", groups=())

    def fails(self, policy: Policy) -> Cases:
        """When it does not, or it is not known that it does."""
        return self._holder(policy, holds=False, firm=False, opens=policy.decision != "deny", groups=())

    def group_matches(self, group: AccessGroup, *, opens: bool) -> Cases:
        """When somebody is in a group that is named where a match opens the door, or closes it."""
        return self._holder(group, holds=True, firm=True, opens=opens, groups=(group.id,))

    def rule_matches(self, rule: Rule, *, opens: bool, groups: tuple[str, ...] = ()) -> Cases:
        """When one rule matches by itself."""
        return self._rule(rule, holds=True, firm=True, opens=opens, groups=groups)

    def together(self, alternatives: Iterable[Cases]) -> Cases:
        """When all of them hold.

        Raises:
            TooManyCases: there are too many combinations.
        """
        every = list(alternatives)
        common: Term = frozenset[Demand]().union(*(cases[0] for cases in every if len(cases) == 1))
        found = self._possible((common,)) if all(every) else NEVER
        for cases in sorted((cases for cases in every if len(cases) > 1), key=len):
            if len(found) * len(cases) > MOST_CASES:
                raise TooManyCases
            if found == ALWAYS:
                found = cases  # each of them was found possible before
                continue
            found = self._possible(tuple(dict.fromkeys(one | other for one in found for other in cases)))
        return found

    def _possible(self, cases: Cases) -> Cases:
        possible = []
        for case in cases:
            reason = self._conflict(case)
            if reason is None:
                possible.append(case)
            else:
                self.reason = reason
        return tuple(possible)

    def _conflict(self, case: Term) -> str | None:
        if len(case) != 1:
            return conflict(case, self._among)
        if case not in self._single:
            self._single[case] = conflict(case, self._among)
        return self._single[case]

    def _any(self, alternatives: Iterable[Cases]) -> Cases:
        every = tuple(dict.fromkeys(case for cases in alternatives for case in cases))
        return ALWAYS if ALWAYS[0] in every else every

    def _holder(
        self, holder: Policy | AccessGroup, *, holds: bool, firm: bool, opens: bool, groups: tuple[str, ...]
    ) -> Cases:
        """Any include, all require and no exclude (access.md 4.2), or the contrary of that."""

        def cases(rules: Sequence[Rule], *, holds: bool, opens: bool) -> list[Cases]:
            return [self._rule(rule, holds=holds, firm=firm, opens=opens, groups=groups) for rule in rules]

        include = cases(holder.include, holds=holds, opens=opens)
        exclude = cases(holder.exclude, holds=not holds, opens=not opens)
        require = cases(holder.require, holds=holds, opens=opens)
        if holds:
            return self.together([self._any(include), *exclude, *require])
        return self._any([self.together(include), *exclude, *require])

    def _rule(self, rule: Rule, *, holds: bool, firm: bool, opens: bool, groups: tuple[str, ...]) -> Cases:
        if isinstance(rule, GroupRule):
            return self._group(rule, holds=holds, firm=firm, opens=opens, groups=groups)
        if isinstance(rule, Everyone):
            if not holds:
                self.reason = "everyone is ruled out"
            return ALWAYS if holds else NEVER
        if self._unanswerable(rule):
            self.reason = f"nothing here can answer {selector_name(rule)}"
            return _closed(holds=holds, opens=opens)
        if not self._signed_in and self._personal(rule):
            self.reason = f"only a login can answer {selector_name(rule)}"
            return NEVER if firm else ALWAYS
        return self._possible((frozenset({Demand(rule, holds, opens, firm)}),))

    def _group(self, rule: GroupRule, *, holds: bool, firm: bool, opens: bool, groups: tuple[str, ...]) -> Cases:
        directory = self._among.directory
        group = directory.groups.get(rule.group.id)
        below = self._reachable(group) if group is not None else frozenset()
        circular = bool(groups) and groups[-1] in below
        if group is None or circular or len(groups) >= DEEPEST_NESTING:
            self.reason = f"the group {rule.group.id} cannot be looked into"
            return _closed(holds=holds, opens=opens)
        if group.id in below or len(groups) + len(below) >= DEEPEST_NESTING:  # then it matters where it stands
            return self._holder(group, holds=holds, firm=firm, opens=opens, groups=(*groups, group.id))
        return self._remembered(group, holds=holds, firm=firm, opens=opens)

    def _remembered(self, group: AccessGroup, *, holds: bool, firm: bool, opens: bool) -> Cases:
        key = (group.id, holds, firm, opens)
        if key not in self._groups:
            cases = self._holder(group, holds=holds, firm=firm, opens=opens, groups=(group.id,))
            self._groups[key] = cases, self.reason
        cases, reason = self._groups[key]
        self.reason = self.reason if cases else reason
        return cases

    def _reachable(self, group: AccessGroup) -> frozenset[str]:
        if group.id not in self._below:
            self._below[group.id] = reachable(rules_of(group), self._among.directory)
        return self._below[group.id]

    def _unanswerable(self, rule: Rule) -> bool:
        lists = self._among.directory.lists
        match rule:
            case EmailList():
                return rule.email_list.id not in lists
            case IpList():
                return rule.ip_list.id not in lists
            case _:
                return isinstance(rule, Unanswered)

    def _personal(self, rule: Rule) -> bool:
        """Whether the engine itself says that only a login can tell."""
        assert not isinstance(rule, GroupRule)  # noqa: S101 - taken apart before
        return answer(rule, Evidence(), self._among.directory).match is Match.UNKNOWN


def _closed(*, holds: bool, opens: bool) -> Cases:
    """What has no answer counts as not matching where that keeps the door closed, and as matching elsewhere."""
    return ALWAYS if holds is not opens else NEVER


class Views:
    """The outlooks on one directory, each made once: what a group means is found out once for all who use it."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self._outlooks: dict[tuple[frozenset[str] | None, bool], Outlook] = {}

    def of(self, providers: frozenset[str] | None, *, signed_in: bool) -> Outlook:
        """For visitors who can have signed in with these providers (None: with any), or who have not."""
        key = (providers, signed_in)
        if key not in self._outlooks:
            self._outlooks[key] = Outlook(Circumstances(self.directory, providers), signed_in=signed_in)
        return self._outlooks[key]
