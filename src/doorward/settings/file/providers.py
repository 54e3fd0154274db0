"""Identity providers in the file (access.md 6.1, 6.2)."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Final, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, Discriminator, Field, SecretStr, Tag

from doorward.saml_keys import certificate_of
from doorward.settings.file.base import Line, MaybeEmpty, Name, ObjectId, Part, Secret
from doorward.settings.file.endpoint import Endpoint
from doorward.settings.file.scim import ScimPart
from doorward.settings.file.vendors import (
    AzurePart,
    CentrifyPart,
    GooglePart,
    OfVendor,
    OktaPart,
    OneloginPart,
    PingPart,
    PlainPart,
    WorkspacePart,
)

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
"""Signatures with a public key: a shared secret would prove nothing to anybody else."""
ALGORITHMS: Final[tuple[Algorithm, ...]] = ("RS256", "RS512", "PS512", "ES256", "ES384", "ES512")
"""What access.md 6.3 lists for generic OIDC."""

_SET_PER_LOGIN: Final = frozenset(
    {"client_id", "code_challenge", "code_challenge_method", "nonce", "prompt", "redirect_uri", "request",
     "request_uri", "response_mode", "response_type", "scope", "state"}
)  # fmt: skip
_SET_PER_REQUEST: Final = frozenset({"RelayState", "SAMLEncoding", "SAMLRequest", "SigAlg", "Signature"})
LATER_TYPES: Final = ("cloudflare",)
"""Types of the API that this version has not."""


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
    scim_config: ScimPart | None = None


def _certificate(text: str) -> str:
    certificate_of(text)
    return text


def _certificates(texts: tuple[str, ...]) -> tuple[str, ...]:
    if not 1 <= len(texts) <= 10:
        raise ValueError(f"{len(texts)} certificates; one to ten are needed")
    return texts


def _sign_in_address(text: str) -> str:
    taken = _SET_PER_REQUEST & {name for name, _ in parse_qsl(urlsplit(text).query, keep_blank_values=True)}
    if taken:
        raise ValueError(f"its query has {', '.join(sorted(taken))}, which each login sets; leave that out")
    return text


AttributeName = Annotated[Line, Field(min_length=1, max_length=1024)]


class SamlConfig(Part):
    """``config`` of a SAML provider (docs/providers/saml.md)."""

    UNSUPPORTED: ClassVar[dict[str, str]] = {
        "redirect_url": "it follows from organization.auth_domain; remove it",
        "header_attributes": "this version sends attributes to applications in the token; list them in 'attributes'",
    }

    issuer_url: Annotated[Line, Field(min_length=1, max_length=1024)]
    """The provider's entity id."""
    sso_target_url: Annotated[Endpoint, AfterValidator(_sign_in_address)]
    idp_public_certs: Annotated[tuple[Annotated[str, AfterValidator(_certificate)], ...], AfterValidator(_certificates)]
    """PEM, or the base64 between its lines."""
    attributes: Annotated[tuple[AttributeName, ...], MaybeEmpty, Field(max_length=100)] = ()
    email_attribute_name: Annotated[Line, Field(max_length=1024)] = ""
    sign_request: bool = False
    request_binding: Literal["redirect", "post"] = "redirect"
    force_authn: bool = False
    enable_encryption: bool = False

    def values(self) -> dict[str, Any]:
        """The object's ``config``."""
        return self.model_dump()


class SamlPart(Part):
    name: Name
    id: ObjectId | None = None
    type: Literal["saml"]
    config: SamlConfig
    scim_config: ScimPart | None = None


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


AnyProviderPart = OidcPart | SamlPart | OneTimePinPart | OfVendor


def _provider_type(value: Any) -> str:
    kind = value.get("type") if isinstance(value, dict) else None
    return f"<{kind}>" if isinstance(kind, str) else "<>"


ProviderPart = Annotated[
    Annotated[OidcPart, Tag("<oidc>")]
    | Annotated[SamlPart, Tag("<saml>")]
    | Annotated[OneTimePinPart, Tag("<onetimepin>")]
    | Annotated[AzurePart, Tag("<azureAD>")]
    | Annotated[CentrifyPart, Tag("<centrify>")]
    | Annotated[GooglePart, Tag("<google>")]
    | Annotated[WorkspacePart, Tag("<google-apps>")]
    | Annotated[OktaPart, Tag("<okta>")]
    | Annotated[OneloginPart, Tag("<onelogin>")]
    | Annotated[PingPart, Tag("<pingone>")]
    | Annotated[PlainPart, Tag("<facebook>")]
    | Annotated[PlainPart, Tag("<github>")]
    | Annotated[PlainPart, Tag("<linkedin>")]
    | Annotated[PlainPart, Tag("<yandex>")],
    Discriminator(_provider_type),
]
"""One of ``identity_providers``."""
