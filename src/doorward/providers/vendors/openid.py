"""Vendors that speak OpenID Connect: what each does differently. A table; nothing is sent from here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from doorward.providers.failure import Failure, Reason
from doorward.providers.oidc.claims import groups_claim
from doorward.providers.oidc.config import OidcConfig
from doorward.providers.oidc.dialect import Dialect
from doorward.providers.oidc.id_token import VerifiedClaims
from doorward.providers.vendors.config import VendorConfig
from doorward.providers.vendors.directories import Listings, azure_groups, google_groups, okta_groups

_OKTA_MOST: Final = 100
"""Groups at which Okta cuts its claim."""
_CLAIMS: Final = frozenset({"claims", "email_claim_name"})
_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?")
_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")
_TENANT: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Adapt = Callable[[VendorConfig, VerifiedClaims], VerifiedClaims]


def _as_they_are(_: VendorConfig, claims: VerifiedClaims) -> VerifiedClaims:
    return claims


def _all_groups(_: Mapping[str, Any]) -> bool:
    return True


def _no_parameters(_: VendorConfig) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class OpenIdVendor:
    """One row."""

    issuer: Callable[[VendorConfig], str]
    """Raises ``ValueError`` when a field cannot be part of an address."""
    fields: frozenset[str] = _CLAIMS
    needed: frozenset[str] = frozenset()
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    group_scopes: tuple[str, ...] = ()
    """Asked for besides when groups are wanted."""
    parameters: Callable[[VendorConfig], Mapping[str, str]] = _no_parameters
    """Of the authorization request."""
    adapt: Adapt = _as_they_are
    """The verified claims in the shape that the generic reader expects. Raises Failure: this person is not let in."""
    listings: Listings | None = None
    """Where groups are that no token holds."""
    claims_tell_groups: Callable[[Mapping[str, Any]], bool] = _all_groups
    """Whether the claims alone tell all groups, when that place is not asked."""
    pkce: bool = field(default=True)


def generic(vendor: OpenIdVendor, config: VendorConfig) -> OidcConfig:
    """The same provider as one of type ``oidc``.

    Raises:
        ValueError: a field of ``config`` does not fit into an address.
    """
    return OidcConfig(
        issuer=vendor.issuer(config),
        client_id=config.client_id,
        client_secret=config.client_secret,
        scopes=vendor.scopes + (vendor.group_scopes if config.support_groups else ()),
        claims=config.claims,
        email_claim_name=config.email_claim_name,
        pkce_enabled=config.pkce_enabled and vendor.pkce,
        prompt=config.prompt,
    )


def dialect(vendor: OpenIdVendor, config: VendorConfig) -> Dialect:
    """What the generic client has to do otherwise for this provider."""
    listings = vendor.listings
    return Dialect(
        parameters=vendor.parameters(config),
        adapt=lambda claims: vendor.adapt(config, claims),
        listings=(lambda token, claims: listings(config, token, claims)) if listings is not None else None,
        claims_tell_groups=vendor.claims_tell_groups,
    )


def _azure_issuer(config: VendorConfig) -> str:
    """One tenant. ``common`` and ``organizations`` would let anybody with a tenant of their own state any address."""
    if not _TENANT.fullmatch(config.directory_id):
        raise ValueError("directory_id is not a tenant id; write the lower-case UUID that Entra shows as Directory ID")
    return f"{config.base_url or 'https://login.microsoftonline.com'}/{config.directory_id}/v2.0"


def _azure_claims(config: VendorConfig, claims: VerifiedClaims) -> VerifiedClaims:
    """E-mail: the configured claim, ``email``, the user principal name (access.md 6.3).

    ``xms_edov`` false: the domain of ``email`` is not the tenant's own, so somebody may have written it in.
    """
    if claims.get("tid", config.directory_id) != config.directory_id:
        raise Failure(Reason.INVALID_ANSWER, "claims: tid is another tenant's")
    kept = dict(claims)
    if str(kept.get("xms_edov", "1")).lower() in {"0", "false"}:
        kept.pop("email", None)
    if kept.get("email") is None and (name := kept.get("upn") or kept.get("preferred_username")):
        kept["email"] = name
    return VerifiedClaims(kept)


def _has_groups(claims: Mapping[str, Any]) -> bool:
    return groups_claim(claims) is not None


def _no_groups_told(_: Mapping[str, Any]) -> bool:
    return False


def _below_the_cut(claims: Mapping[str, Any]) -> bool:
    name = groups_claim(claims)
    groups = claims[name] if name is not None else []
    return isinstance(groups, list) and len(groups) < _OKTA_MOST


def _okta_issuer(config: VendorConfig) -> str:
    base = config.base_url or f"https://{_host('okta_account', config.okta_account)}"
    if not config.authorization_server_id:
        return base
    return f"{base}/oauth2/{_name('authorization_server_id', config.authorization_server_id)}"


def _onelogin_issuer(config: VendorConfig) -> str:
    account = config.onelogin_account
    host = account if "." in account else f"{_name('onelogin_account', account)}.onelogin.com"
    return (config.base_url or f"https://{_host('onelogin_account', host)}") + "/oidc/2"


def _ping_issuer(config: VendorConfig) -> str:
    return f"{config.base_url or 'https://auth.pingone.com'}/{_name('ping_env_id', config.ping_env_id)}/as"


def _centrify_issuer(config: VendorConfig) -> str:
    base = config.base_url or f"https://{_host('centrify_account', config.centrify_account)}"
    return f"{base}/{_name('centrify_app_id', config.centrify_app_id)}/"


def _google_issuer(config: VendorConfig) -> str:
    return config.base_url or "https://accounts.google.com"


def _workspace_parameters(config: VendorConfig) -> Mapping[str, str]:
    return {"hd": config.apps_domain.lower()}


def _workspace_claims(config: VendorConfig, claims: VerifiedClaims) -> VerifiedClaims:
    """Google signs in whoever has an account; only ``hd`` says that it is one of the company's."""
    domain: Any = claims.get("hd")
    if not isinstance(domain, str) or domain.lower() != config.apps_domain.lower():
        raise Failure(Reason.REFUSED, "claims: hd is not apps_domain", f"use your account of {config.apps_domain}")
    return claims


