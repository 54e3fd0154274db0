"""What a session has shown of second factors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from doorward.identity import Identity
from doorward.policy.mfa import Authenticator

FRESH: Final = 600
"""Seconds for which a factor, or a recovery code, that was shown lets its owner set up another one (access.md 4.7)."""
_AMR: Final = {
    **dict.fromkeys(("hwk", "swk"), Authenticator.SECURITY_KEY),
    "otp": Authenticator.TOTP,
    **dict.fromkeys(("face", "fpt", "iris", "retina", "vbm"), Authenticator.BIOMETRICS),
}


@dataclass(frozen=True, slots=True)
class Proof:
    """One factor, shown once. It counts for the session it was shown in, and for no other."""

    kind: Authenticator
    at: int
    """Unix seconds."""
    factor_id: str = ""
    """Which one of the person's; empty: an identity provider reported it."""


@dataclass(frozen=True, slots=True)
class Proofs:
    """Everything that one session has shown."""

    session_nonce: str = ""
    proofs: tuple[Proof, ...] = ()
    recovered_at: int | None = None
    """When it showed a recovery code, Unix seconds."""

    def recovered(self, now: int) -> bool:
        """Whether a recovery code was just shown."""
        return self.recovered_at is not None and now - self.recovered_at < FRESH

    def freshly_shown(self, now: int) -> frozenset[Authenticator]:
        """The kinds of the person's own authenticators that were just shown."""
        return frozenset(proof.kind for proof in self.proofs if proof.factor_id and now - proof.at < FRESH)

    def only(self, session_nonce: str) -> Proofs:
        """These, if they are this session's; else none."""
        return self if self.session_nonce == session_nonce else NO_PROOFS


NO_PROOFS: Final = Proofs()


def reported(identity: Identity, since: int) -> Iterable[Proof]:
    """What the identity provider says was shown to it at the login, at ``since`` (Unix seconds).

    A one-time PIN of ours arrives in the mailbox that names the person: it is the first factor and no second one.
    """
    if identity.idp_type == "onetimepin":
        return ()
    return tuple(Proof(_AMR[method], since) for method in identity.amr if method in _AMR)
