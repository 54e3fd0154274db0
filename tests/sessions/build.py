"""An organization, an application and a session for tests."""

from __future__ import annotations

from typing import Any

from tests.tokens.material import ACCOUNT, AUD, NOW

from doorward.applications import Application
from doorward.identity import Identity
from doorward.organization import Organization, PublicAddress
from doorward.sessions import Session

HTTPS = PublicAddress(scheme="https", port=443)
HTTP = PublicAddress(scheme="http", port=8080)


def organization(**fields: Any) -> Organization:
    values = {
        "id": ACCOUNT, "name": "Example", "auth_domain": "login.example.com", "session_duration": "24h", "public": HTTPS,
    }  # fmt: skip
    return Organization.model_validate(values | fields)


def application(**fields: Any) -> Application:
    values = {"id": "application-1", "aud": AUD, "name": "Wiki", "domain": "wiki.example.com"}
    return Application.model_validate(values | fields)


def identity(**fields: Any) -> Identity:
    values = {
        "id": "idp-user-1", "email": "ada@example.com", "name": "Ada", "idp_id": "idp-1", "idp_type": "oidc",
        "amr": ("pwd", "mfa"), "custom": {"groups": ["eng"]}, "oidc_fields": {"department": "R&D"},
    }  # fmt: skip
    return Identity.model_validate(values | fields)


def session(**fields: Any) -> Session:
    values: dict[str, Any] = {
        "nonce": "Abc123Def456Ghi7", "user_id": "6f1c2a34-0b1d-4e5f-8a9b-0c1d2e3f4a5b", "identity": identity(),
        "created_at": NOW - 100, "expires_at": NOW + 86_300, "ip": "203.0.113.7", "country": "NL",
    }  # fmt: skip
    return Session(**(values | fields))
