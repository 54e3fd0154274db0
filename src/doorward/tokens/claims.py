"""The claims of each kind of token as frozen types (access.md 2.2 to 2.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NewType

from doorward.client_certificates import CertificateFacts

SignedToken = NewType("SignedToken", str)
"""A compact JWS that this process minted or fully verified. Only ``tokens.jwt`` makes these."""


@dataclass(frozen=True, slots=True)
class AppClaims:
    """An application token. Times are Unix seconds."""

    iss: str
    aud: str
    """One audience tag; an array with this one member on the wire."""
    sub: str
    """User UUID; empty for non-identity tokens."""
    iat: int
    exp: int
    nonce: str
    """64 hex: this token's own identifier, what revocation names."""
    email: str = ""
    identity_nonce: str = ""
    """16 alphanumerics: the session the identity is looked up by."""
    country: str = ""
    policy_id: str = ""
    common_name: str = ""
    """Non-identity tokens only (access.md 2.3)."""
    custom: Mapping[str, Any] = field(default_factory=dict)
    binding: str = field(default="", repr=False, compare=False)
    """Never in the token: the secret for CF_Binding, whose hex SHA-256 is ``nonce``. Empty in verified claims."""


@dataclass(frozen=True, slots=True)
class OrgClaims:
    """The org (global session) token of the team domain (access.md 2.4)."""

    iss: str
    sub: str
    email: str
    account_id: str
    iat: int
    exp: int
    identity_nonce: str
    identity: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MetaClaims:
    """The ``meta`` parameter of the login redirect: private between our edge and our team domain (access.md 1.1)."""

    aud: str
    hostname: str
    redirect_url: str
    """Path and query on the application's host."""
    app_session_hash: str
    """Hex SHA-256 of the CF_AppSession cookie's value."""
    iat: int
    exp: int
    auth_status: str = "NONE"
    service_token_status: bool = False
    real_country: str = ""
    certificate: CertificateFacts | None = None
    """The client certificate that counted at the application's host; None: none did."""
    former_user: str = ""
    """Id of the user whose expired token came along with a form that is to be sent again; else empty, and not written."""
