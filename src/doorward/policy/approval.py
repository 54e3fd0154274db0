"""Who may approve that somebody enters (access.md 4.6)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag

from doorward.policy.rules import EmailAddress, EmailDomainName


def _form(value: Any) -> str:
    return "<domain>" if isinstance(value, str) and value.strip().startswith("@") else "<address>"


EveryAddress = Annotated[EmailDomainName, AfterValidator(lambda domain: f"@{domain}")]
Approver = Annotated[
    Annotated[EmailAddress, Tag("<address>")] | Annotated[EveryAddress, Tag("<domain>")], Discriminator(_form)
]
"""An address, or ``@example.com`` for everybody with an address at that domain. Lower case."""


class ApprovalGroup(BaseModel):
    """One of ``approval_groups``: so many of these people have to agree."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    approvals_needed: Annotated[int, Field(ge=0)]
    email_addresses: tuple[Approver, ...] = ()
    email_list_uuid: str = ""
    """Id of a list whose addresses may approve as well; empty for none."""
