"""``mfa_config`` in the file (access.md 4.7)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final

from pydantic import AfterValidator, BeforeValidator

from doorward.policy.mfa import Authenticator, FactorDuration, MfaConfig, OrganizationMfaConfig
from doorward.settings.file.base import MaybeEmpty, Part

_FOR_SSH: Final = frozenset({"piv_key", "ssh_piv_key", "ssh_fido2_key"})


def _known(value: Any) -> Any:
    if isinstance(value, str) and value in _FOR_SSH:
        raise ValueError(
            f"{value!r} is for SSH, which this version does not protect; write totp, biometrics or security_key"
        )
    if isinstance(value, str) and value not in set(Authenticator):
        raise ValueError(f"{value!r} is not a kind of authenticator; write totp, biometrics or security_key")
    return value


def _once(kinds: tuple[Authenticator, ...]) -> tuple[Authenticator, ...]:
    return tuple(dict.fromkeys(kinds))


Authenticators = Annotated[
    tuple[Annotated[Authenticator, BeforeValidator(_known)], ...], AfterValidator(_once), MaybeEmpty
]


class MfaPart(Part):
    """``mfa_config`` of an application or a policy."""

    allowed_authenticators: Authenticators = ()
    mfa_disabled: bool = False
    session_duration: FactorDuration | None = None
    enrollment_allowed: bool | None = None

    def config(self) -> MfaConfig:
        return MfaConfig(**dict(self))


class OrganizationMfaPart(Part):
    """``mfa_config`` of the organization."""

    UNSUPPORTED: ClassVar[dict[str, str]] = {
        "required_aaguids": "this version does not ask authenticators for proof of their make; remove it",
        "mfa_disabled": "write 'mfa_required_for_all_apps: false' in the organization",
    }

    allowed_authenticators: Authenticators = ()
    session_duration: FactorDuration | None = None
    enrollment_allowed: bool | None = None
    amr_matching_session_duration: FactorDuration | None = None

    def config(self) -> OrganizationMfaConfig:
        return OrganizationMfaConfig(**dict(self))