def _host(field_name: str, text: str) -> str:
    text = text.removeprefix("https://").rstrip("/")
    if not _HOST.fullmatch(text):
        raise ValueError(f"{field_name} is not a host name; write it like example.okta.com")
    return text


def _name(field_name: str, text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(
            f"{field_name} has characters that cannot be part of an address; copy it from the vendor's page"
        )
    return text


OPENID: Final[Mapping[str, OpenIdVendor]] = {
    "azureAD": OpenIdVendor(
        issuer=_azure_issuer,
        fields=_CLAIMS | {"directory_id", "support_groups", "pkce_enabled", "prompt"},
        needed=frozenset({"directory_id"}),
        group_scopes=("User.Read", "GroupMember.Read.All"),
        adapt=_azure_claims,
        listings=azure_groups,
        claims_tell_groups=_has_groups,
    ),
    "centrify": OpenIdVendor(
        issuer=_centrify_issuer,
        fields=_CLAIMS | {"centrify_account", "centrify_app_id"},
        needed=frozenset({"centrify_account", "centrify_app_id"}),
    ),
    "google": OpenIdVendor(issuer=_google_issuer, fields=_CLAIMS | {"pkce_enabled"}),
    "google-apps": OpenIdVendor(
        issuer=_google_issuer,
        fields=_CLAIMS | {"apps_domain", "pkce_enabled", "support_groups"},
        needed=frozenset({"apps_domain"}),
        group_scopes=("https://www.googleapis.com/auth/cloud-identity.groups.readonly",),
        parameters=_workspace_parameters,
        adapt=_workspace_claims,
        listings=google_groups,
        claims_tell_groups=_no_groups_told,
    ),
    "okta": OpenIdVendor(
        issuer=_okta_issuer,
        fields=_CLAIMS | {"okta_account", "authorization_server_id", "api_token", "pkce_enabled"},
        needed=frozenset({"okta_account"}),
        scopes=("openid", "email", "profile", "groups"),
        listings=okta_groups,
        claims_tell_groups=_below_the_cut,
    ),
    "onelogin": OpenIdVendor(
        issuer=_onelogin_issuer,
        fields=_CLAIMS | {"onelogin_account"},
        needed=frozenset({"onelogin_account"}),
        scopes=("openid", "email", "profile", "groups"),
    ),
    "pingone": OpenIdVendor(
        issuer=_ping_issuer,
        fields=_CLAIMS | {"ping_env_id"},
        needed=frozenset({"ping_env_id"}),
    ),
}
