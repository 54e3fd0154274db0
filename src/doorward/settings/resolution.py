"""From names to ids: what the file declares becomes what decisions are made on. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from doorward.applications import Application, CorsHeaders, Pattern
from doorward.organization import IdentityProvider, Ingress, Organization, Scim
from doorward.policy.model import AccessGroup, Directory, Policy, RuleList
from doorward.policy.rules import EmailList, GroupRule, IpList, LoginMethod, Oidc, Rule, Saml, ServiceTokenRule
from doorward.policy.rules_elsewhere import (
    AuthContext,
    AzureGroup,
    GithubOrganization,
    LinkedAppToken,
    OktaGroup,
    WorkspaceGroup,
    at_provider,
    moved,
)
from doorward.reports import ReportSource
from doorward.service_tokens import Declared
from doorward.settings.approval import approval_of
from doorward.settings.custom_pages import pages_of_application, pages_of_organization
from doorward.settings.file.objects import ApplicationPart, GroupPart, PolicyPart
from doorward.settings.file.providers import AnyProviderPart, OneTimePinPart
from doorward.settings.values import Settings

_WITHIN: Final = "\x1f"
"""Between an application's name and that of a policy written out in it; names cannot hold control characters."""


class ObjectIdLike(Protocol):
    """What the store knows an object by."""

    @property
    def id(self) -> str:
        """UUID."""

    @property
    def aud(self) -> str | None:
        """64 hex characters, for applications."""


Ids = Mapping[str, Mapping[str, ObjectIdLike]]
"""Kind to name to identity, for everything :func:`names` listed."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The declared objects with ids in place of names."""

    organization: Organization
    applications: tuple[Application, ...]
    identity_providers: Mapping[str, IdentityProvider]
    """By id, in the file's order."""
    directory: Directory
    ingress: tuple[Ingress, ...]
    service_tokens: tuple[Declared, ...]
    report_sources: tuple[ReportSource, ...] = ()


def names(settings: Settings) -> Mapping[str, Sequence[str]]:
    """Kind to the names that the store must identify.

    Kinds: application, group, identity_provider, list, policy, service_token.
    """
    return {
        "application": tuple(part.name for part in settings.applications),
        "group": tuple(part.name for part in settings.groups),
        "identity_provider": tuple(part.name for part in settings.identity_providers),
        "list": tuple(part.name for part in settings.lists),
        "service_token": tuple(part.name for part in settings.service_tokens),
        "policy": (
            *(part.name for part in settings.policies),
            *(
                _within(application, item)
                for application in settings.applications
                for item in application.policies
                if isinstance(item, PolicyPart)
            ),
        ),
    }


