"""What has to be gathered before policies can be evaluated: only what they ask for, and only while it still matters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from doorward.policy.groups import rules_within
from doorward.policy.model import Directory, Policy
from doorward.policy.rules_elsewhere import (
    DevicePosture,
    ExternalEvaluation,
    ExternalEvaluationValue,
    LinkedAppToken,
    UserRiskScore,
)
from doorward.policy.verdict import Match, Outcome, RuleTrace, Verdict


def asks_for_reports(policies: Sequence[Policy], directory: Directory) -> bool:
    """True when a device posture check or a risk score is asked for, directly or through groups."""
    return any(isinstance(rule, DevicePosture | UserRiskScore) for rule in rules_within(policies, directory))


def asks_for_evaluations(policies: Sequence[Policy], directory: Directory) -> bool:
    """True when another service is asked, directly or through groups."""
    return any(isinstance(rule, ExternalEvaluation) for rule in rules_within(policies, directory))


def linked_applications(policies: Sequence[Policy], directory: Directory) -> frozenset[str]:
    """Ids of the applications whose tokens are taken, directly or through groups."""
    return frozenset(
        rule.linked_app_token.app_uid for rule in rules_within(policies, directory) if isinstance(rule, LinkedAppToken)
    )


def open_questions(verdict: Verdict) -> tuple[ExternalEvaluationValue, ...]:
    """The external evaluations that a LOGIN for somebody who is known waits for, each once; none when it is settled.

    With the answers as evidence the same policies may be evaluated again, and then ask for others.
    """
    if verdict.outcome is not Outcome.LOGIN:
        return ()
    waiting = (
        policy.rules
        for policy in verdict.trace
        if policy.match is Match.UNKNOWN and policy.decision in {"allow", "deny"}
    )
    return tuple(dict.fromkeys(question for rules in waiting for question in _within(rules)))


def _within(rules: Iterable[RuleTrace]) -> Iterator[ExternalEvaluationValue]:
    traces = tuple(rules)
    for part, settles in (("include", Match.YES), ("exclude", Match.YES), ("require", Match.NO)):
        inside = [trace for trace in traces if trace.part == part]
        if any(trace.match is settles for trace in inside):
            continue
        for trace in inside:
            if trace.match is not Match.UNKNOWN:
                continue
            if "external_evaluation" in trace.rule:
                yield ExternalEvaluationValue.model_validate(trace.rule["external_evaluation"])
            yield from _within(trace.inside)
