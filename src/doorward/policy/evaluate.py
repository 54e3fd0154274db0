"""Evaluating policies (access.md 4.1 to 4.4): what is known goes in, a verdict with its whole trace comes out.

Three-valued: before a login, rules about a person are UNKNOWN, and a policy may still be settled by the others. So is
an external evaluation that was not asked for yet: whoever is allowed but for that gets LOGIN, which asks (``questions``).

Some questions cannot be answered at all: a selector this version has no evidence for, a list or group that is not
there, a group that contains itself, an address or country that nobody knows. Such a rule takes the value that keeps
the door closed, which depends on where it stands: in the ``include`` of an allow policy it does not match, in the
``exclude`` it does, and in a deny policy, or in a group that an ``exclude`` names, it is the other way round. So more
knowledge can open the door, less knowledge never does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from doorward.policy.groups import reachable, rules_of
from doorward.policy.model import AccessGroup, Directory, Evidence, Policy
from doorward.policy.rules import GroupRule, Rule, rule_json
from doorward.policy.selectors import Answer, answer
from doorward.policy.verdict import Match, Outcome, Part, PolicyTrace, RuleTrace, Verdict

DEEPEST_NESTING: Final = 50
"""Groups inside groups inside groups: a group further down than this is not looked into."""

_Weighed = tuple[Match, tuple[RuleTrace, ...]]
_OPPOSITE: Final = {Match.YES: Match.NO, Match.NO: Match.YES, Match.UNKNOWN: Match.UNKNOWN}


def evaluate(policies: Sequence[Policy], evidence: Evidence, directory: Directory) -> Verdict:
    """Decide by the policies of one application, in their order.

    Service Auth and Bypass come first and look only at what is known without a login (access.md 4.1), so that
    signing in never takes an identity away. Then the first Allow or Block that matches decides. Nothing matched, or no
    policies at all: denied.
    """
    service_auth_only = _service_auth_only(policies)
    nobody = evidence if evidence.identity is None else evidence.model_copy(update={"identity": None})
    anonymous = _Weighing(nobody, directory)
    early = _without_login(policies, anonymous)
    if early.outcome is not Outcome.DENY:
        return early.model_copy(update={"service_auth_only": service_auth_only})
    late = _with_login(policies, _Weighing(evidence, directory))
    # Only a refusal has to be asked twice: it rests on the identity when without one a login would have been offered.
    identity_decided = evidence.identity is not None and (
        late.outcome is Outcome.ALLOW or _with_login(policies, anonymous).outcome is Outcome.LOGIN
    )
    return late.model_copy(
        update={
            "identity_decided": identity_decided,
            "service_auth_only": service_auth_only,
            "trace": early.trace + late.trace,
        }
    )


def _service_auth_only(policies: Sequence[Policy]) -> bool:
    decisions = {policy.decision for policy in policies}
    return "non_identity" in decisions and "allow" not in decisions


def _without_login(policies: Sequence[Policy], weighing: _Weighing) -> Verdict:
    """The first Service Auth or Bypass policy that matches; DENY when none does. UNKNOWN is not a match."""
    traces: list[PolicyTrace] = []
    for policy in policies:
        if policy.decision not in {"non_identity", "bypass"}:
            continue
        traces.append(weighing.policy(policy))
        if traces[-1].match is Match.YES:
            outcome = Outcome.BYPASS if policy.decision == "bypass" else Outcome.SERVICE_AUTH
            return Verdict(outcome=outcome, policy=policy, trace=tuple(traces))
    return Verdict(outcome=Outcome.DENY, trace=tuple(traces))


def _with_login(policies: Sequence[Policy], weighing: _Weighing) -> Verdict:
    """The first Allow or Block policy that matches. LOGIN when one that could allow stands before any that blocks, and
    not everything is known that decides: who it is, or whether a policy before it, or it itself, matches.
    """
    traces: list[PolicyTrace] = []
    settled = weighing.evidence.identity is not None
    for policy in policies:
        if policy.decision not in {"allow", "deny"}:
            continue
        traces.append(weighing.policy(policy))
        match = traces[-1].match
        settled = settled and match is not Match.UNKNOWN
        if policy.decision == "allow" and match is not Match.NO:
            if not settled:
                return Verdict(outcome=Outcome.LOGIN, trace=tuple(traces))
            return Verdict(outcome=Outcome.ALLOW, policy=policy, trace=tuple(traces))
        if policy.decision == "deny" and match is Match.YES:
            return Verdict(outcome=Outcome.DENY, policy=policy, trace=tuple(traces))
    return Verdict(outcome=Outcome.DENY, trace=tuple(traces))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a rule stands."""

    part: Part
    opens: bool
    """A match here helps to open the door."""
    groups: tuple[str, ...]
    """The groups it stands in, outermost first."""


