"""What one selector says about the evidence (access.md 4.4). Groups are put together in ``evaluate``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network
from typing import Any

from doorward.identity import METHODS, Identity, canonical_email
from doorward.policy.answer import Answer
from doorward.policy.certificates import of_certificate
from doorward.policy.elsewhere import of_learned, of_linked, of_provider
from doorward.policy.model import Directory, Evidence
from doorward.policy.rules import (
    AnyValidServiceToken,
    AuthMethod,
    Certificate,
    CommonName,
    Email,
    EmailDomain,
    EmailList,
    Everyone,
    Geo,
    Ip,
    IpList,
    LoginMethod,
    Oidc,
    Saml,
    ServiceTokenRule,
    Unanswered,
)
from doorward.policy.rules_elsewhere import (
    AuthContext,
    AzureGroup,
    DevicePosture,
    ExternalEvaluation,
    GithubOrganization,
    GroupAtProvider,
    LinkedAppToken,
    OktaGroup,
    UserRiskScore,
    WorkspaceGroup,
)
from doorward.policy.verdict import Match

AboutRequest = (
    Everyone
    | Ip
    | IpList
    | Geo
    | ServiceTokenRule
    | AnyValidServiceToken
    | LinkedAppToken
    | Certificate
    | CommonName
    | Unanswered
)
"""Selectors that need no login."""
AboutLearned = ExternalEvaluation | DevicePosture | UserRiskScore
AboutPerson = Email | EmailList | EmailDomain | LoginMethod | AuthMethod | Oidc | Saml | GroupAtProvider
"""Selectors that only a login can answer; so are those of ``AboutLearned``."""

__all__ = ["AboutLearned", "AboutPerson", "AboutRequest", "Answer", "answer"]


def answer(rule: AboutRequest | AboutPerson | AboutLearned, evidence: Evidence, directory: Directory) -> Answer:
    """Ask one rule. Rules about a person are UNKNOWN while nobody is identified."""
    if isinstance(rule, AboutRequest):
        return _about_request(rule, evidence, directory)
    if isinstance(rule, EmailList) and rule.email_list.id not in directory.lists:
        return Answer(None, f"there is no list {rule.email_list.id}")
    if evidence.identity is None:
        return Answer(Match.UNKNOWN, "only a login can tell")
    if isinstance(rule, AboutLearned):
        return of_learned(rule, evidence.learned)
    return _about_person(rule, evidence.identity, directory)


def _about_request(rule: AboutRequest, evidence: Evidence, directory: Directory) -> Answer:
    match rule:
        case Everyone():
            return Answer(Match.YES, "everyone is meant")
        case Ip():
            return _address((rule.ip.ip,), str(rule.ip.ip), evidence)
        case IpList():
            found = directory.lists.get(rule.ip_list.id)
            if found is None:
                return Answer(None, f"there is no list {rule.ip_list.id}")
            return _address(found.networks, f"the list {found.name}", evidence)
        case Geo():
            if evidence.country is None:
                return Answer(None, "the country of the address is not known")
            return _is(evidence.country == rule.geo.country_code, f"the country is {evidence.country}")
        case ServiceTokenRule() | AnyValidServiceToken():
            return _service_token(rule, evidence)
        case LinkedAppToken():
            return of_linked(rule, evidence.learned)
        case Certificate() | CommonName():
            return of_certificate(rule, evidence.client_certificate)
        case _:
            return Answer(None, f"this version cannot check {rule.kind}")


def _about_person(rule: AboutPerson, identity: Identity, directory: Directory) -> Answer:
    match rule:
        case AzureGroup() | OktaGroup() | WorkspaceGroup() | GithubOrganization() | AuthContext():
            return of_provider(rule, identity)
        case Email() | EmailList() | EmailDomain():
            return _mailbox(rule, identity, directory)
        case LoginMethod():
            used = identity.idp_id == rule.login_method.id
            return _is(used, f"the login method was {identity.idp_id}")
        case AuthMethod():
            return _method(rule.auth_method.auth_method, identity)
        case Oidc():
            oidc = rule.oidc
            wanted = _Claim(oidc.identity_provider_id, oidc.claim_name, oidc.claim_value)
            return _claim(wanted, identity, identity.oidc_fields)
        case _:
            saml = rule.saml
            wanted = _Claim(saml.identity_provider_id, saml.attribute_name, saml.attribute_value)
            return _claim(wanted, identity, identity.saml_attributes)


def _is(holds: bool, fact: str) -> Answer:
    return Answer(Match.YES if holds else Match.NO, fact)


def _address(networks: tuple[IPv4Network | IPv6Network, ...], name: str, evidence: Evidence) -> Answer:
    if evidence.ip is None:
        return Answer(None, "the address of the visitor is not known")
    # A socket that serves both families reports IPv4 visitors as ::ffff:192.0.2.1; both forms are the same address.
    mapped = evidence.ip.ipv4_mapped if isinstance(evidence.ip, IPv6Address) else None
    inside = any(evidence.ip in network or (mapped is not None and mapped in network) for network in networks)
    return _is(inside, f"the address {evidence.ip} is {'' if inside else 'not '}in {name}")


def _service_token(rule: ServiceTokenRule | AnyValidServiceToken, evidence: Evidence) -> Answer:
    """Known at every request: either it proves a service token or it does not."""
    if evidence.service_token is None:
        return Answer(Match.NO, "no valid service token was shown")
    wanted = rule.service_token.token_id if isinstance(rule, ServiceTokenRule) else evidence.service_token
    return _is(evidence.service_token == wanted, f"the service token {evidence.service_token} was shown")


def _mailbox(rule: Email | EmailList | EmailDomain, identity: Identity, directory: Directory) -> Answer:
    address = canonical_email(identity.email)
    local, at, domain = address.partition("@")
    if not (local and at and domain) or "@" in domain:
        return Answer(None, f"{identity.email!r} is not an e-mail address")
    match rule:
        case Email():
            return _is(address == rule.email.email, f"the e-mail address is {address}")
        case EmailDomain():
            return _is(domain == rule.email_domain.domain, f"the domain of {address} is {domain}")
        case _:
            found = directory.lists[rule.email_list.id]
            listed = address in found.emails
            return _is(listed, f"{address} is {'' if listed else 'not '}in the list {found.name}")


def _method(wanted: str, identity: Identity) -> Answer:
    if wanted not in identity.amr and METHODS in identity.incomplete:
        return Answer(None, "the methods that the provider reported are not known in full")
    reported = ", ".join(identity.amr) or "nothing"
    return _is(wanted in identity.amr, f"the provider reported the methods {reported}")


@dataclass(frozen=True, slots=True)
class _Claim:
    """What an ``oidc`` or ``saml`` rule wants to see."""

    identity_provider_id: str
    name: str
    value: str


def _claim(wanted: _Claim, identity: Identity, facts: Mapping[str, Any]) -> Answer:
    if identity.idp_id != wanted.identity_provider_id:
        return Answer(Match.NO, f"the login was at {identity.idp_id}, not at {wanted.identity_provider_id}")
    holds = wanted.value in _texts(facts.get(wanted.name))
    if not holds and not identity.knows(wanted.name, facts):
        return Answer(None, f"{wanted.name} is not known in full")
    if wanted.name not in facts:
        return Answer(Match.NO, f"the provider sent no {wanted.name}")
    return _is(holds, f"{wanted.name} {'has' if holds else 'does not have'} the value {wanted.value!r}")


def _texts(value: Any) -> tuple[str, ...]:
    """The values of a claim as rules write them. Objects and lists inside lists have none: no rule can mean them."""
    values = value if isinstance(value, list | tuple) else (value,)
    return tuple(text for text in map(_text, values) if text is not None)


def _text(value: Any) -> str | None:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case _:
            return None
