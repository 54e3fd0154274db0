"""Access for a time: a reason that the visitor gives, and where a policy wants it, people who approve (access.md 4.5, 4.6).

``grant`` what it is; ``asking`` how it begins; ``approvers`` who may approve and whether enough did; ``answering`` what
an approver's answer changes; ``clearance`` what all of that means for one decision.
"""

from __future__ import annotations

from doorward.grants.answering import CHOICES, AnswerRefusedError, Why, answered, obstacle
from doorward.grants.approvers import is_approver, is_own, missing, recipients
from doorward.grants.asking import LONGEST_REASON, SHORTEST_REASON, WAITING, ask, read_reason
from doorward.grants.clearance import NO_CLEARANCE, Clearance, Weighed, asks_for_more, weigh
from doorward.grants.grant import Approval, Grant, State

__all__ = [
    "CHOICES",
    "LONGEST_REASON",
    "NO_CLEARANCE",
    "SHORTEST_REASON",
    "WAITING",
    "AnswerRefusedError",
    "Approval",
    "Clearance",
    "Grant",
    "State",
    "Weighed",
    "Why",
    "answered",
    "ask",
    "asks_for_more",
    "is_approver",
    "is_own",
    "missing",
    "obstacle",
    "read_reason",
    "recipients",
    "weigh",
]
