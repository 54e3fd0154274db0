"""Demands, factors and proofs for tests."""

from __future__ import annotations

from typing import Any

from tests.tokens.material import NOW

from doorward.policy.mfa import Authenticator
from doorward.policy.model import Policy
from doorward.second_factor import Demand, Factor, Proof, Proofs

TOTP, BIOMETRICS, KEY = Authenticator.TOTP, Authenticator.BIOMETRICS, Authenticator.SECURITY_KEY
HOUR = 3600
__all__ = ["BIOMETRICS", "HOUR", "KEY", "NOW", "TOTP", "demand", "factor", "policy", "proof", "proofs"]


def policy(decision: str = "allow", **fields: Any) -> Policy:
    values = {"id": "policy-1", "name": "Staff", "decision": decision, "include": [{"everyone": {}}]}
    return Policy.model_validate(values | fields)


def demand(*allowed: Authenticator, **fields: Any) -> Demand:
    values: dict[str, Any] = {"allowed": allowed or tuple(Authenticator), "seconds": HOUR, "amr_seconds": None,
                              "by": "policy", "enrollment_allowed": True}  # fmt: skip
    return Demand(**(values | fields))


def factor(kind: Authenticator = TOTP, **fields: Any) -> Factor:
    values: dict[str, Any] = {
        "id": f"{kind.value}-1",
        "user_id": "user-1",
        "kind": kind,
        "created_at": NOW,
        "secret": "00",
    }
    return Factor(**(values | fields))


def proof(kind: Authenticator = TOTP, at: int = NOW, factor_id: str = "factor-1") -> Proof:
    return Proof(kind, at, factor_id)


def proofs(*shown: Proof, recovered_at: int | None = None) -> Proofs:
    return Proofs("session-1", shown, recovered_at)
