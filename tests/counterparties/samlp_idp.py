"""npm ``samlp``: a SAML provider that can sign the response, the assertion or both, and encrypt (AES-256-GCM)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.counterparties.oidc_provider import install, why_not
from tests.counterparties.provider import announced
from tests.counterparties.saml_key import provider_key

HERE = Path(__file__).parent / "samlp"

__all__ = ["SamlProvider", "samlp_idp", "why_not"]


@dataclass(frozen=True, slots=True)
class SamlProvider:
    """A real SAML provider that listens on loopback."""

    entity_id: str
    address: str
    certificate: str
    """PEM."""

    def config(self, way: str) -> dict[str, Any]:
        """``config`` of an identity provider of type ``saml``, for one of its endpoints."""
        return {
            "issuer_url": self.entity_id,
            "sso_target_url": f"{self.address}/{way}",
            "idp_public_certs": [self.certificate],
        }


@contextmanager
def samlp_idp(accounts: Mapping[str, Mapping[str, Any]] | None = None) -> Iterator[SamlProvider]:
    """Run the provider until the block ends. ``accounts``: login name to ``email``, ``groups`` and ``department``."""
    install(HERE)
    key, certificate = provider_key()
    entity_id = "urn:example:samlp"
    settings = {"port": 0, "entityId": entity_id, "key": key, "cert": certificate, "accounts": dict(accounts or {})}
    with announced(["node", "--no-warnings", "idp.mjs", json.dumps(settings)], {}, HERE) as told:
        yield SamlProvider(entity_id, f"http://127.0.0.1:{told['port']}", certificate)
