"""The selectors of access.md 4.4, in the exact JSON of the API: a rule is an object with exactly one key."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from doorward.identity import canonical_email
from doorward.policy.rules_elsewhere import (
    AuthContext,
    AzureGroup,
    DevicePosture,
    ExternalEvaluation,
    GithubOrganization,
    LinkedAppToken,
    OktaGroup,
    UserRiskScore,
    WorkspaceGroup,
)


def _email(text: str) -> str:
    text = canonical_email(text.strip())
    if not re.fullmatch(r"[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+", text):
        raise ValueError(f"{text!r} is not an e-mail address; write it like name@example.com")
    return text


def _domain(text: str) -> str:
    text = canonical_email(text.strip()).removeprefix("@")
    if not re.fullmatch(r"[^@\s*\x00-\x1f\x7f]+\.[^@\s*\x00-\x1f\x7f]+|[a-z0-9-]+", text):
        raise ValueError(f"{text!r} is not an e-mail domain; write the part behind the @, like example.com")
    return text


def _unmapped(network: IPv6Network) -> IPv4Network | IPv6Network:
    """``::ffff:192.0.2.0/120`` means IPv4 addresses, and those are seen without their IPv6 clothes."""
    mapped = network.network_address.ipv4_mapped
    if mapped is None or network.prefixlen < 96:
        return network
    return IPv4Network((mapped, network.prefixlen - 96))


def _network(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        network = ip_network(value, strict=False)
    except ValueError as error:
        raise ValueError(f"{value!r} is not an IP address or CIDR range; write it like 192.0.2.0/24") from error
    return _unmapped(network) if isinstance(network, IPv6Network) else network


def _country(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]", text):
        raise ValueError(f"{text!r} is not a country code; write two letters (ISO 3166-1 alpha-2), like US")
    return text.upper()


Text = Annotated[str, Field(min_length=1)]
EmailAddress = Annotated[str, AfterValidator(_email)]
EmailDomainName = Annotated[str, AfterValidator(_domain)]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]
CountryCode = Annotated[str, AfterValidator(_country)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Nothing(_Model):
    """The empty object of selectors without a value, such as ``{"everyone": {}}``."""


class EmailValue(_Model):
    email: EmailAddress


class EmailDomainValue(_Model):
    domain: EmailDomainName


class IpValue(_Model):
    ip: Network


class GeoValue(_Model):
    country_code: CountryCode


class AuthMethodValue(_Model):
    auth_method: Text


class Reference(_Model):
    """Points at another object by id (in the configuration file by name, resolved before it comes here)."""

    id: Text


class OidcValue(_Model):
    claim_name: Text
    claim_value: str
    identity_provider_id: Text


class SamlValue(_Model):
    attribute_name: Text
    attribute_value: str
    identity_provider_id: Text


class Everyone(_Model):
    everyone: Nothing


class Email(_Model):
    email: EmailValue


class EmailList(_Model):
    email_list: Reference


class EmailDomain(_Model):
    email_domain: EmailDomainValue


class Ip(_Model):
    ip: IpValue


class IpList(_Model):
    ip_list: Reference


class Geo(_Model):
    geo: GeoValue


class LoginMethod(_Model):
    login_method: Reference


class AuthMethod(_Model):
    auth_method: AuthMethodValue


class Oidc(_Model):
    oidc: OidcValue


class Saml(_Model):
    saml: SamlValue


class ServiceTokenValue(_Model):
    token_id: Text


class ServiceTokenRule(_Model):
    service_token: ServiceTokenValue


class AnyValidServiceToken(_Model):
    any_valid_service_token: Nothing


class Certificate(_Model):
    certificate: Nothing


class CommonNameValue(_Model):
    common_name: Text


class CommonName(_Model):
    common_name: CommonNameValue


class GroupRule(_Model):
    group: Reference


UNANSWERED = (
    "cloudflare_account_member",
)  # fmt: skip
"""Selectors of access.md 4.4 that are read and kept but that nothing here can answer yet: always false, and traced so."""


class Unanswered(_Model):
    """A selector known to the API that this version has no evidence for. It never matches (fail closed)."""

    kind: Literal[UNANSWERED]  # type: ignore[valid-type]
    value: dict[str, Any] = Field(default_factory=dict)


_KNOWN: dict[str, str] = {
    "everyone": "everyone", "email": "email", "email_list": "email_list", "email_domain": "email_domain", "ip": "ip",
    "ip_list": "ip_list", "geo": "geo", "login_method": "login_method", "auth_method": "auth_method", "oidc": "oidc",
    "saml": "saml", "group": "group", "service_token": "service_token",
    "any_valid_service_token": "any_valid_service_token", "certificate": "certificate",
    "common_name": "common_name", "auth_context": "auth_context", "azureAD": "azureAD",
    "azure_ad": "azureAD", "device_posture": "device_posture", "external_evaluation": "external_evaluation",
    "github-organization": "github-organization", "github_organization": "github-organization", "gsuite": "gsuite",
    "linked_app_token": "linked_app_token", "okta": "okta", "user_risk_score": "user_risk_score",
}  # fmt: skip


def selector_name(value: Any) -> str:
    """The one key of a rule in JSON form, or of a parsed rule."""
    if isinstance(value, Unanswered):
        return str(value.kind)
    if isinstance(value, BaseModel):
        name, field = next(iter(type(value).model_fields.items()))
        return field.alias or name
    if isinstance(value, dict) and len(value) == 1:
        return str(next(iter(value)))
    return ""


def rule_json(rule: BaseModel) -> dict[str, Any]:
    """A parsed rule as the API writes it: one selector, one object."""
    if isinstance(rule, Unanswered):
        return {str(rule.kind): dict(rule.value)}
    return rule.model_dump(mode="json", by_alias=True, exclude_none=True)


def _kind(value: Any) -> str | None:
    name = selector_name(value)
    return "unanswered" if name in UNANSWERED else _KNOWN.get(name)


def _one_selector(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value
    if not isinstance(value, dict) or len(value) != 1:
        raise ValueError('a rule is an object with exactly one selector, like {"email": {"email": "name@example.com"}}')
    name, inner = next(iter(value.items()))
    if name in UNANSWERED:
        return Unanswered(kind=name, value=inner if isinstance(inner, dict) else {})
    if name not in _KNOWN:
        raise ValueError(f"{name!r} is not a selector; known are {', '.join(sorted([*_KNOWN, *UNANSWERED]))}")
    return value


Rule = Annotated[
    Annotated[Everyone, Tag("everyone")]
    | Annotated[Email, Tag("email")]
    | Annotated[EmailList, Tag("email_list")]
    | Annotated[EmailDomain, Tag("email_domain")]
    | Annotated[Ip, Tag("ip")]
    | Annotated[IpList, Tag("ip_list")]
    | Annotated[Geo, Tag("geo")]
    | Annotated[LoginMethod, Tag("login_method")]
    | Annotated[AuthMethod, Tag("auth_method")]
    | Annotated[Oidc, Tag("oidc")]
    | Annotated[Saml, Tag("saml")]
    | Annotated[GroupRule, Tag("group")]
    | Annotated[ServiceTokenRule, Tag("service_token")]
    | Annotated[AnyValidServiceToken, Tag("any_valid_service_token")]
    | Annotated[Certificate, Tag("certificate")]
    | Annotated[CommonName, Tag("common_name")]
    | Annotated[ExternalEvaluation, Tag("external_evaluation")]
    | Annotated[DevicePosture, Tag("device_posture")]
    | Annotated[UserRiskScore, Tag("user_risk_score")]
    | Annotated[AuthContext, Tag("auth_context")]
    | Annotated[LinkedAppToken, Tag("linked_app_token")]
    | Annotated[AzureGroup, Tag("azureAD")]
    | Annotated[OktaGroup, Tag("okta")]
    | Annotated[WorkspaceGroup, Tag("gsuite")]
    | Annotated[GithubOrganization, Tag("github-organization")]
    | Annotated[Unanswered, Tag("unanswered")],
    Discriminator(_kind),
    BeforeValidator(_one_selector),
]
"""Any selector. Parse with a pydantic ``TypeAdapter`` or as a model field."""
