"""Sources of reports with keys, and deliveries that they sign."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, OctKey, RSAKey

from doorward.reports import SCORE, ReportSource, public_key, shared_secret

NOW = 1_800_000_000
TEAM = "https://login.example.com"
SECRET = "0123456789abcdef" * 4
DAY = 86_400


@cache
def fleet_key() -> ECKey:
    return ECKey.generate_key("P-256")


@cache
def rsa_key() -> RSAKey:
    return RSAKey.generate_key(2048)


@cache
def fleet() -> ReportSource:
    """Reports the check ``disk``, with ES256."""
    return ReportSource("fleet", frozenset({"disk"}), public_key(fleet_key().as_dict(private=False)))


@cache
def siem() -> ReportSource:
    """Reports risk scores, with HS256."""
    return ReportSource("siem", frozenset({SCORE}), shared_secret(SECRET))


def sources() -> tuple[ReportSource, ...]:
    return fleet(), siem()


def posture(user: str = "ann@example.com", **changes: Any) -> dict[str, Any]:
    return _changed(
        {"user": user, "device_posture": {"integration_uid": "disk"}, "passed": True, "until": NOW + DAY}, changes
    )


def score(level: str = "high", user: str = "ann@example.com", **changes: Any) -> dict[str, Any]:
    return _changed({"user": user, "user_risk_score": level, "until": NOW + DAY}, changes)


def claims(*reports: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Good claims of the fleet; a claim of value ``...`` is left out."""
    good = {
        "iss": "fleet", "aud": TEAM, "type": "report", "iat": NOW, "exp": NOW + 60, "jti": "1",
        "reports": list(reports or (posture(),)),
    }  # fmt: skip
    return _changed(good, changes)


def sign(content: dict[str, Any] | bytes, key: Any = None, alg: str = "ES256", **header: Any) -> str:
    payload = content if isinstance(content, bytes) else json.dumps(content).encode()
    registry = jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
    return jws.serialize_compact({"alg": alg, **header}, payload, key or fleet_key(), registry=registry)


def sign_score(content: dict[str, Any]) -> str:
    return sign(content, OctKey.import_key(SECRET.encode()), "HS256")


def _changed(good: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**good, **changes}.items() if value is not ...}
