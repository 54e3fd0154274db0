"""Who may report: a name, what about, and the key that proves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, RSAKey

SCORE: Final = ""
"""In place of an ``integration_uid``: the report is about a person's risk score."""
SHORTEST_SECRET: Final = 32
"""Bytes; RFC 7518 section 3.2 wants as many as the hash has."""
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


@dataclass(frozen=True, slots=True)
class ReportKey:
    """One key with the one algorithm that it is used with: what a header says never chooses it."""

    algorithm: Literal["RS256", "ES256", "HS256"]
    key: RSAKey | ECKey | OctKey = field(repr=False, compare=False)
    thumbprint: str = field(default="", repr=False)
    """RFC 7638; equal keys have equal ones."""


@dataclass(frozen=True, slots=True)
class ReportSource:
    """One of ``report_sources``."""

    name: str
    subjects: frozenset[str]
    """``integration_uid`` of each posture check it may report; ``SCORE`` if it may report risk scores."""
    key: ReportKey


def public_key(written: Mapping[str, Any] | str) -> ReportKey:
    """A public key as JWK, or in PEM.

    Raises:
        ValueError: it is none, a private one, or neither RSA of 2048 bits or more nor P-256.
    """
    if not isinstance(written, str) and (_PRIVATE & written.keys() or written.get("kty") == "oct"):
        raise ValueError("that is a private key; write the public one, and keep this one where the reports are signed")
    for kind in (RSAKey, ECKey):
        try:
            key = kind.import_key(written if isinstance(written, str) else _members(written, kind))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        return _checked(key)
    raise ValueError("that is not a public key; write an RSA or P-256 key as JWK, or in PEM")


def shared_secret(secret: str) -> ReportKey:
    """Raises ``ValueError`` for one that is too short."""
    data = secret.encode()
    if len(data) < SHORTEST_SECRET:
        raise ValueError(f"that is too short; write {SHORTEST_SECRET} characters or more (openssl rand -hex 32)")
    key = OctKey.import_key(data)
    return ReportKey("HS256", key, key.thumbprint())


def _members(written: Mapping[str, Any], kind: type[RSAKey | ECKey]) -> dict[str, Any]:
    """Only the members that make the key, so that nothing else in it can steer the library."""
    names = ("kty", "n", "e") if kind is RSAKey else ("kty", "crv", "x", "y")
    return {name: written[name] for name in names}


def _checked(key: RSAKey | ECKey) -> ReportKey:
    if key.is_private:
        raise ValueError("that is a private key; write the public one, and keep this one where the reports are signed")
    if isinstance(key, RSAKey):
        numbers = key.public_key.public_numbers()
        if not 2048 <= numbers.n.bit_length() <= 8192 or not 65537 <= numbers.e < 2**32:
            raise ValueError("that RSA key is too weak, or unusually large; use one of 2048 to 8192 bits")
        return ReportKey("RS256", key, key.thumbprint())
    if key.curve_name != "P-256":
        raise ValueError(f"a key on the curve {key.curve_name} is not understood; use P-256")
    return ReportKey("ES256", key, key.thumbprint())
