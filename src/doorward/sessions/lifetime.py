"""What a session is and how long things hold (access.md 5.1, 1.7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from doorward.applications import Application
from doorward.identity import Identity
from doorward.organization import Organization
from doorward.policy.model import Policy

DEFAULT_SESSION: Final = timedelta(hours=24)
IMMEDIATE_LIFETIME: Final = timedelta(seconds=10)
"""What a token of an "immediate timeout" session lives (access.md 5.1)."""
LOGIN_SESSION: Final = timedelta(hours=4)
"""CF_Session and the login attempts bound to it (access.md 1.7)."""
APP_SESSION: Final = timedelta(hours=24)
"""CF_AppSession (access.md 1.7)."""
ATTEMPT_SESSION: Final = timedelta(hours=1)
"""The cookie of a single login attempt beside CF_AppSession."""
META_LIFETIME: Final = 300
"""Seconds between the login redirect and the team domain (access.md 1.1)."""


@dataclass(frozen=True, slots=True)
class Session:
    """One login of one person on the team domain: what ``identity_nonce`` names. Times are Unix seconds."""

    nonce: str
    """16 alphanumerics: ``identity_nonce``."""
    user_id: str
    """UUID: ``sub``."""
    identity: Identity
    created_at: int
    expires_at: int
    ip: str = ""
    country: str = ""
    revoked_at: int | None = None

    def live(self, now: int) -> bool:
        """True while the session may be used: not revoked, not expired (at exactly ``expires_at`` it is over)."""
        return self.revoked_at is None and now < self.expires_at


def app_session_lifetime(application: Application, policy: Policy | None, organization: Organization) -> timedelta:
    """Life of an app token: policy, else application, else organization (access.md 5.1); never zero."""
    if policy is not None and policy.session_duration is not None:
        chosen = policy.session_duration
    elif application.session_duration is not None:
        chosen = application.session_duration
    else:
        chosen = organization.session_duration
    return max(chosen, IMMEDIATE_LIFETIME)
