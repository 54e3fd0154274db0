"""``config`` of a vendor's identity provider (access.md 6.2). Which fields a type has and needs is in its table row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from doorward.providers.web_address import check_web_address

_COMMON: Final = frozenset({"client_id", "client_secret", "base_url", "api_url"})
Text = Annotated[str, Field(max_length=1000)]
ClaimName = Annotated[str, Field(min_length=1, max_length=200)]


def _base(text: str) -> str:
    check_web_address(text)
    if "?" in text:
        raise ValueError("it has a query; leave out the ? and what follows")
    return text.rstrip("/")


class VendorConfig(BaseModel):
    """Every field that some vendor has. Where one has none it stays empty."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    client_id: Annotated[str, Field(min_length=1, max_length=1000)]
    client_secret: Annotated[SecretStr, Field(min_length=1)]
    claims: Annotated[tuple[ClaimName, ...], Field(max_length=100)] = ()
    email_claim_name: Annotated[str, Field(max_length=200)] = ""
    pkce_enabled: bool = True
    prompt: Literal["", "login", "select_account", "none"] = ""
    support_groups: bool = False
    """Ask the vendor's directory for the groups."""
    directory_id: Text = ""
    okta_account: Text = ""
    authorization_server_id: Text = ""
    api_token: SecretStr | None = None
    onelogin_account: Text = ""
    ping_env_id: Text = ""
    centrify_account: Text = ""
    centrify_app_id: Text = ""
    apps_domain: Text = ""
    base_url: Annotated[str, AfterValidator(_base)] | None = None
    """Where people sign in, if not at the vendor's usual address: a national cloud, a server of one's own."""
    api_url: Annotated[str, AfterValidator(_base)] | None = None
    """The same for profiles and groups."""

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: Any) -> Any:
        """The API writes null for what is not set."""
        return {k: v for k, v in value.items() if v is not None} if isinstance(value, Mapping) else value


def misplaced(config: Mapping[str, Any], fields: frozenset[str], needed: frozenset[str]) -> dict[str, str]:
    """Field to what is wrong with its being there, or not, for a type that has ``fields``, of which some are ``needed``."""
    given = {name for name, value in config.items() if value is not None}
    known = VendorConfig.model_fields.keys() & given
    foreign = dict.fromkeys(sorted(known - fields - _COMMON), "this type has no such field; remove it")
    missing = {name: "this field is required" for name in sorted(needed) if not config.get(name)}
    return {**foreign, **missing}
