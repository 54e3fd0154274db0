"""Whether the second factor that is demanded was shown. Weighed at every decision, and told in its trace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from doorward.policy.mfa import Authenticator
from doorward.policy.verdict import Match, Outcome, PolicyTrace, RuleTrace, Verdict
from doorward.second_factor.demand import Demand
from doorward.second_factor.proof import Proof


@dataclass(frozen=True, slots=True)
class Shown:
    """A verdict after the second factor was looked at."""

    verdict: Verdict
    """``login`` in place of ``allow`` where it is missing: the team domain asks for it."""
    until: int | None = None
    """When a token that is issued now has to end, Unix seconds; None: second factors do not limit it."""


def show(verdict: Verdict, demand: Demand | None, shown: tuple[Proof, ...], now: int) -> Shown:
    """Nobody is let in where a factor is demanded before it was shown. Every other verdict stays as it is.

    Args:
        verdict: what the policies say.
        demand: what :func:`demanded` says about the policy that allowed.
        shown: by the very session that the verdict is about: its own proofs, and what its provider reported.
        now: Unix seconds.
    """
    policy = verdict.policy
    if verdict.outcome is not Outcome.ALLOW or policy is None or demand is None:
        return Shown(verdict)
    ends = _ends(demand, shown)
    until = max(ends, default=0)
    enough = until > now
    because = _because(ends[until], until) if enough else _lacking(shown, demand, until)
    rule = RuleTrace(part="require", rule=_rule(demand), match=Match.YES if enough else Match.NO, because=because)
    trace = tuple(_extended(one, rule) if one.policy_id == policy.id else one for one in verdict.trace)
    told = verdict.model_copy(update={"trace": trace})
    if not enough:
        return Shown(told.model_copy(update={"outcome": Outcome.LOGIN, "policy": None}))
    return Shown(told, until)


def counting_until(demand: Demand, shown: tuple[Proof, ...], now: int) -> int | None:
    """Until when what was shown is enough, Unix seconds; None: it is not."""
    until = max(_ends(demand, shown), default=0)
    return until if until > now else None


def _ends(demand: Demand, shown: tuple[Proof, ...]) -> dict[int, Proof]:
    return {end: proof for proof in shown if (end := _end(proof, demand)) is not None}


def _end(proof: Proof, demand: Demand) -> int | None:
    """Until when this counts for that, Unix seconds; None: it is of a kind that does not."""
    if proof.kind not in demand.allowed:
        return None
    if proof.factor_id:
        return proof.at + demand.seconds
    return None if demand.amr_seconds is None else proof.at + demand.amr_seconds


def _rule(demand: Demand) -> dict[str, object]:
    return {"mfa_config": {"allowed_authenticators": [kind.value for kind in demand.allowed], "of": demand.by}}


def _because(proof: Proof, until: int) -> str:
    where = "" if proof.factor_id else ", as the identity provider says"
    return f"{_NAMES[proof.kind]} was shown{where}; it counts until {_moment(until)}"


def _lacking(shown: tuple[Proof, ...], demand: Demand, until: int) -> str:
    if until:
        return f"what was shown counted until {_moment(until)}"
    if shown:
        kinds = ", ".join(sorted({_NAMES[proof.kind] for proof in shown}))
        return f"{kinds} was shown, which does not count here"
    return f"nothing was shown in this session; {' or '.join(_NAMES[kind] for kind in demand.allowed)} is needed"


def _extended(trace: PolicyTrace, rule: RuleTrace) -> PolicyTrace:
    match = trace.match if rule.match is Match.YES else Match.NO
    return trace.model_copy(update={"rules": (*trace.rules, rule), "match": match})


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


_NAMES = {
    Authenticator.TOTP: "a code of an authenticator app",
    Authenticator.BIOMETRICS: "a passkey of a device",
    Authenticator.SECURITY_KEY: "a security key",
}
