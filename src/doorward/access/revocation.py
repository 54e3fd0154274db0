"""Taking access away from what was already granted (access.md 5.2): what one revocation covers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from doorward.tokens.claims import AppClaims


class Scope(StrEnum):
    """Whose access ends."""

    SESSION = "session"
    """One login, by its ``identity_nonce``."""
    USER = "user"
    """One person, by ``sub``: every login."""
    APPLICATION = "app"
    """One application, by its id: every token for it. Logins stay."""
    POLICY = "policy"
    """One policy, by its id: every token it granted. Logins stay."""
    EVERYONE = "all"
    """Every login and every token."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """One act of an operator."""

    id: str
    """UUID."""
    scope: Scope
    target: str
    """Id of what ``scope`` names; empty for everyone."""
    at: int
    """Unix seconds."""

    def covers(self, application_id: str, claims: AppClaims) -> bool:
        """True when it was about tokens of this application with these claims. What came after it is not: ask the snapshot."""
        match self.scope:
            case Scope.SESSION:
                return claims.identity_nonce == self.target
            case Scope.USER:
                return claims.sub == self.target
            case Scope.APPLICATION:
                return application_id == self.target
            case Scope.POLICY:
                return claims.policy_id == self.target
            case _:
                return True
