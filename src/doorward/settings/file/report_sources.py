"""Who may report device postures and risk scores, in the file."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, SecretStr, model_validator

from doorward.reports import SCORE, ReportKey, ReportSource, public_key, shared_secret
from doorward.settings.file.base import MaybeEmpty, Name, Part


def _public_key(written: object) -> ReportKey | None:
    if written is None:
        return None
    if isinstance(written, dict) and all(isinstance(text, str) for text in (*written, *written.values())):
        return public_key(written)
    if isinstance(written, str):
        return public_key(written)
    raise ValueError("that is not a public key; write an RSA or P-256 key as JWK, or in PEM")


def _secret(secret: SecretStr | None) -> SecretStr | None:
    if secret is not None:
        shared_secret(secret.get_secret_value())
    return secret


class ReportSourcePart(Part):
    """One of ``report_sources``."""

    name: Name
    device_posture: Annotated[tuple[Name, ...], MaybeEmpty] = ()
    """The ``integration_uid`` of each check that it may report."""
    user_risk_score: bool = False
    """It may report risk scores."""
    public_key: Annotated[Any, AfterValidator(_public_key)] = None
    """JWK or PEM; deliveries are signed with RS256 or ES256."""
    secret: Annotated[SecretStr | None, AfterValidator(_secret)] = None
    """Deliveries are signed with HS256."""

    @model_validator(mode="after")
    def _one_key(self) -> ReportSourcePart:
        if (self.public_key is None) is (self.secret is None):
            raise ValueError("it needs one key to prove its reports; write 'public_key:' or 'secret:', and not both")
        if not self.device_posture and not self.user_risk_score:
            raise ValueError(
                "it may report nothing; add 'device_posture: [name of a check]' or 'user_risk_score: true'"
            )
        return self

    @property
    def subjects(self) -> frozenset[str]:
        return frozenset(self.device_posture) | (frozenset({SCORE}) if self.user_risk_score else frozenset())

    def source(self) -> ReportSource:
        """As the core has it."""
        key = self.public_key if self.secret is None else shared_secret(self.secret.get_secret_value())
        return ReportSource(self.name, self.subjects, key)
