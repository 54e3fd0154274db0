"""What evaluating policies says, and why. The trace is part of the value: explaining never decides a second time."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from doorward.policy.model import Action, Policy

Part = Literal["include", "exclude", "require"]


class Match(StrEnum):
    """Kleene's three values. ``unknown``: needs facts that only a login can bring."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    ALLOW = "allow"
    """An allow policy matched a known identity."""
    SERVICE_AUTH = "service_auth"
    """A non_identity policy matched."""
    BYPASS = "bypass"
    LOGIN = "login"
    """Nobody is identified yet and a login could still lead to an allow."""
    DENY = "deny"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class RuleTrace(_Model):
    """One rule looked at."""

    part: Part
    rule: dict[str, object]
    """The rule as JSON."""
    match: Match
    because: str
    """The evidence in words: ``the address 203.0.113.7 is not in 192.0.2.0/24``."""
    inside: tuple[RuleTrace, ...] = ()
    """For a group: its rules."""


class PolicyTrace(_Model):
    policy_id: str
    policy_name: str
    decision: Action
    match: Match
    rules: tuple[RuleTrace, ...] = ()


class Verdict(_Model):
    """The result of evaluation."""

    outcome: Outcome
    policy: Policy | None = None
    """The policy that decided; None when nothing matched or a login is needed."""
    identity_decided: bool = False
    """True when the outcome rests on facts of the identity: without a login it would be ``login`` (access.md 4.4)."""
    service_auth_only: bool = False
    """No allow policy, at least one non_identity policy: no login can help, a service credential could (access.md 1.2)."""
    trace: tuple[PolicyTrace, ...] = ()
    """Every policy looked at, in order."""
