"""Whether anybody can sign in, and with what."""

from __future__ import annotations

from collections.abc import Iterator

from doorward.settings.checks.rules import lets_anybody_in
from doorward.settings.declared import Declared, Placed
from doorward.settings.file.objects import ApplicationPart, PolicyPart
from doorward.settings.file.providers import AnyProviderPart, OidcPart, OneTimePinPart
from doorward.settings.problems import Report
from doorward.settings.source import Path

Provider = AnyProviderPart


def check_providers(declared: Declared, report: Report) -> None:
    """Each provider by itself."""
    pins = [placed for placed in declared.identity_providers if isinstance(placed.value, OneTimePinPart)]
    for placed in pins[1:]:
        report.error((*placed.path, "type"), "there is a one-time PIN provider already", "one is enough; remove this")
    if pins and "mail" not in declared.present:
        hint = "add 'mail:' with host and sender, or remove this identity provider"
        report.error((*pins[0].path, "type"), "one-time PINs are sent by e-mail, and no mail server is set", hint)
    for placed in declared.identity_providers:
        if isinstance(placed.value, OidcPart):
            _oidc(placed.path, placed.value, report)


def _oidc(path: Path, provider: OidcPart, report: Report) -> None:
    config, here = provider.config, (*path, "config")
    if config.issuer is None:
        for field in ("auth_url", "token_url", "certs_url"):
            if getattr(config, field) is None:
                hint = f"add '{field}: …', or 'issuer: …' to have it discovered"
                report.error((*here, field), f"{field!r} is missing and cannot be discovered without 'issuer'", hint)
    if "openid" not in config.scopes:
        hint = "add openid to the list"
        report.error((*here, "scopes"), "without the scope 'openid' the provider sends no ID token", hint)
    if config.client_secret is None and not config.pkce_enabled:
        hint = "add 'client_secret: ${NAME}', or leave pkce_enabled true"
        report.error((*here, "client_secret"), "a client without secret and without PKCE proves nothing", hint)
    if not config.allowed_algorithms:
        report.error((*here, "allowed_algorithms"), "it is empty", "remove it, or write [RS256]")


def check_sign_in(declared: Declared, report: Report) -> None:
    """Each application: who can get in, and how."""
    policies = {key: item.value for item in declared.policies for key in (item.value.name, item.value.id) if key}
    groups = {key: item.value for item in declared.groups for key in (item.value.name, item.value.id) if key}
    for application in declared.applications:
        _entry(application, report)
        providers = allowed_providers(application.value, declared)
        used = list(_policies(application, policies))
        if providers is None:
            continue
        _instant(application, providers, report)
        if not providers and any(policy.decision == "allow" for _, policy in used):
            hint = "declare one under 'identity_providers:'"
            report.error((*application.path, "policies"), "nobody can sign in: there is no identity provider", hint)
        if any(isinstance(provider, OneTimePinPart) for provider in providers):
            for path, policy in used:
                if lets_anybody_in(policy, groups):
                    hint = "include e-mail addresses or domains, or set allowed_idps without the one-time PIN"
                    report.warning(path, "anyone in the world with a mailbox can enter", hint)
    _instant_everywhere(declared, report)


def _entry(application: Placed[ApplicationPart], report: Report) -> None:
    if not application.value.policies:
        hint = "add a policy with decision: allow"
        report.warning((*application.path, "policies"), "nobody can enter: the application has no policy", hint)


def _instant(application: Placed[ApplicationPart], providers: list[Provider], report: Report) -> None:
    if application.value.auto_redirect_to_identity and len(providers) != 1:
        hint = "name exactly one identity provider in allowed_idps"
        message = f"it needs exactly one identity provider, and {len(providers)} are allowed"
        report.error((*application.path, "auto_redirect_to_identity"), message, hint)


def _instant_everywhere(declared: Declared, report: Report) -> None:
    if declared.organization is None or not declared.organization.auto_redirect_to_identity:
        return
    allowed = [(item.value.name, allowed_providers(item.value, declared)) for item in declared.applications]
    undecided = [name for name, providers in allowed if providers is not None and len(providers) != 1]
    if undecided:
        hint = "name exactly one in allowed_idps of each application, or set it on single applications"
        message = f"it needs exactly one identity provider in each application; not so in {', '.join(undecided)}"
        report.error(("organization", "auto_redirect_to_identity"), message, hint)


def allowed_providers(application: ApplicationPart, declared: Declared) -> list[Provider] | None:
    """The providers an application may use; None when that cannot be said because a declaration is broken."""
    providers = [placed.value for placed in declared.identity_providers]
    if "identity_providers" not in declared.references or not declared.complete("identity_providers"):
        return None
    if not application.allowed_idps:
        return providers
    found = [item for item in providers if item.name in application.allowed_idps or item.id in application.allowed_idps]
    return found if len(found) == len(set(application.allowed_idps)) else None


def _policies(
    application: Placed[ApplicationPart], reusable: dict[str, PolicyPart]
) -> Iterator[tuple[Path, PolicyPart]]:
    for index, item in enumerate(application.value.policies):
        policy = reusable.get(item) if isinstance(item, str) else item
        if policy is not None:
            yield (*application.path, "policies", index), policy
