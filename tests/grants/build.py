"""Grants, policies that want them, and people, to be varied."""

from __future__ import annotations

from typing import Any

from doorward.grants import Approval, Clearance, Grant
from doorward.policy.model import Directory, Policy, RuleList
from doorward.policy.verdict import Match, Outcome, PolicyTrace, Verdict

NOW = 1_800_000_000
HOUR = 3600
SESSION, APP, POLICY = "abcdefgh12345678", "app-1", "policy-1"
GROUP: dict[str, Any] = {"approvals_needed": 1, "email_addresses": ["boss@example.com", "deputy@example.com"]}


def grant(**fields: Any) -> Grant:
    values: dict[str, Any] = {
        "id": "a" * 32, "session_nonce": SESSION, "user_id": "user-ann", "email": "ann@example.com",
        "application_id": APP, "policy_id": POLICY, "reason": "the printer is on fire", "asked_at": NOW,
        "lapses_at": NOW + 24 * HOUR, "needs_approval": True,
    }  # fmt: skip
    return Grant(**(values | fields))


def approval(name: str = "boss", **fields: Any) -> Approval:
    values = {
        "approver_id": f"user-{name}",
        "email": f"{name}@example.com",
        "approved": True,
        "seconds": HOUR,
        "at": NOW,
    }
    return Approval(**(values | fields))


def granted(**fields: Any) -> Grant:
    """In force for an hour, by the boss."""
    return grant(**({"approvals": (approval(),), "granted_at": NOW, "ends_at": NOW + HOUR} | fields))


def policy(*groups: dict[str, Any], **fields: Any) -> Policy:
    values: dict[str, Any] = {
        "id": POLICY, "name": "Policy", "decision": "allow", "include": [{"everyone": {}}],
        "purpose_justification_required": True, "approval_required": True, "approval_groups": groups or (GROUP,),
    }  # fmt: skip
    return Policy.model_validate(values | fields)


def directory(*emails: str) -> Directory:
    return Directory(lists={"list-1": RuleList(id="list-1", name="Approvers", emails=frozenset(emails))})


def clearance(*grants: Grant) -> Clearance:
    return Clearance(SESSION, APP, grants)


def verdict(decided: Policy | None, outcome: Outcome = Outcome.ALLOW) -> Verdict:
    traces = (PolicyTrace(policy_id="other", policy_name="Other", decision="deny", match=Match.NO),)
    if decided is not None:
        traces += (
            PolicyTrace(policy_id=decided.id, policy_name=decided.name, decision=decided.decision, match=Match.YES),
        )
    return Verdict(outcome=outcome, policy=decided, trace=traces, identity_decided=True)
