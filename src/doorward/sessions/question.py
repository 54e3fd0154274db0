"""What another service is told about somebody when it is asked whether they may enter (access.md 4.8)."""

from __future__ import annotations

from typing import Any, Final

from doorward.organization import Organization
from doorward.sessions.lifetime import Session

LIFETIME: Final = 60
"""Seconds."""


def question_claims(
    session: Session, organization: Organization, evaluate_url: str, now: int, nonce: str
) -> dict[str, Any]:
    """Claims of the signed question: who it is in the field names of ``get-identity``, and the nonce to be repeated.

    The service at ``evaluate_url`` is the audience, so that nobody it is shown to can use it elsewhere.
    """
    identity = session.identity
    return {
        "iss": organization.issuer,
        "aud": [evaluate_url],
        "type": "external_evaluation",
        "iat": now,
        "nbf": now,
        "exp": now + LIFETIME,
        "nonce": nonce,
        "identity": {
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
        },
    }
