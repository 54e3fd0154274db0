"""Who has to agree before somebody enters, in the file (access.md 4.6)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from doorward.policy.approval import Approver
from doorward.settings.file.base import Line, MaybeEmpty, Part


class ApprovalGroupPart(Part):
    """One of ``approval_groups``."""

    approvals_needed: Annotated[int, Field(ge=0)]
    email_addresses: Annotated[tuple[Approver, ...], MaybeEmpty] = ()
    email_list_uuid: Line = ""
    """Name or id of one of ``lists``."""


Prompt = Annotated[Line, Field(max_length=500)]
