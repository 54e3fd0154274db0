"""Rules whose answer comes from elsewhere, and the sources of reports: what is missing for them to work."""

from __future__ import annotations

from doorward.policy.rules import Rule, selector_name
from doorward.policy.rules_elsewhere import DevicePosture, ExternalEvaluation, LinkedAppToken, UserRiskScore
from doorward.reports import SCORE
from doorward.settings.checks.names import all_policies, rule_holders, rules_of
from doorward.settings.declared import Declared
from doorward.settings.file.endpoint import check_endpoint
from doorward.settings.problems import Report
from doorward.settings.source import Path


def check_elsewhere(declared: Declared, report: Report) -> None:
    reported = _sources(declared, report)
    for path, part in rule_holders(declared):
        for rule_path, rule in rules_of(part, path):
            _reports((*rule_path, selector_name(rule)), rule, reported, declared, report)
            if isinstance(rule, ExternalEvaluation):
                _addresses((*rule_path, selector_name(rule)), rule, report)
    for path, policy in all_policies(declared):
        if policy.decision in ("allow", "deny"):
            for rule_path, rule in rules_of(policy, path):
                if isinstance(rule, LinkedAppToken):
                    what = f"a token of another application is shown by a program; a policy with decision {policy.decision} is about people"
                    report.error(rule_path, what, "write it in a policy with decision: non_identity")


def _sources(declared: Declared, report: Report) -> frozenset[str]:
    """What is reported, by anybody; each by one source alone."""
    names: set[str] = set()
    subjects: dict[str, str] = {}
    for placed in declared.report_sources:
        if placed.value.name in names:
            report.error(
                (*placed.path, "name"), f"another report source has {placed.value.name!r} already", "give each its own"
            )
        names.add(placed.value.name)
        for subject in sorted(placed.value.subjects):
            other = subjects.setdefault(subject, placed.value.name)
            if other != placed.value.name:
                what = "risk scores are" if subject == SCORE else f"the check {subject!r} is"
                report.error(placed.path, f"{what} reported by {other!r} already", "let one source report it")
    return frozenset(subjects)


def _reports(here: Path, rule: Rule, reported: frozenset[str], declared: Declared, report: Report) -> None:
    match rule:
        case DevicePosture():
            subject, noun = rule.device_posture.integration_uid, f"the check {rule.device_posture.integration_uid!r}"
        case UserRiskScore():
            subject, noun = SCORE, "risk scores"
        case _:
            return
    if subject not in reported and declared.complete("report_sources"):
        hint = "declare who does under 'report_sources:'"
        report.warning(here, f"nobody may report {noun}, so the rule never lets anybody in", hint)


def _addresses(here: Path, rule: ExternalEvaluation, report: Report) -> None:
    for name in ("evaluate_url", "keys_url"):
        try:
            check_endpoint(getattr(rule.external_evaluation, name))
        except ValueError as error:
            message, _, hint = str(error).partition("; ")
            report.error((*here, name), message, hint)
