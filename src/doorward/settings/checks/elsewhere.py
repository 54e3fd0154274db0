"""Rules whose answer comes from elsewhere, and the sources of reports: what is missing for them to work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from doorward.policy.rules import Rule, selector_name
from doorward.policy.rules_elsewhere import (
    AzureGroup,
    DevicePosture,
    ExternalEvaluation,
    GithubOrganization,
    LinkedAppToken,
    OktaGroup,
    UserRiskScore,
    WorkspaceGroup,
    at_provider,
)
from doorward.reports import SCORE
from doorward.settings.checks.names import all_policies, rule_holders, rules_of
from doorward.settings.declared import Declared
from doorward.settings.file.endpoint import check_endpoint
from doorward.settings.file.providers import AnyProviderPart
from doorward.settings.problems import Report
from doorward.settings.source import Path

_WITHOUT_GROUPS: Final = frozenset({"facebook", "google", "linkedin", "onetimepin", "yandex"})
_OTHER_GROUPS: Final[Mapping[type[object], frozenset[str]]] = {
    AzureGroup: frozenset({"github", "google-apps"}),
    WorkspaceGroup: frozenset({"github", "okta", "saml"}),
}
"""Providers whose groups have other ids, or no addresses."""


def check_elsewhere(declared: Declared, report: Report) -> None:
    reported = _sources(declared, report)
    providers = {
        key: item.value for item in declared.identity_providers for key in (item.value.name, item.value.id) if key
    }
    for path, part in rule_holders(declared):
        for rule_path, rule in rules_of(part, path):
            _reports((*rule_path, selector_name(rule)), rule, reported, declared, report)
            if isinstance(rule, AzureGroup | OktaGroup | WorkspaceGroup | GithubOrganization):
                here = (*rule_path, selector_name(rule), "identity_provider_id")
                _groups(here, rule, providers.get(at_provider(rule)), report)
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


def _groups(
    here: Path,
    rule: AzureGroup | OktaGroup | WorkspaceGroup | GithubOrganization,
    provider: AnyProviderPart | None,
    report: Report,
) -> None:
    """A rule that can never match is dangerous where it is to keep somebody out."""
    if provider is None:
        return
    selector, name, kind = selector_name(rule), provider.name, provider.type
    asked = getattr(provider.config, "support_groups", False)
    if kind in _WITHOUT_GROUPS:
        report.error(here, f"{name!r} is of type {kind}, which has no groups", "name another identity provider")
    elif kind in _OTHER_GROUPS.get(type(rule), ()):
        hint = f"name a provider whose groups a rule {selector!r} can mean"
        report.error(here, f"{name!r} is of type {kind}, whose groups a rule {selector!r} cannot match", hint)
    elif not asked and (kind == "google-apps" or (kind == "azureAD" and isinstance(rule, WorkspaceGroup))):
        hint = f"add 'support_groups: true' to the config of {name!r}"
        report.error(here, f"{name!r} is not asked for groups, so the rule can never match", hint)
    elif not asked and kind == "azureAD":
        hint = f"add 'support_groups: true' to the config of {name!r}"
        what = f"{name!r} is not asked for groups: without a claim 'groups' in its token nobody's groups are known"
        report.warning(here, what, hint)


def _addresses(here: Path, rule: ExternalEvaluation, report: Report) -> None:
    for name in ("evaluate_url", "keys_url"):
        try:
            check_endpoint(getattr(rule.external_evaluation, name))
        except ValueError as error:
            message, _, hint = str(error).partition("; ")
            report.error((*here, name), message, hint)
