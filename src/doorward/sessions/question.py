"""What another service is told about somebody when it is asked whether they may enter (access.md 4.8)."""

from __future__ import annotations

from typing import Any, Final

from doorward.organization import Organization
from doorward.sessions.facts import identity_facts
from doorward.sessions.lifetime import Session

LIFETIME: Final = 60
"""Seconds."""


def question_claims(
    session: Session, organization: Organization, evaluate_url: str, now: int, nonce: str
) -> dict[str, Any]:
    """Claims of the signed question: who it is in the field names of ``get-identity``, and the nonce to be repeated.

    The service at ``evaluate_url`` is the audience, so that nobody it is shown to can use it elsewhere.
    """
    return {
        "iss": organization.issuer,
        "aud": [evaluate_url],
        "type": "external_evaluation",
        "iat": now,
        "nbf": now,
        "exp": now + LIFETIME,
        "nonce": nonce,
        "identity": identity_facts(session, organization),
    }
