"""Taking access away from what was already granted (access.md 5.2): what one revocation covers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from doorward.grants import Grant
from doorward.service_tokens import ServiceToken
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
    GRANT = "grant"
    """What one session was granted at one application for a time, by :func:`grant_target`. The login stays."""
    SERVICE_TOKEN = "token"  # noqa: S105 - a scope's name
    """One service token, by :func:`service_token_target`: it is deleted, and every app token it earned ends."""
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
            case Scope.GRANT:
                return self.target.split(" ")[1:] == [claims.identity_nonce, application_id, claims.policy_id]
            case Scope.SERVICE_TOKEN:
                return bool(claims.common_name) and claims.common_name == self.target.partition(" ")[2]
            case _:
                return True


def grant_target(grant: Grant) -> str:
    """The target of a revocation of this grant: its id, and what tokens that rest on it say."""
    return f"{grant.id} {grant.session_nonce} {grant.application_id} {grant.policy_id}"


def whose_grant(target: str) -> str:
    """The id of the grant that such a target names."""
    return target.partition(" ")[0]


def service_token_target(token: ServiceToken) -> str:
    """The target of a revocation of this service token: its id, and what the app tokens it earns say."""
    return f"{token.id} {token.client_id}"


def whose_service_token(target: str) -> str:
    """The id of the service token that such a target names."""
    return target.partition(" ")[0]
