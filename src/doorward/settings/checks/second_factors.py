"""Second factors that are demanded of nobody, or that nobody can have."""

from __future__ import annotations

from doorward.settings.checks.names import all_policies
from doorward.settings.declared import Declared
from doorward.settings.problems import Report


def check_second_factors(declared: Declared, report: Report) -> None:
    """Every policy by itself, and whether anybody can ever set up an authenticator."""
    for path, policy in all_policies(declared):
        if policy.mfa_config is not None and policy.decision != "allow":
            message = f"a {policy.decision} policy asks nobody for a second factor"
            report.error((*path, "mfa_config"), message, "remove it, or write decision: allow")
    organization = declared.organization
    wide = organization.mfa_config if organization is not None else None
    if wide is not None and wide.enrollment_allowed is False and not _anywhere(declared):
        message = "nobody can set up an authenticator anywhere, so nobody without one gets in where one is demanded"
        hint = "write 'enrollment_allowed: true' in the mfa_config of an application where people may set one up"
        report.warning(("organization", "mfa_config", "enrollment_allowed"), message, hint)


def _anywhere(declared: Declared) -> bool:
    configs = [placed.value.mfa_config for placed in declared.applications]
    configs += [policy.mfa_config for _, policy in all_policies(declared)]
    return any(config is not None and config.enrollment_allowed for config in configs)
