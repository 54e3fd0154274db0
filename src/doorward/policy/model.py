"""Policies, groups and lists as the API has them (access.md 4.3), frozen."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from doorward.client_certificates import CertificateFacts
from doorward.durations import Duration
from doorward.identity import Identity
from doorward.policy.approval import ApprovalGroup
from doorward.policy.learned import Learned
from doorward.policy.mfa import MfaConfig
from doorward.policy.rules import EmailAddress, Network, Rule

Action = Literal["allow", "deny", "bypass", "non_identity"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Policy(_Model):
    """One policy. It matches when any include, all require and no exclude rule match (access.md 4.2)."""

    id: str
    name: Annotated[str, Field(min_length=1, max_length=350)]
    decision: Action
    include: Annotated[tuple[Rule, ...], Field(min_length=1)]
    exclude: tuple[Rule, ...] = ()
    require: tuple[Rule, ...] = ()
    session_duration: Duration | None = None
    purpose_justification_required: bool = False
    """Visitors say why they enter, once for each of the application's sessions (access.md 4.5)."""
    purpose_justification_prompt: str = ""
    """What they are asked; empty: our own question."""
    approval_required: bool = False
    """Others have to agree that they enter (access.md 4.6)."""
    approval_groups: tuple[ApprovalGroup, ...] = ()
    """All of them have to."""
    mfa_config: MfaConfig | None = None
    """The second factor that is demanded of whom this policy lets in (access.md 4.7); None: as the application says."""


class AccessGroup(_Model):
    """A named set of rules that policies and other groups refer to."""

    id: str
    name: Annotated[str, Field(min_length=1, max_length=350)]
    include: Annotated[tuple[Rule, ...], Field(min_length=1)]
    exclude: tuple[Rule, ...] = ()
    require: tuple[Rule, ...] = ()


class RuleList(_Model):
    """A list that ``email_list`` or ``ip_list`` rules name."""

    id: str
    name: str
    emails: frozenset[EmailAddress] = frozenset()
    """Lower case."""
    networks: tuple[Network, ...] = ()


class Directory(_Model):
    """What rules may refer to: groups and lists by id."""

    groups: Mapping[str, AccessGroup] = Field(default_factory=dict)
    lists: Mapping[str, RuleList] = Field(default_factory=dict)


class Evidence(_Model):
    """Everything that is known when policies are evaluated. ``identity`` is None before login."""

    identity: Identity | None = None
    ip: IPv4Address | IPv6Address | None = None
    country: str | None = None
    """ISO 3166-1 alpha-2, upper case; None when unknown."""
    service_token: str | None = None
    """Id of the service token that this very request proves (access.md 3.4); None: it proves none."""
    client_certificate: CertificateFacts | None = None
    """The one that this very request's connection proves at its host (access.md 3.5); None: it proves none."""
    learned: Learned = Learned()
    """Reports, answers of other services and tokens of other applications, gathered for this evaluation."""
