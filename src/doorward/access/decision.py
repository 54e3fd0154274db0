"""What ``decide`` may answer. Only Allow carries an identity; there is no boolean and no None that could mean yes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from doorward.applications import Application
from doorward.grants import Grant
from doorward.policy.model import Evidence
from doorward.policy.verdict import Verdict
from doorward.service_tokens import Authenticated
from doorward.tokens.claims import AppClaims, SignedToken


@dataclass(frozen=True, slots=True)
class Allow:
    """Let through with a verified identity: ``token`` is the very token that was verified (or is to be minted)."""

    application: Application
    claims: AppClaims
    token: SignedToken | None
    """None: the shell mints ``claims`` (the visitor's token was too old but the session holds, or there was none yet)."""
    verdict: Verdict
    cookie: bool = False
    """The client is given the token in a cookie."""
    service: Authenticated | None = None
    """The service token that was proven, where a program is let in."""
    grant: Grant | None = None
    """The access for a time that it rests on, where the policy wants one."""


@dataclass(frozen=True, slots=True)
class Bypass:
    """To the origin with no identity at all."""

    application: Application | None
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class LoginRequired:
    """302 to the team domain (access.md 1.1)."""

    application: Application
    verdict: Verdict


class Refusal(StrEnum):
    """Why a request is refused: machine code, audit field and choice of page."""

    NO_APPLICATION = "no_application"
    POLICY = "policy"
    """Evaluated and not allowed."""
    LOGIN_BY_SCRIPT = "login_by_script"
    """An XHR that would need a login: 401 (access.md 1.2)."""
    SERVICE_AUTH_ONLY = "service_auth_only"
    """No login can help; a valid service credential would: 403, or 401 when the application asks for it."""
    SERVICE_TOKEN = "service_token"  # noqa: S105 - a reason's code
    """Strict mode: the service token in the headers cannot be authenticated: 401 (access.md 3.4)."""
    SERVICE_TOKEN_NOT_PERMITTED = "service_token_not_permitted"  # noqa: S105 - a reason's code
    """Strict mode: it is a good one, and no policy lets it in: 403."""
    GOING_ROUND = "going_round"
    """Sent to the login again and again, and never with a token that counts: 400 and an explanation, in place of one more
    redirect."""
    PREFLIGHT = "preflight"
    """OPTIONS preflight without a session and without CORS settings: 403."""
    METHOD = "method"
    """TRACE and CONNECT."""


@dataclass(frozen=True, slots=True)
class Deny:
    """Refused. ``status`` is what access.md 1.2 prescribes."""

    application: Application | None
    refusal: Refusal
    status: int
    verdict: Verdict | None
    evidence: Evidence | None = field(default=None, repr=False)
    """What the policies were asked about, where they said no."""


@dataclass(frozen=True, slots=True)
class AnswerPreflight:
    """CORS settings are present: the door answers the preflight itself (access.md 1.11)."""

    application: Application
    headers: tuple[tuple[str, str], ...]


Decision = Allow | Bypass | LoginRequired | Deny | AnswerPreflight
