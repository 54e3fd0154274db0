"""``config`` of an identity provider of type ``oidc`` (access.md 6.2), with what generic providers need beyond it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from doorward.providers.web_address import check_web_address

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
"""What an id_token may be signed with. Never ``none`` and never HS*: a shared secret proves nothing to a third party,
and a verifier that takes both kinds can be given a public key as the secret (RFC 8725, 2.1)."""

DEFAULT_ALGORITHMS: Final[tuple[Algorithm, ...]] = ("RS256", "RS512", "PS512", "ES256", "ES384", "ES512")
"""Access.md 6.3."""
_OURS: Final = frozenset(
    {
        "client_id", "code_challenge", "code_challenge_method", "nonce", "prompt", "redirect_uri", "request",
        "request_uri", "response_mode", "response_type", "scope", "state",
    }
)  # fmt: skip
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


def _scope(text: str) -> str:
    if not _SCOPE.fullmatch(text):
        raise ValueError(f"{text!r} is not a scope; write each scope as its own item, without spaces or quotes")
    return text


def _authorization_address(text: str) -> str:
    check_web_address(text)
    taken = _OURS & {name for name, _ in parse_qsl(urlsplit(text).query, keep_blank_values=True)}
    if taken:
        raise ValueError(f"leave {', '.join(sorted(taken))} out of this address; it is added for each login")
    return text


def _issuer(text: str) -> str:
    check_web_address(text)
    if urlsplit(text).query:
        raise ValueError("an issuer has no query; leave out the ? and what follows")
    return text


WebAddress = Annotated[str, AfterValidator(check_web_address)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class OidcConfig(BaseModel):
    """How to reach one OpenID provider and what to take from its answer.

    Either the three addresses ``auth_url``, ``token_url`` and ``certs_url``, or ``issuer``: then whatever is not
    written here comes from the provider's discovery document.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    issuer: Annotated[str, AfterValidator(_issuer)] | None = None
    """Exactly as the provider writes it in ``iss``, with or without a slash at the end."""
    auth_url: Annotated[str, AfterValidator(_authorization_address)] | None = None
    token_url: WebAddress | None = None
    certs_url: WebAddress | None = None
    userinfo_url: WebAddress | None = None
    """Asked when e-mail, groups or a claim of ``claims`` are not in the id_token."""
    client_id: Annotated[str, Field(min_length=1, max_length=1000)]
    client_secret: Annotated[SecretStr, Field(min_length=1)] | None = None
    """None: a public client (RFC 6749, 2.1), which PKCE alone protects."""
    scopes: Annotated[tuple[Annotated[str, AfterValidator(_scope)], ...], Field(max_length=50)] = (
        "openid",
        "email",
        "profile",
    )
    claims: Annotated[tuple[Name, ...], Field(max_length=100)] = ()
    """Claims that go into ``custom`` of our tokens, most important first (access.md 2.6)."""
    email_claim_name: Annotated[str, Field(max_length=200)] = ""
    """The claim that holds the address; ``email`` when empty or when that claim is missing."""
    pkce_enabled: bool = True
    """RFC 7636 with S256. The hosted service leaves it off; a provider that does not know it ignores it."""
    prompt: Literal["", "login", "select_account", "consent", "none"] = ""
    require_email_verified: bool | None = None
    """None: refuse people whose ``email_verified`` is there and not true. True: it must be there. False: not looked at."""
    allowed_algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = DEFAULT_ALGORITHMS
    token_endpoint_auth_method: Literal["client_secret_post", "client_secret_basic"] | None = None
    """How the secret is sent; None: as discovery says, else ``client_secret_post``."""

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: Any) -> Any:
        """The API writes null for what is not set."""
        return {k: v for k, v in value.items() if v is not None} if isinstance(value, Mapping) else value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = [name for name in ("auth_url", "token_url", "certs_url") if not getattr(self, name)]
        if missing and not self.issuer:
            raise ValueError(
                f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing; "
                "write all three addresses, or only issuer if the provider has a discovery document"
            )
        if "openid" not in self.scopes:
            raise ValueError("scopes lacks openid, without which a provider sends no id_token; add it")
        if self.client_secret is None and not self.pkce_enabled:
            raise ValueError("client_secret is missing and pkce_enabled is false: that proves nothing; set one of them")
        return self

    @property
    def needs_discovery(self) -> bool:
        """True if an address has to come from the provider's discovery document."""
        return not (self.auth_url and self.token_url and self.certs_url)
