"""Whether what a policy asks for beyond its rules is there: a reason, or an approval. Weighed at every decision."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from doorward.grants.approvers import missing
from doorward.grants.grant import Grant, State
from doorward.policy.model import Directory, Policy
from doorward.policy.verdict import Match, Outcome, PolicyTrace, RuleTrace, Verdict


@dataclass(frozen=True, slots=True)
class Clearance:
    """What one session asked for at one application, the newest first."""

    session_nonce: str = ""
    application_id: str = ""
    grants: tuple[Grant, ...] = ()

    def only(self, session_nonce: str, application_id: str) -> Clearance:
        """This one, if it is about this session at this application; else nothing."""
        same = (self.session_nonce, self.application_id) == (session_nonce, application_id)
        return self if same else NO_CLEARANCE

    def covering(self, policy: Policy, directory: Directory, now: int) -> Grant | None:
        """The grant by which this policy lets in now. That the policy asks for none is another matter."""
        return next((grant for grant in self.grants if self._covers(grant, policy, directory, now)), None)

    def latest(self, policy: Policy, now: int) -> Grant | None:
        """The request by this policy that waits, else the newest one, whatever became of it."""
        found = [grant for grant in self.grants if self._about(grant, policy)]
        return next((grant for grant in found if grant.state(now) is State.PENDING), found[0] if found else None)

    def insufficient(self, policy: Policy, directory: Directory, now: int) -> frozenset[str]:
        """The ids of those that are in force and not enough: who approved may no longer do so, or more are needed now."""
        ongoing = (grant for grant in self.grants if self._about(grant, policy) and grant.state(now) is State.IN_FORCE)
        return frozenset(grant.id for grant in ongoing if not self._covers(grant, policy, directory, now))

    def _covers(self, grant: Grant, policy: Policy, directory: Directory, now: int) -> bool:
        if not self._about(grant, policy) or grant.state(now) is not State.IN_FORCE:
            return False
        # By the groups as they are now: whoever is no approver any more has approved nothing.
        return not policy.approval_required or missing(grant, policy, directory) == 0

    def _about(self, grant: Grant, policy: Policy) -> bool:
        return (grant.session_nonce, grant.application_id, grant.policy_id) == (
            self.session_nonce,
            self.application_id,
            policy.id,
        )


NO_CLEARANCE: Final = Clearance()


@dataclass(frozen=True, slots=True)
class Weighed:
    """A verdict after the grants were looked at."""

    verdict: Verdict
    """``login`` in place of ``allow`` where something is missing: the team domain asks for it."""
    grant: Grant | None = None
    """The one that it rests on."""
    factor_until: int | None = None
    """Until when the second factor counts that was shown; None: none is demanded."""

    @property
    def until(self) -> int | None:
        """When a token that is issued now has to end; None: neither a grant nor a second factor limits it."""
        ends = (self.grant.ends_at if self.grant is not None else None, self.factor_until)
        return min((end for end in ends if end is not None), default=None)


def asks_for_more(policies: Iterable[Policy]) -> bool:
    """Whether any of these policies wants a reason or an approval."""
    return any(policy.purpose_justification_required or policy.approval_required for policy in policies)


def weigh(verdict: Verdict, clearance: Clearance, directory: Directory, now: int) -> Weighed:
    """Nobody is let in by a policy that asks for more before that is there. Every other verdict stays as it is."""
    policy = verdict.policy
    if verdict.outcome is not Outcome.ALLOW or policy is None or not asks_for_more((policy,)):
        return Weighed(verdict)
    grant = clearance.covering(policy, directory, now)
    told = _told(verdict, policy, _rule(policy, grant, clearance.latest(policy, now), now))
    if grant is None:
        return Weighed(told.model_copy(update={"outcome": Outcome.LOGIN, "policy": None}))
    return Weighed(told, grant)


def _told(verdict: Verdict, policy: Policy, rule: RuleTrace) -> Verdict:
    """With one more rule in the trace of the policy that matched."""
    trace = tuple(_extended(one, rule) if one.policy_id == policy.id else one for one in verdict.trace)
    return verdict.model_copy(update={"trace": trace})


def _extended(trace: PolicyTrace, rule: RuleTrace) -> PolicyTrace:
    match = trace.match if rule.match is Match.YES else Match.NO
    return trace.model_copy(update={"rules": (*trace.rules, rule), "match": match})


def _rule(policy: Policy, grant: Grant | None, latest: Grant | None, now: int) -> RuleTrace:
    name = "approval_required" if policy.approval_required else "purpose_justification_required"
    shown: dict[str, Any] = {name: True}
    about = grant or latest
    if about is not None:
        shown["grant"] = about.id
    because = _because(grant) if grant is not None else _lacking(latest, now)
    return RuleTrace(part="require", rule=shown, match=Match.YES if grant is not None else Match.NO, because=because)


def _because(grant: Grant) -> str:
    by = f"approved by {', '.join(grant.approvers)}" if grant.needs_approval else "a reason was given"
    until = _moment(grant.ends_at or 0)
    return f"{by}, until {until}; the reason: {grant.reason}"


def _lacking(latest: Grant | None, now: int) -> str:
    if latest is None:
        return "nobody has asked in this session"
    state = latest.state(now)
    if state is State.IN_FORCE:
        return "it was approved by people who, by the policy as it is now, are not enough"
    return _LACKING[state]


_LACKING: Final = {
    State.PENDING: "approvals are still missing",
    State.DENIED: "an approver refused",
    State.LAPSED: "no approver answered in time",
    State.OVER: "the time that was granted is over",
    State.REVOKED: "what was granted has been revoked",
}


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
