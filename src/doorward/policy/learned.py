"""What was learned for one evaluation beside the request and the identity: reports, answers of other services, tokens of
other applications. Whoever evaluates gathers it first; rules only look.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

RiskLevel = Literal["low", "medium", "high", "unscored"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Word(StrEnum):
    """What came of asking another service."""

    YES = "yes"
    NO = "no"
    FAILED = "failed"
    """No answer, or one that cannot be trusted."""


class Evaluation(_Model):
    """An external evaluation (access.md 4.8) that was asked for."""

    word: Word
    because: str
    """In words, for the trace."""


class Posture(_Model):
    """What holds about a device posture check."""

    passed: bool | None
    """None: it cannot be told (reported once, and that is over)."""
    because: str


class Risk(_Model):
    """What holds about a person's risk score."""

    level: RiskLevel | None
    """None: it cannot be told."""
    because: str


class Learned(_Model):
    """Empty: nothing was learned, and every rule that asks for it stays closed."""

    postures: Mapping[str, Posture] = Field(default_factory=dict)
    """By ``integration_uid``."""
    risk: Risk | None = None
    """None: nobody reports scores."""
    evaluations: Mapping[tuple[str, str], Evaluation] = Field(default_factory=dict)
    """By ``evaluate_url`` and ``keys_url``. What is not in here was not asked yet."""
    linked: str | None = None
    """Id of the application whose token this very request shows, on a person's behalf."""


NOTHING_LEARNED = Learned()
