"""``scim_config`` of an identity provider in the file (access.md 6.5)."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, ClassVar, Literal

from pydantic import Field, SecretStr

from doorward.settings.file.base import Part


class ScimPart(Part):
    """Where a provider tells of its users and groups."""

    UNSUPPORTED: ClassVar[dict[str, str]] = {
        "seat_deprovision": "there are no seats here; remove it",
        "scim_base_url": "it follows from organization.auth_domain and the provider's id; remove it",
    }

    enabled: bool = True
    user_deprovision: bool = True
    identity_update_behavior: Literal["reauth", "no_action"] = "no_action"
    secret: Annotated[SecretStr, Field(min_length=32, max_length=1024)]
    """The bearer token. Long enough that nobody guesses it."""

    @property
    def secret_hash(self) -> str:
        return sha256(self.secret.get_secret_value().encode()).hexdigest()
