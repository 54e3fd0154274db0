"""What a session knows of a person, in the field names of ``get-identity`` (access.md 1.6)."""

from __future__ import annotations

from typing import Any

from doorward.organization import Organization
from doorward.sessions.lifetime import Session


def identity_facts(session: Session, organization: Organization) -> dict[str, Any]:
    """For whoever asked about the person and may know: the login, and what the provider said."""
    identity = session.identity
    return {
        "id": identity.id,
        "name": identity.name,
        "email": identity.email,
        "amr": list(identity.amr),
        "groups": [group.model_dump(exclude_none=True) for group in identity.groups],
        "idp": {"id": identity.idp_id, "type": identity.idp_type},
        "geo": {"country": session.country},
        "user_uuid": session.user_id,
        "account_id": organization.id,
        "iat": session.created_at,
        "ip": session.ip,
        "oidc_fields": dict(identity.oidc_fields),
        "saml_attributes": dict(identity.saml_attributes),
        "custom": dict(identity.custom),
    }