class _Weighing:
    """One evaluation: the evidence, the directory, and the groups that were already weighed (each once)."""

    def __init__(self, evidence: Evidence, directory: Directory) -> None:
        self.evidence = evidence
        self._directory = directory
        self._groups: dict[tuple[str, bool], _Weighed] = {}

    def policy(self, policy: Policy) -> PolicyTrace:
        match, rules = self._holder(policy, opens=policy.decision != "deny", groups=())
        return PolicyTrace(
            policy_id=policy.id, policy_name=policy.name, decision=policy.decision, match=match, rules=rules
        )

    def _holder(self, holder: Policy | AccessGroup, *, opens: bool, groups: tuple[str, ...]) -> _Weighed:
        """Any include, all require and no exclude (access.md 4.2), looked at no further than needed."""
        traces: list[RuleTrace] = []
        included = self._until(Match.YES, holder.include, _Place("include", opens, groups), traces)
        if included is Match.NO:
            return Match.NO, tuple(traces)
        excluded = self._until(Match.YES, holder.exclude, _Place("exclude", not opens, groups), traces)
        if excluded is Match.YES:
            return Match.NO, tuple(traces)
        required = self._until(Match.NO, holder.require, _Place("require", opens, groups), traces)
        parts = {included, _OPPOSITE[excluded], required}
        match = next(match for match in (Match.NO, Match.UNKNOWN, Match.YES) if match in parts)
        return match, tuple(traces)

    def _until(self, settles: Match, rules: Iterable[Rule], place: _Place, traces: list[RuleTrace]) -> Match:
        """Ask rule by rule until one settles the part: YES where any is enough, NO where all are needed."""
        unknown = False
        for rule in rules:
            traces.append(self._rule(rule, place))
            if traces[-1].match is settles:
                return settles
            unknown = unknown or traces[-1].match is Match.UNKNOWN
        return Match.UNKNOWN if unknown else _OPPOSITE[settles]

    def _rule(self, rule: Rule, place: _Place) -> RuleTrace:
        if isinstance(rule, GroupRule):
            return self._group(rule, place)
        return _trace(rule, place, answer(rule, self.evidence, self._directory))

    def _group(self, rule: GroupRule, place: _Place) -> RuleTrace:
        name = rule.group.id
        group = self._directory.groups.get(name)
        if group is None:
            return _trace(rule, place, Answer(None, f"there is no group {name}"))
        if place.groups and place.groups[-1] in reachable(rules_of(group), self._directory):
            return _trace(rule, place, Answer(None, f"the group {group.name} leads back to the group it stands in"))
        if len(place.groups) >= DEEPEST_NESTING:
            return _trace(rule, place, Answer(None, f"groups are nested more than {DEEPEST_NESTING} deep"))
        if (name, place.opens) not in self._groups:
            self._groups[name, place.opens] = self._holder(group, opens=place.opens, groups=(*place.groups, name))
        match, inside = self._groups[name, place.opens]
        return _trace(rule, place, Answer(match, _MEMBERSHIP[match].format(group.name)), inside)


_MEMBERSHIP: Final = {
    Match.YES: "the visitor is in the group {}",
    Match.NO: "the visitor is not in the group {}",
    Match.UNKNOWN: "only a login can tell whether the visitor is in the group {}",
}


def _trace(rule: Rule, place: _Place, said: Answer, inside: tuple[RuleTrace, ...] = ()) -> RuleTrace:
    match, because = said.match, said.because
    if match is None:
        match = Match.NO if place.opens else Match.YES
        because = f"{because}, so this counts as {'not ' if place.opens else ''}matching"
    return RuleTrace(part=place.part, rule=rule_json(rule), match=match, because=because, inside=inside)
