"""``mfa_config``: when people have to show a second factor of their own, and which one (access.md 4.7).

The same object stands in the organization, in an application and in a policy; what one of them leaves open, the wider
one says.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict

from doorward.durations import Duration, format_duration

LONGEST: Final = timedelta(hours=720)


class Authenticator(StrEnum):
    """A kind of second factor."""

    TOTP = "totp"
    """Codes of an app (RFC 6238): SHA-1, 30 s, 6 digits."""
    BIOMETRICS = "biometrics"
    """A passkey of this very device, or one that is synchronized: it verifies its user by finger, face or device PIN."""
    SECURITY_KEY = "security_key"
    """A passkey on something that is carried along and plugged in or tapped."""


def _duration(duration: timedelta) -> timedelta:
    if duration > LONGEST:
        raise ValueError(f"{format_duration(duration)} is longer than 30 days; write at most 720h")
    return duration


FactorDuration = Annotated[Duration, AfterValidator(_duration)]
"""For how long a second factor counts once it was shown."""


class MfaConfig(BaseModel):
    """What an application or a policy says about second factors. None and empty: as the wider one says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    allowed_authenticators: tuple[Authenticator, ...] = ()
    mfa_disabled: bool = False
    """None is demanded here, whatever the wider ones say."""
    session_duration: FactorDuration | None = None
    enrollment_allowed: bool | None = None
    """Whether somebody who has none yet may set one up here (ours)."""


class OrganizationMfaConfig(MfaConfig):
    """What holds where nothing else is said."""

    amr_matching_session_duration: FactorDuration | None = None
    """For how long a factor counts that an identity provider reports (RFC 8176 ``amr``); None: such reports do not count."""
