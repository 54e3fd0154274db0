"""What a policy asks for beyond its rules: from the file's names to ids. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from doorward.policy.approval import ApprovalGroup
from doorward.settings.file.objects import PolicyPart


def approval_of(part: PolicyPart, lists: Mapping[str, str]) -> dict[str, Any]:
    """The fields of :class:`doorward.policy.model.Policy` about a reason and approval. ``lists``: name or id to id."""
    return {
        "purpose_justification_required": part.purpose_justification_required,
        "purpose_justification_prompt": part.purpose_justification_prompt,
        "approval_required": part.approval_required,
        "approval_groups": tuple(
            ApprovalGroup(
                approvals_needed=group.approvals_needed,
                email_addresses=group.email_addresses,
                email_list_uuid=lists[group.email_list_uuid] if group.email_list_uuid else "",
            )
            for group in part.approval_groups
        ),
    }
