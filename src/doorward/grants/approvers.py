"""Who may approve, and whether enough did. One's own request never counts, whatever the groups say."""

from __future__ import annotations

from collections.abc import Iterable

from doorward.grants.grant import Approval, Grant
from doorward.identity import canonical_email
from doorward.policy.approval import ApprovalGroup
from doorward.policy.model import Directory, Policy


def is_approver(email: str, policy: Policy, directory: Directory) -> bool:
    """Whether this address stands in one of the policy's approval groups."""
    return any(_member(email, group, directory) for group in policy.approval_groups)


def is_own(grant: Grant, user_id: str, email: str) -> bool:
    """Whether somebody with this ``sub`` or this address is the one who asked."""
    return grant.user_id == user_id or canonical_email(grant.email) == canonical_email(email)


def missing(grant: Grant, policy: Policy, directory: Directory) -> int:
    """How many approvals are still needed, by the groups as they are now; 0: enough of the right people agreed.

    Every group has to be satisfied. Who stands in several of them counts in each. Without any group, or where no group
    needs anybody, nobody could have agreed: then one approval is missing for ever.
    """
    agreed = [approval for approval in grant.approvals if _counts(grant, approval)]
    lacking = sum(
        max(0, group.approvals_needed - _agreeing(agreed, group, directory)) for group in policy.approval_groups
    )
    return lacking if any(group.approvals_needed for group in policy.approval_groups) else 1


def recipients(grant: Grant, policy: Policy, directory: Directory) -> tuple[str, ...]:
    """The addresses that are told of a request, each once: every approver who is named, but the one who asks."""
    named = [
        address
        for group in policy.approval_groups
        for address in (*group.email_addresses, *sorted(_listed(group, directory)))
        if not address.startswith("@") and canonical_email(address) != canonical_email(grant.email)
    ]
    return tuple(dict.fromkeys(named))


def _counts(grant: Grant, approval: Approval) -> bool:
    return approval.approved and not is_own(grant, approval.approver_id, approval.email)


def _agreeing(approvals: Iterable[Approval], group: ApprovalGroup, directory: Directory) -> int:
    """Each person once."""
    return len({approval.approver_id for approval in approvals if _member(approval.email, group, directory)})


def _member(email: str, group: ApprovalGroup, directory: Directory) -> bool:
    email = canonical_email(email)
    local, _, domain = email.rpartition("@")
    named = {*group.email_addresses, *_listed(group, directory)}
    return bool(local) and (email in named or f"@{domain}" in named)


def _listed(group: ApprovalGroup, directory: Directory) -> frozenset[str]:
    """A list that is not there has nobody in it."""
    found = directory.lists.get(group.email_list_uuid)
    return found.emails if found is not None else frozenset()
