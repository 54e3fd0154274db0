"""Policies that ask for a reason or for approval, and could not be satisfied by anybody, or by nobody's consent."""

from __future__ import annotations

from doorward.settings.checks.names import all_policies
from doorward.settings.declared import Declared
from doorward.settings.file.approval import ApprovalGroupPart
from doorward.settings.file.objects import PolicyPart
from doorward.settings.problems import Report
from doorward.settings.source import Path


def check_approvals(declared: Declared, report: Report) -> None:
    """Every policy by itself."""
    for path, policy in all_policies(declared):
        for field in ("approval_required", "purpose_justification_required"):
            if getattr(policy, field) and policy.decision != "allow":
                message = f"a {policy.decision} policy asks nobody anything"
                report.error((*path, field), message, "remove it, or write decision: allow")
        if policy.approval_required:
            _required(path, policy, declared, report)
        elif policy.approval_groups:
            hint = "add 'approval_required: true', or remove the groups"
            report.warning((*path, "approval_groups"), "no approval is required, so these groups are not asked", hint)


def _required(path: Path, policy: PolicyPart, declared: Declared, report: Report) -> None:
    if not policy.purpose_justification_required:
        message = "approvers have to know why: approval needs a reason as well"
        report.error((*path, "approval_required"), message, "add 'purpose_justification_required: true'")
    if not any(group.approvals_needed for group in policy.approval_groups):
        message = "approval is required, and nobody is asked for it"
        hint = "add 'approval_groups: [{approvals_needed: 1, email_addresses: [boss@example.com]}]'"
        report.error((*path, "approval_groups"), message, hint)
    for index, group in enumerate(policy.approval_groups):
        _enough(group, (*path, "approval_groups", index), declared, report)
    if "mail" not in declared.present:
        message = "without a mail server no approver hears of a request; visitors have to send the link themselves"
        report.warning((*path, "approval_required"), message, "add 'mail:' with host and sender")


def _enough(group: ApprovalGroupPart, path: Path, declared: Declared, report: Report) -> None:
    """A group of two that needs three can never agree. One more is needed where the one who asks is an approver too."""
    if any(address.startswith("@") for address in group.email_addresses):
        return
    listed = [
        address
        for placed in declared.lists
        if group.email_list_uuid and group.email_list_uuid in (placed.value.name, placed.value.id)
        for address in placed.value.emails
    ]
    people = len({*group.email_addresses, *listed})
    if people < group.approvals_needed and not _unknown_list(group, declared):
        message = f"{group.approvals_needed} have to approve, and the group has {people}"
        report.error((*path, "approvals_needed"), message, "add people to the group, or ask for fewer")


def _unknown_list(group: ApprovalGroupPart, declared: Declared) -> bool:
    """Its members cannot be counted; that it is not there, or cannot be read, is said elsewhere."""
    known = {key for placed in declared.lists for key in (placed.value.name, placed.value.id)}
    return bool(group.email_list_uuid) and group.email_list_uuid not in known
