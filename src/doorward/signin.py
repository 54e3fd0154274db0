"""What is remembered while somebody signs in: attempts, hand-offs and one-time PINs (access.md 1.1, 1.3, 6.4). Pure.

Every record is found by a random secret of which the store keeps only the SHA-256, is bound to one browser, lives
for a short time and is used once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from doorward.client_certificates import CertificateFacts

ATTEMPT_LIFETIME: Final = 3600
"""Seconds somebody may spend at the identity provider."""
HANDOFF_LIFETIME: Final = 120
"""Seconds between the team domain and ``/cdn-cgi/access/authorized`` on the application's host."""
PIN_LIFETIME: Final = 600
"""Seconds a one-time PIN is valid (access.md 6.4)."""
PIN_TRIES: Final = 5
"""Wrong codes after which a one-time PIN is dead."""


def secret_hash(secret: str) -> str:
    """Hex SHA-256 of a random secret: what is stored and compared in its place."""
    return hashlib.sha256(secret.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a login leads: proven by the signed ``meta`` of the redirect that began it."""

    aud: str
    """Audience tag of the application."""
    hostname: str
    """The application's host that the visitor asked for, lower case, no port."""
    redirect_url: str
    """Path and query on that host; begins with exactly one slash."""
    app_session_hash: str
    """Hex SHA-256 of the CF_AppSession value; ``/authorized`` compares it with the cookie."""

    certificate: CertificateFacts | None = None
    """The client certificate that counted there when the login began; each request is judged by its own."""

    @property
    def on_team(self) -> bool:
        """It is one of our own pages on the team domain: nobody enters an application by it."""
        return not self.aud


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """One trip to an identity provider. Times are Unix seconds."""

    state: str
    """Random; the ``state`` parameter (OIDC) or RelayState (SAML)."""
    idp_id: str
    destination: Destination | None
    """None: no application waits (``refresh-identity`` and logins that begin on the team domain)."""
    browser_hash: str
    """Hex SHA-256 of the CF_Session cookie of the browser that began."""
    nonce: str
    """The ``nonce`` claim the id_token must carry."""
    code_verifier: str
    """PKCE (RFC 7636)."""
    created_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Handoff:
    """A decided login on its way from the team domain to the application's host."""

    nonce: str
    """Random; the ``nonce`` parameter of ``/cdn-cgi/access/authorized``."""
    destination: Destination
    session_nonce: str
    """``identity_nonce`` of the session that was allowed."""
    policy_id: str
    """The policy that allowed."""
    token_lifetime: int
    """Seconds the app token will live."""
    created_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class PinChallenge:
    """One requested PIN. A newer request by the same browser and address replaces it."""

    nonce: str
    """Random; names the challenge in the form. Not secret from the visitor, useless without the code and the browser."""
    email: str
    """Lower case, validated."""
    code_hash: str
    """Hex SHA-256 over nonce and code; empty when no mail was sent (an address that no policy could allow)."""
    idp_id: str
    destination: Destination | None
    browser_hash: str
    tries_left: int
    created_at: int
    expires_at: int
    used_at: int | None = None
