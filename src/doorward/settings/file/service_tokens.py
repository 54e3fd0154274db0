"""Service tokens in the file (access.md 3.4)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

from pydantic import AfterValidator, BeforeValidator, SecretStr, model_validator

from doorward.durations import format_duration
from doorward.service_tokens import (
    CLIENT_ID,
    CLIENT_SECRET,
    DEFAULT_LIFETIME,
    Declared,
    Lifetime,
    parse_lifetime,
    secret_hash,
)
from doorward.settings.file.base import Name, ObjectId, Part

_KEPT: Final = "the door keeps it; remove it"


def _lifetime(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a duration; write it like {format_duration(DEFAULT_LIFETIME)}, or forever")  # noqa: TRY004 - pydantic reports ValueError only
    return parse_lifetime(value)


def _client_id(text: str) -> str:
    if not CLIENT_ID.fullmatch(text):
        raise ValueError("that is not a client id; write 32 hexadecimal characters and .access behind them")
    return text


def _client_secret(secret: SecretStr) -> SecretStr:
    if not CLIENT_SECRET.fullmatch(secret.get_secret_value()):
        hint = "make one with: openssl rand -hex 32"
        raise ValueError(f"that is not a client secret (cfast_ and 48 characters, or 64 hexadecimal ones); {hint}")
    return secret


class ServiceTokenPart(Part):
    """One of ``service_tokens``: a name that policies can use, and perhaps the credentials."""

    UNSUPPORTED: ClassVar[dict[str, str]] = dict.fromkeys(
        ("client_secret_version", "created_at", "expires_at", "last_seen_at", "previous_client_secret_expires_at",
         "updated_at"),
        _KEPT,
    )  # fmt: skip

    name: Name
    id: ObjectId | None = None
    duration: Annotated[Lifetime, BeforeValidator(_lifetime)] = DEFAULT_LIFETIME
    enabled: bool | None = None
    """None: as the commands left it."""
    client_id: Annotated[str, AfterValidator(_client_id)] | None = None
    client_secret: Annotated[SecretStr, AfterValidator(_client_secret)] | None = None

    @model_validator(mode="after")
    def _both(self) -> ServiceTokenPart:
        if (self.client_id is None) is not (self.client_secret is None):
            there, missing = (
                ("client_id", "client_secret") if self.client_id is not None else ("client_secret", "client_id")
            )
            hint = f"add {missing}, or leave both out and make them with 'doorward tokens create'"
            raise ValueError(f"it has a {there} and no {missing}; {hint}")
        return self

    def declared(self, token_id: str) -> Declared:
        """As the store is told."""
        hashed = secret_hash(self.client_secret.get_secret_value()) if self.client_secret is not None else ""
        return Declared(token_id, self.name, self.duration, self.enabled, self.client_id or "", hashed)
