"""An approver's answer: who may give it, once, and when it is enough (access.md 4.6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from typing import Final

from doorward.errors import DoorwardError
from doorward.grants.approvers import is_approver, is_own, missing
from doorward.grants.grant import Approval, Grant, State
from doorward.identity import canonical_email
from doorward.policy.model import Directory, Policy

CHOICES: Final = tuple(timedelta(minutes=minutes) for minutes in (15, 30, 60, 2 * 60, 4 * 60, 8 * 60, 12 * 60, 24 * 60))
"""What an approver may choose from; 24 hours is the most that access.md 4.6 knows."""


class Why(StrEnum):
    """Why an answer does not count."""

    OWN = "own_request"
    NOT_AN_APPROVER = "not_an_approver"
    ANSWERED = "answered"
    """By this very person."""
    SETTLED = "settled"
    """It is granted, denied, revoked, or nobody answered in time."""
    DURATION = "duration"


class AnswerRefusedError(DoorwardError):
    """The answer changes nothing."""

    code = "approval"

    def __init__(self, why: Why) -> None:
        super().__init__(f"the answer does not count: {why.value}")
        self.why = why


def obstacle(
    grant: Grant, approver_id: str, email: str, policy: Policy | None, directory: Directory, now: int
) -> Why | None:
    """What keeps this person from answering; None: nothing does. Whether they are an approver at all comes first.

    ``policy``: the one that the request is about, as it is now; None when it is gone, and then nobody may answer.
    """
    if policy is None or not policy.approval_required or not is_approver(email, policy, directory):
        return Why.NOT_AN_APPROVER
    if is_own(grant, approver_id, email):
        return Why.OWN
    if any(approver_id == one.approver_id or canonical_email(email) == one.email for one in grant.approvals):
        return Why.ANSWERED
    return None if grant.state(now) is State.PENDING else Why.SETTLED


def answered(grant: Grant, approval: Approval, policy: Policy | None, directory: Directory, now: int) -> Grant:
    """The grant with one more answer. With the last one that is needed it comes into force, for the shortest of the
    times that were chosen. One refusal ends it.

    Raises:
        AnswerRefusedError: this answer does not count; nothing has changed.
    """
    why = obstacle(grant, approval.approver_id, approval.email, policy, directory, now)
    if why is not None or policy is None:
        raise AnswerRefusedError(why or Why.NOT_AN_APPROVER)
    if approval.approved and timedelta(seconds=approval.seconds) not in CHOICES:
        raise AnswerRefusedError(Why.DURATION)
    after = replace(grant, approvals=(*grant.approvals, approval))
    if not approval.approved or missing(after, policy, directory):
        return after
    return replace(after, granted_at=now, ends_at=now + min(one.seconds for one in after.approvals))
