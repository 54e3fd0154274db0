"""Giving a reason, and with it asking for access (access.md 4.5)."""

from __future__ import annotations

from typing import Final

from doorward.grants.grant import Grant
from doorward.identity import canonical_email
from doorward.policy.model import Policy

SHORTEST_REASON: Final = 3
"""Characters: less says nothing."""
LONGEST_REASON: Final = 500
WAITING: Final = 86_400
"""Seconds for which approvers may answer."""


def read_reason(text: str) -> str | None:
    """What a visitor typed, on one line; None when it is too short or too long.

    Line breaks, control characters and those that change the direction of writing become spaces: the text is shown to
    approvers in pages, mails and terminals, where it must look like what it is.
    """
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line if SHORTEST_REASON <= len(line) <= LONGEST_REASON else None


def ask(
    *,
    grant_id: str,
    session_nonce: str,
    user_id: str,
    email: str,
    application_id: str,
    policy: Policy,
    reason: str,
    seconds: int,
    now: int,
) -> Grant:
    """A request for approval; or, where the policy wants no more than a reason, access for an application's session.

    Args:
        grant_id: 32 random hex characters.
        session_nonce: of the live session that asks.
        user_id: its ``sub``.
        email: its address.
        application_id: where to.
        policy: the one that matched, which wants a reason.
        reason: from :func:`read_reason`.
        seconds: how long an application's session lasts by this policy.
        now: Unix seconds.
    """
    at_once = not policy.approval_required
    return Grant(
        id=grant_id,
        session_nonce=session_nonce,
        user_id=user_id,
        email=canonical_email(email),
        application_id=application_id,
        policy_id=policy.id,
        reason=reason,
        asked_at=now,
        lapses_at=now + WAITING,
        needs_approval=policy.approval_required,
        granted_at=now if at_once else None,
        ends_at=now + seconds if at_once else None,
    )
