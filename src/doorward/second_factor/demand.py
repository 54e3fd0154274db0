"""Which second factor has to be shown, by whom it is demanded, and for how long it counts (access.md 4.7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeVar

from doorward.applications import Application
from doorward.organization import Organization
from doorward.policy.mfa import Authenticator, MfaConfig
from doorward.policy.model import Policy

T = TypeVar("T")

DEFAULT_DURATION: Final = timedelta(hours=24)
SHORTEST: Final = 60
"""Seconds for which a factor counts at least: ``0m`` asks at every entry, and the way from the page to the application
takes a moment."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What has to be shown."""

    allowed: tuple[Authenticator, ...]
    """Any of these; never empty."""
    seconds: int
    """For so long after it was shown."""
    amr_seconds: int | None
    """Likewise for what an identity provider reports, since the login; None: that does not count."""
    by: str
    """``policy``, ``application`` or ``organization``."""
    enrollment_allowed: bool
    """Whoever has none yet may set one up on the way."""


def demanded(policy: Policy | None, application: Application, organization: Organization) -> Demand | None:
    """What somebody who is let in by ``policy`` has to show; None: nothing.

    The policy decides if it says anything, then the application, then the organization.
    """
    if policy is None or policy.decision != "allow":
        return None
    wide = organization.mfa_config
    by = _demanding(policy.mfa_config, application.mfa_config, organization_wide=organization.mfa_required_for_all_apps)
    if not by:
        return None
    said = tuple(config for config in (policy.mfa_config, application.mfa_config, wide) if config is not None)
    duration = _first((config.session_duration for config in said), DEFAULT_DURATION)
    amr = wide.amr_matching_session_duration if wide is not None else None
    return Demand(
        allowed=_first((config.allowed_authenticators or None for config in said), tuple(Authenticator)),
        seconds=_seconds(duration),
        amr_seconds=None if amr is None else _seconds(amr),
        by=by,
        enrollment_allowed=_first((config.enrollment_allowed for config in said), True),
    )


def ever_demanded(application: Application, organization: Organization) -> bool:
    """Whether anybody may have to show one at this application: if not, nothing has to be looked up."""
    return any(demanded(policy, application, organization) is not None for policy in application.policies)


def _demanding(policy: MfaConfig | None, application: MfaConfig | None, *, organization_wide: bool) -> str:
    """Who demands it; empty: nobody. Whoever is nearest to the visitor and says anything has the word."""
    for name, config in (("policy", policy), ("application", application)):
        if config is not None:
            return "" if config.mfa_disabled else name
    return "organization" if organization_wide else ""


def _first(values: Iterable[T | None], otherwise: T) -> T:
    return next((value for value in values if value is not None), otherwise)


def _seconds(duration: timedelta) -> int:
    return max(int(duration.total_seconds()), SHORTEST)
