"""A provider's JSON Web Key Set (RFC 7517), read so that every key is typed: which algorithms it may verify, no others."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from doorward.providers.failure import Failure, Reason

MAX_KEYS: Final = 100
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]+")
_RSA: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_CURVES: Final = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
_SECRET_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """One public key and what it is for."""

    kid: str | None
    algorithms: frozenset[str]
    """The one its ``alg`` names, or all that fit its type and curve. Never symmetric ones."""
    key: RSAKey | ECKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys of a provider that may verify its id_tokens."""

    keys: tuple[VerificationKey, ...]

    def candidates(self, kid: str | None, algorithm: str) -> tuple[VerificationKey, ...]:
        """Keys that may have signed: the one named ``kid``, or all that fit if either side names none."""
        if kid is not None and any(key.kid is not None for key in self.keys):
            fitting = tuple(key for key in self.keys if key.kid == kid)
        else:
            fitting = self.keys
        return tuple(key for key in fitting if algorithm in key.algorithms)


def read_key_set(document: Mapping[str, Any]) -> KeySet:
    """The keys of ``document`` that can verify signatures; others (encryption, unknown types, weak ones) are left out.

    Raises:
        Failure: INVALID_ANSWER; not a key set, a secret in it, two keys of one name, or no key left.
    """
    entries = document.get("keys")
    if not isinstance(entries, list) or len(entries) > MAX_KEYS:
        raise Failure(Reason.INVALID_ANSWER, "key set: no list of keys, or too many")
    if any(not isinstance(entry, dict) for entry in entries):
        raise Failure(Reason.INVALID_ANSWER, "key set: a key is not an object")
    if any(entry.get("kty") == "oct" or _SECRET_MEMBERS & entry.keys() for entry in entries):
        raise Failure(Reason.INVALID_ANSWER, "key set: it publishes a private or symmetric key; nobody may trust it")
    keys = tuple(key for key in map(_verification_key, entries) if key is not None)
    names = [key.kid for key in keys if key.kid is not None]
    if len(names) != len(set(names)):
        raise Failure(Reason.INVALID_ANSWER, "key set: two keys have the same kid")
    if not keys:
        raise Failure(
            Reason.INVALID_ANSWER, "key set: no usable key (RSA of 2048 bits or more, or P-256, P-384, P-521)"
        )
    return KeySet(keys)


def _verification_key(entry: Mapping[str, Any]) -> VerificationKey | None:
    if entry.get("use", "sig") != "sig" or not _may_verify(entry.get("key_ops")):
        return None
    kid, algorithm = entry.get("kid"), entry.get("alg")
    if kid is not None and not isinstance(kid, str):
        return None
    try:
        key, algorithms = _public_key(entry)
    except (JoseError, ValueError, KeyError, TypeError, OverflowError):
        return None
    if algorithm is not None:
        algorithms = frozenset({algorithm}) & algorithms if isinstance(algorithm, str) else frozenset()
    return VerificationKey(kid, algorithms, key) if algorithms else None


def _may_verify(operations: Any) -> bool:
    return operations is None or (isinstance(operations, list) and "verify" in operations)


def _public_key(entry: Mapping[str, Any]) -> tuple[RSAKey | ECKey, frozenset[str]]:
    """Only the members that make the key are handed on, so that nothing else in the entry can steer the library."""
    match entry["kty"]:
        case "RSA":
            modulus, exponent = _number(entry["n"]), _number(entry["e"])
            if not 2048 <= modulus.bit_length() <= 8192 or not 65537 <= exponent < 2**32 or exponent % 2 == 0:
                raise ValueError("weak RSA key")
            return RSAKey.import_key({"kty": "RSA", "n": entry["n"], "e": entry["e"]}), _RSA
        case "EC":
            members = {name: entry[name] for name in ("kty", "crv", "x", "y")}
            return ECKey.import_key(members), frozenset({_CURVES[entry["crv"]]})
        case other:
            raise ValueError(f"no key type of ours: {other!r}")


def _number(text: str) -> int:
    if not _BASE64URL.fullmatch(text):  # the decoder skips what it does not know
        raise ValueError("not base64url")
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")
