"""What somebody has set up as second factors, and what that lets them do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from doorward.policy.mfa import Authenticator
from doorward.second_factor.demand import Demand
from doorward.second_factor.proof import Proof, Proofs

MOST_FACTORS: Final = 10
"""Of one person."""


@dataclass(frozen=True, slots=True)
class Factor:
    """One authenticator of one person. Times are Unix seconds."""

    id: str
    """32 hex characters."""
    user_id: str
    kind: Authenticator
    created_at: int
    secret: str = field(repr=False)
    """TOTP: the shared secret in base32. Passkeys: the public key (COSE) in hex."""
    credential_id: str = ""
    """Of passkeys, in base64url without padding; else empty."""
    sign_count: int = 0
    """Of passkeys: what the authenticator counted when it was last used."""
    last_used_at: int | None = None
    last_step: int = 0
    """Of TOTP: the newest time step whose code was taken."""


class Step(StrEnum):
    """What somebody has to do who has not shown enough."""

    SHOW = "show"
    """Show an authenticator that counts here."""
    ENROLL = "enroll"
    """Set one up."""
    SHOW_OTHER = "show_other"
    """Show one that does not count here, to be allowed to set up one that does."""
    REFUSED = "refused"
    """There is none, and none may be set up on the way."""


def next_step(demand: Demand, factors: Sequence[Factor], proofs: Proofs, now: int) -> Step:
    """Where a visitor is led whose session lacks what is demanded.

    The first authenticator of a person is set up with no other proof than the login. Each further one asks for one
    that is there already (or a recovery code): whoever got hold of the login alone cannot add one of their own.

    Args:
        demand: what is missing.
        factors: everything that the person has set up.
        proofs: what the session has shown.
        now: Unix seconds.
    """
    lost = proofs.recovered(now)  # what they have is not at hand, or they would not have used up a code
    if not lost and any(factor.kind in demand.allowed for factor in factors):
        return Step.SHOW
    if to_enroll(demand, factors, proofs, now):
        return Step.ENROLL
    return Step.SHOW_OTHER if factors else Step.REFUSED


def to_enroll(demand: Demand, factors: Sequence[Factor], proofs: Proofs, now: int) -> tuple[Authenticator, ...]:
    """The kinds that count here and may be set up now."""
    return tuple(kind for kind in demand.allowed if may_enroll(kind, demand, factors, proofs, now))


def to_show(step: Step, demand: Demand, factors: Sequence[Factor], now: int) -> tuple[Factor, ...]:
    """The authenticators that help somebody on: those that count here, or that let them set up one that does."""
    if step is Step.SHOW:
        return tuple(factor for factor in factors if factor.kind in demand.allowed)
    return tuple(
        factor
        for factor in factors
        if to_enroll(demand, factors, Proofs("", (Proof(factor.kind, now, factor.id),)), now)
    )


def may_enroll(kind: Authenticator, demand: Demand, factors: Sequence[Factor], proofs: Proofs, now: int) -> bool:
    """Whether an authenticator of this kind may be set up now: asked again at the very moment that it would be kept.

    Whoever has a passkey shows a passkey to add another one: a code that was talked out of somebody must not become one.
    """
    if kind not in demand.allowed:
        return False
    if not factors:
        return demand.enrollment_allowed
    if proofs.recovered(now):
        return True
    shown = proofs.freshly_shown(now)
    guarded = kind is not Authenticator.TOTP and any(factor.kind is not Authenticator.TOTP for factor in factors)
    return bool(shown - {Authenticator.TOTP} if guarded else shown)
