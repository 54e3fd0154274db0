"""What is kept of a provider's claims beside a decision, so that it can be replayed under other rules."""

from __future__ import annotations

import json
from typing import Any, Final

from doorward.identity import Identity

LARGEST: Final = 4096
"""Bytes of JSON; who has more claims than that has none kept, and their decisions cannot be replayed."""


def recorded_claims(identity: Identity) -> dict[str, Any] | None:
    """Claims and attributes that rules may ask for, all of them or none."""
    claims: dict[str, Any] = {
        "oidc_fields": dict(identity.oidc_fields),
        "saml_attributes": dict(identity.saml_attributes),
    }
    if identity.incomplete:
        claims["incomplete"] = list(identity.incomplete)
    return claims if len(json.dumps(claims)) <= LARGEST else None