def resolve(settings: Settings, ids: Ids, account_id: str, not_before: Mapping[str, int]) -> Resolved:
    """Build the core's objects. ``ids`` holds what ``names`` asked for; an ``id`` or ``aud`` in the file wins over it.

    ``not_before``: application id to Unix seconds; 0 where it has none.
    """
    known = _Known.of(settings, ids)
    organization = settings.organization
    return Resolved(
        organization=Organization(
            id=account_id,
            name=organization.name,
            auth_domain=organization.auth_domain,
            session_duration=organization.session_duration,
            auto_redirect_to_identity=organization.auto_redirect_to_identity,
            deny_unmatched_requests=organization.deny_unmatched_requests,
            deny_unmatched_requests_exempted_zone_names=organization.deny_unmatched_requests_exempted_zone_names,
            strict_service_token_auth=organization.strict_service_token_auth,
            resume_posts=organization.resume_posts,
            resume_posts_max_size=organization.resume_posts_max_size,
            custom_max_size=organization.custom_max_size,
            mfa_config=organization.mfa_config.config() if organization.mfa_config else None,
            mfa_required_for_all_apps=organization.mfa_required_for_all_apps,
            login_design=organization.login_design.design(),
            custom_pages=pages_of_organization(organization, settings.custom_pages),
            public=settings.public,
        ),
        applications=tuple(
            _application(part, known, ids, not_before).model_copy(
                update={"custom_pages": pages_of_application(part, settings.custom_pages)}
            )
            for part in settings.applications
        ),
        identity_providers=_identity_providers(settings, known),
        directory=_directory(settings, known),
        ingress=_ingress(settings),
        service_tokens=tuple(part.declared(known.service_tokens[part.name]) for part in settings.service_tokens),
        report_sources=tuple(part.source() for part in settings.report_sources),
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """Name or id to id, by kind."""

    groups: Mapping[str, str]
    lists: Mapping[str, str]
    identity_providers: Mapping[str, str]
    policies: Mapping[str, str]
    service_tokens: Mapping[str, str]
    applications: Mapping[str, str]
    reusable: Mapping[str, PolicyPart]

    @classmethod
    def of(cls, settings: Settings, ids: Ids) -> _Known:
        def table(kind: str, parts: Sequence[Any]) -> dict[str, str]:
            by_name = {part.name: part.id or ids[kind][part.name].id for part in parts}
            return {object_id: object_id for object_id in by_name.values()} | by_name

        policies = table("policy", settings.policies)
        for application in settings.applications:
            for item in application.policies:
                if isinstance(item, PolicyPart):
                    key = _within(application, item)
                    policies[key] = item.id or ids["policy"][key].id
        return cls(
            groups=table("group", settings.groups),
            lists=table("list", settings.lists),
            identity_providers=table("identity_provider", settings.identity_providers),
            policies=policies,
            service_tokens=table("service_token", settings.service_tokens),
            applications=table("application", settings.applications),
            reusable={key: part for part in settings.policies for key in (part.id, part.name) if key},
        )


def _within(application: ApplicationPart, policy: PolicyPart) -> str:
    return f"{application.name}{_WITHIN}{policy.name}"


def _application(part: ApplicationPart, known: _Known, ids: Ids, not_before: Mapping[str, int]) -> Application:
    identity = ids["application"][part.name]
    application_id = part.id or identity.id
    domains = tuple(dict.fromkeys(str(Pattern.parse(text)) for _, text in part.places()))
    return Application(
        id=application_id,
        aud=part.aud or identity.aud or "",
        domain=domains[0],
        self_hosted_domains=domains,
        policies=tuple(_used_policy(part, item, known) for item in part.policies),
        allowed_idps=tuple(known.identity_providers[name] for name in part.allowed_idps),
        cors_headers=CorsHeaders(**part.cors_headers.model_dump()) if part.cors_headers else None,
        mfa_config=part.mfa_config.config() if part.mfa_config else None,
        not_before=not_before.get(application_id, 0),
        **{name: getattr(part, name) for name in _SAME},
    )


_SAME: Final = (
    "name", "type", "session_duration", "auto_redirect_to_identity", "app_launcher_visible", "logo_url",
    "custom_deny_message", "custom_deny_url", "custom_non_identity_deny_url", "enable_binding_cookie",
    "http_only_cookie_attribute", "same_site_cookie_attribute", "path_cookie_attribute", "options_preflight_bypass",
    "service_auth_401_redirect", "read_service_tokens_from_header", "allow_iframe",
    "eager_redirect_cookie_setting", "resume_posts",
)  # fmt: skip
"""Fields of an application that are the same in the file and in the core."""


def _used_policy(application: ApplicationPart, item: str | PolicyPart, known: _Known) -> Policy:
    if isinstance(item, str):
        return _policy(known.reusable[item], known.policies[item], known)
    return _policy(item, known.policies[_within(application, item)], known)


def _policy(part: PolicyPart, policy_id: str, known: _Known) -> Policy:
    return Policy(
        id=policy_id,
        name=part.name,
        decision=part.decision,
        session_duration=part.session_duration,
        mfa_config=part.mfa_config.config() if part.mfa_config else None,
        **approval_of(part, known.lists),
        **_rules(part, known),
    )


def _rules(part: PolicyPart | GroupPart, known: _Known) -> dict[str, tuple[Rule, ...]]:
    return {
        name: tuple(_rule(rule, known) for rule in getattr(part, name)) for name in ("include", "exclude", "require")
    }


def _rule(rule: Rule, known: _Known) -> Rule:
    match rule:
        case GroupRule():
            return GroupRule(group=rule.group.model_copy(update={"id": known.groups[rule.group.id]}))
        case EmailList():
            return EmailList(email_list=rule.email_list.model_copy(update={"id": known.lists[rule.email_list.id]}))
        case IpList():
            return IpList(ip_list=rule.ip_list.model_copy(update={"id": known.lists[rule.ip_list.id]}))
        case LoginMethod():
            provider = known.identity_providers[rule.login_method.id]
            return LoginMethod(login_method=rule.login_method.model_copy(update={"id": provider}))
        case Oidc():
            provider = known.identity_providers[rule.oidc.identity_provider_id]
            return Oidc(oidc=rule.oidc.model_copy(update={"identity_provider_id": provider}))
        case Saml():
            provider = known.identity_providers[rule.saml.identity_provider_id]
            return Saml(saml=rule.saml.model_copy(update={"identity_provider_id": provider}))
        case ServiceTokenRule():
            token_id = known.service_tokens.get(rule.service_token.token_id, rule.service_token.token_id)
            return ServiceTokenRule(service_token=rule.service_token.model_copy(update={"token_id": token_id}))
        case LinkedAppToken():
            other = known.applications[rule.linked_app_token.app_uid]
            return LinkedAppToken(linked_app_token=rule.linked_app_token.model_copy(update={"app_uid": other}))
        case AzureGroup() | OktaGroup() | WorkspaceGroup() | GithubOrganization() | AuthContext():
            return moved(rule, known.identity_providers[at_provider(rule)])
        case _:
            return rule


def _identity_providers(settings: Settings, known: _Known) -> dict[str, IdentityProvider]:
    providers = (
        IdentityProvider(
            id=known.identity_providers[part.name],
            name=part.name,
            type=part.type,
            config=part.config.values(),
            scim_config=_scim(part),
        )
        for part in settings.identity_providers
    )
    return {provider.id: provider for provider in providers}


def _scim(part: AnyProviderPart) -> Scim | None:
    told = None if isinstance(part, OneTimePinPart) else part.scim_config
    if told is None:
        return None
    return Scim(
        enabled=told.enabled,
        user_deprovision=told.user_deprovision,
        identity_update_behavior=told.identity_update_behavior,
        secret_hash=told.secret_hash,
    )


def _directory(settings: Settings, known: _Known) -> Directory:
    groups = (
        AccessGroup(id=known.groups[part.name], name=part.name, **_rules(part, known)) for part in settings.groups
    )
    lists = (
        RuleList(id=known.lists[part.name], name=part.name, emails=frozenset(part.emails), networks=part.networks)
        for part in settings.lists
    )
    return Directory(groups={group.id: group for group in groups}, lists={item.id: item for item in lists})


def _ingress(settings: Settings) -> tuple[Ingress, ...]:
    folder = settings.path.parent
    return tuple(
        Ingress(
            hostname=part.hostname or "",
            path=part.path,
            service=part.service,
            originRequest=part.originRequest.settings(
                str(folder / part.originRequest.caPool) if part.originRequest.caPool else ""
            ),
        )
        for part in settings.ingress
    )
