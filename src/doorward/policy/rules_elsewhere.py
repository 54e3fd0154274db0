"""Selectors whose answer comes from elsewhere: groups at a provider, another service's word, reports, another application.

In the JSON of the API (access.md 4.4). Where two spellings are in use, both are read and the API's is written.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from doorward.identity import canonical_email
from doorward.policy.learned import RiskLevel

_WEB_ADDRESS: Final = re.compile(r"https?://[\x21-\x5b\x5d-\x7e]{1,2000}", re.IGNORECASE)

Text = Annotated[str, Field(min_length=1)]


def _web_address(text: str) -> str:
    if not _WEB_ADDRESS.fullmatch(text) or "#" in text:
        raise ValueError(f"{text[:100]!r} is not a web address; write it like https://evaluate.example.com/path")
    return text


def _address(text: str) -> str:
    text = canonical_email(text.strip())
    if not re.fullmatch(r"[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+", text):
        raise ValueError(f"{text!r} is not an e-mail address; write it like name@example.com")
    return text


def _levels(levels: tuple[RiskLevel, ...]) -> tuple[RiskLevel, ...]:
    return tuple(dict.fromkeys(levels))


WebAddress = Annotated[str, AfterValidator(_web_address)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class ExternalEvaluationValue(_Model):
    evaluate_url: WebAddress
    keys_url: WebAddress


class DevicePostureValue(_Model):
    integration_uid: Text


class UserRiskScoreValue(_Model):
    user_risk_score: Annotated[tuple[RiskLevel, ...], Field(min_length=1), AfterValidator(_levels)]


class AuthContextValue(_Model):
    id: str = ""
    """Of the object at the hosted service; nothing here looks at it."""
    ac_id: Text
    """``c1`` to ``c99`` at Entra."""
    identity_provider_id: Text


class LinkedAppTokenValue(_Model):
    app_uid: Text
    """Id of the other application (in the configuration file its name)."""


class AzureGroupValue(_Model):
    id: Text
    """Object id of the group."""
    identity_provider_id: Text


class OktaGroupValue(_Model):
    name: Text
    identity_provider_id: Text


class WorkspaceGroupValue(_Model):
    email: Annotated[str, AfterValidator(_address)]
    identity_provider_id: Text


class GithubOrganizationValue(_Model):
    name: Text
    team: Text | None = None
    identity_provider_id: Text


class ExternalEvaluation(_Model):
    external_evaluation: ExternalEvaluationValue


class DevicePosture(_Model):
    device_posture: DevicePostureValue


class UserRiskScore(_Model):
    user_risk_score: UserRiskScoreValue


class AuthContext(_Model):
    auth_context: AuthContextValue


class LinkedAppToken(_Model):
    linked_app_token: LinkedAppTokenValue


class AzureGroup(_Model):
    azure_ad: AzureGroupValue = Field(alias="azureAD")


class OktaGroup(_Model):
    okta: OktaGroupValue


class WorkspaceGroup(_Model):
    gsuite: WorkspaceGroupValue


class GithubOrganization(_Model):
    github_organization: GithubOrganizationValue = Field(alias="github-organization")


GroupAtProvider = AzureGroup | OktaGroup | WorkspaceGroup | GithubOrganization | AuthContext
"""Facts that one identity provider states, and that count for logins at that provider only."""


def at_provider(rule: GroupAtProvider) -> str:
    """The identity provider that a rule is about."""
    match rule:
        case AzureGroup():
            return rule.azure_ad.identity_provider_id
        case OktaGroup():
            return rule.okta.identity_provider_id
        case WorkspaceGroup():
            return rule.gsuite.identity_provider_id
        case GithubOrganization():
            return rule.github_organization.identity_provider_id
        case _:
            return rule.auth_context.identity_provider_id


def moved(rule: GroupAtProvider, identity_provider_id: str) -> GroupAtProvider:
    """The same rule about another identity provider: the configuration file names it, the rule has its id."""
    name = next(iter(type(rule).model_fields))
    value = getattr(rule, name).model_copy(update={"identity_provider_id": identity_provider_id})
    return rule.model_copy(update={name: value})
