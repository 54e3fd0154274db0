"""Everything decisions depend on, immutable; swapped whole when anything changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from doorward.applications import Application, Applications
from doorward.organization import IdentityProvider, Ingress, Organization
from doorward.policy.model import Directory
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

    def application(self, aud: str) -> Application | None:
        """The application with this audience tag."""
        return self.applications.by_aud(aud)
