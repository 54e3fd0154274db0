"""Access that somebody asked for and was given for a time (access.md 4.5, 4.6)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a grant is in its life."""

    PENDING = "pending"
    """Asked for; approvals are missing."""
    IN_FORCE = "in_force"
    DENIED = "denied"
    LAPSED = "lapsed"
    """Nobody answered in time."""
    OVER = "over"
    """It was in force, and its time is up."""
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Approval:
    """What one approver said. ``approver_id`` is the ``sub`` of the session that proved who it is."""

    approver_id: str
    email: str
    """Canonical."""
    approved: bool
    """False: refused, which ends the matter."""
    seconds: int
    """For how long, from the moment that all approvals are there; 0 where it was refused."""
    at: int


@dataclass(frozen=True, slots=True)
class Grant:
    """From the reason that somebody gave to the end of the access it earned. Times are Unix seconds.

    It is for one session at one application by one policy: whoever signs in again, asks again.
    """

    id: str
    """32 hex characters."""
    session_nonce: str
    """``identity_nonce`` of the session that asked."""
    user_id: str
    email: str
    """Canonical; whose access it is."""
    application_id: str
    policy_id: str
    reason: str
    """What the visitor wrote, on one line."""
    asked_at: int
    lapses_at: int
    """Until when it may be answered."""
    needs_approval: bool
    """False: giving a reason was enough (access.md 4.5)."""
    approvals: tuple[Approval, ...] = ()
    """In the order they came."""
    granted_at: int | None = None
    ends_at: int | None = None
    """No token that rests on it lives longer."""
    revoked_at: int | None = None

    def state(self, now: int) -> State:
        """At exactly ``ends_at`` it is over."""
        if self.revoked_at is not None:
            return State.REVOKED
        if any(not approval.approved for approval in self.approvals):
            return State.DENIED
        if self.granted_at is None or self.ends_at is None:
            return State.PENDING if now < self.lapses_at else State.LAPSED
        return State.IN_FORCE if now < self.ends_at else State.OVER

    @property
    def approvers(self) -> tuple[str, ...]:
        """The addresses of those who agreed."""
        return tuple(approval.email for approval in self.approvals if approval.approved)
