"""Identity providers in the file (access.md 6.1, 6.2)."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Annotated, Any, ClassVar, Final, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, Discriminator, Field, SecretStr, Tag

from doorward.settings.file.base import Line, MaybeEmpty, Name, ObjectId, Part, Secret

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
"""Signatures with a public key: a shared secret would prove nothing to anybody else."""
ALGORITHMS: Final[tuple[Algorithm, ...]] = ("RS256", "RS512", "PS512", "ES256", "ES384", "ES512")
"""What access.md 6.3 lists for generic OIDC."""

_HOST: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*\.?|[0-9a-f:.]+")
_SET_PER_LOGIN: Final = frozenset(
    {"client_id", "code_challenge", "code_challenge_method", "nonce", "prompt", "redirect_uri", "request",
     "request_uri", "response_mode", "response_type", "scope", "state"}
)  # fmt: skip
LATER_TYPES: Final = (
    "azureAD", "saml", "centrify", "facebook", "github", "google-apps", "google", "linkedin", "okta", "onelogin",
    "pingone", "yandex", "cloudflare",
)  # fmt: skip
"""Types of the API that this version has not; most of them speak OpenID Connect."""


def is_local(host: str) -> bool:
    """True for names and addresses that never leave the machine: localhost, ``*.localhost``, loopback."""
    name = host.lower().removesuffix(".").strip("[]")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _endpoint(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    shaped = re.fullmatch(r"https?://[\x21-\x7e]{1,2000}", text) and "\\" not in text
    if not shaped or not host or port == 0 or not _HOST.fullmatch(host):
        raise ValueError(f"{text!r} is not a web address; write it like https://idp.example.com/authorize")
    if "@" in parts.netloc:
        raise ValueError("the address holds a user name or password; leave that out")
    if "#" in text:
        raise ValueError(f"{text!r} has a fragment; leave out everything from the '#'")
    if parts.scheme == "http" and not is_local(host):
        raise ValueError(f"{text!r} is plain http, so anyone on the way could sign in as anybody; use https")
    return text


def _authorization(text: str) -> str:
    taken = _SET_PER_LOGIN & {name for name, _ in parse_qsl(urlsplit(text).query, keep_blank_values=True)}
    if taken:
        raise ValueError(f"its query has {', '.join(sorted(taken))}, which each login sets; leave that out")
    return text


def _issuer(text: str) -> str:
    if "?" in text:
        raise ValueError(f"{text!r} has a query; leave out everything from the '?'")
    return text


def _scope(text: str) -> str:
    if not re.fullmatch(r"[\x21\x23-\x5b\x5d-\x7e]+", text):
        raise ValueError(f"{text!r} is not a scope; write each scope as an entry of its own")
    return text


Endpoint = Annotated[str, AfterValidator(_endpoint)]
"""https, or http on this machine only."""


ClaimName = Annotated[Line, Field(min_length=1, max_length=200)]


class OidcConfig(Part):
    """``config`` of a generic OpenID Connect provider."""

    UNSUPPORTED: ClassVar[dict[str, str]] = {"redirect_url": "it follows from organization.auth_domain; remove it"}

    issuer: Annotated[Endpoint, AfterValidator(_issuer)] | None = None
    """With it ``auth_url``, ``token_url`` and ``certs_url`` may be left out: they are discovered."""
    auth_url: Annotated[Endpoint, AfterValidator(_authorization)] | None = None
    token_url: Endpoint | None = None
    certs_url: Endpoint | None = None
    userinfo_url: Endpoint | None = None
    client_id: Annotated[Line, Field(min_length=1, max_length=1000)]
    client_secret: Secret | None = None
    scopes: Annotated[tuple[Annotated[str, AfterValidator(_scope)], ...], MaybeEmpty, Field(max_length=50)] = (
        "openid",
        "email",
        "profile",
    )
    claims: Annotated[tuple[ClaimName, ...], MaybeEmpty, Field(max_length=100)] = ()
    email_claim_name: Annotated[Line, Field(max_length=200)] = ""
    pkce_enabled: bool = True
    allowed_algorithms: Annotated[tuple[Algorithm, ...], MaybeEmpty] = ALGORITHMS
    token_endpoint_auth_method: Literal["client_secret_post", "client_secret_basic"] | None = None
    prompt: Literal["", "login", "select_account", "none", "consent"] = ""
    require_email_verified: bool | None = None
    """None: an explicit ``false`` is refused and a missing claim accepted; true: only ``true`` will do; false: ignored."""

    def values(self) -> dict[str, Any]:
        """The object's ``config``: what is set, the secret in clear."""
        config = self.model_dump(exclude_none=True)
        if isinstance(secret := config.get("client_secret"), SecretStr):
            config["client_secret"] = secret.get_secret_value()
        return config


class OidcPart(Part):
    name: Name
    id: ObjectId | None = None
    type: Literal["oidc"]
    config: OidcConfig


class NoConfig(Part):
    """``config`` of a provider that needs none."""

    UNSUPPORTED: ClassVar[dict[str, str]] = {"redirect_url": "it follows from organization.auth_domain; remove it"}

    def values(self) -> dict[str, Any]:
        return {}


class OneTimePinPart(Part):
    """Codes by e-mail (access.md 6.4)."""

    name: Name
    id: ObjectId | None = None
    type: Literal["onetimepin"]
    config: NoConfig = NoConfig()


def _provider_type(value: Any) -> str:
    kind = value.get("type") if isinstance(value, dict) else None
    return f"<{kind}>" if isinstance(kind, str) else "<>"


ProviderPart = Annotated[
    Annotated[OidcPart, Tag("<oidc>")] | Annotated[OneTimePinPart, Tag("<onetimepin>")],
    Discriminator(_provider_type),
]
"""One of ``identity_providers``."""
