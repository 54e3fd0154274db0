"""Everything decisions depend on, immutable; swapped whole when anything changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from doorward.applications import Application, Applications
from doorward.client_certificates import NO_AUTHORITIES, ClientAuthorities
from doorward.organization import IdentityProvider, Ingress, Organization
from doorward.policy.model import Directory
from doorward.reports import ReportSource
from doorward.tokens.claims import AppClaims
from doorward.tokens.keys import KeyRing


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One consistent state. ``edge.xds`` builds Envoy's configuration from it, ``decide`` decides by it."""

    organization: Organization
    applications: Applications
    identity_providers: Mapping[str, IdentityProvider]
    directory: Directory
    ingress: tuple[Ingress, ...]
    keys: KeyRing = field(repr=False)
    revoked: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Application id → the ``nonce`` claims of revoked app tokens that have not yet expired."""

    revoked_before: Mapping[str, int] = field(default_factory=dict)
    """Application id → Unix seconds: tokens issued before that were revoked all together."""

    client_authorities: ClientAuthorities = NO_AUTHORITIES
    """Who vouches for client certificates, and at which hosts (access.md 3.5)."""

    report_sources: tuple[ReportSource, ...] = ()
    """Who may report device postures and risk scores."""

    def revokes(self, application_id: str, claims: AppClaims) -> bool:
        """True when a token of this application with these claims was revoked."""
        return claims.nonce in self.revoked.get(application_id, frozenset()) or claims.iat < self.revoked_before.get(
            application_id, 0
        )

    def application(self, aud: str) -> Application | None:
        """The application with this audience tag."""
        return self.applications.by_aud(aud)
