"""The ring of signing keys and when it turns (access.md 2.7). Pure: the shell makes the random key, ``store`` keeps it.

A key's life: published for seven days before it signs, signs for six weeks, verifies for seven more days.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

_DAY: Final = 86_400
ROTATION: Final = 42 * _DAY
"""Seconds a key signs."""
OVERLAP: Final = 7 * _DAY
"""Seconds a key still verifies, and is published, after the next one took over."""
ADVANCE: Final = 7 * _DAY
"""Seconds a key is published before it signs, so that every cached key set knows it by then."""
KEY_SIZE: Final = 2048
PUBLIC_EXPONENT: Final = 65_537
_CERTIFICATE_LIFETIME: Final = timedelta(days=730)


def key_id(public_key: RSAPublicKey) -> str:
    """``kid``: hex SHA-256 of the key's SubjectPublicKeyInfo in DER."""
    return hashlib.sha256(public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One RSA key and the times of its life in Unix seconds.

    Raises:
        ValueError: ``kid`` is not this key's, or the key is weaker than what we make ourselves.
    """

    kid: str
    """64 hex characters, see :func:`key_id`."""
    private_key: RSAPrivateKey = field(repr=False, compare=False)
    certificate: str = field(repr=False)
    """PEM, self-signed."""
    active_from: int
    """When it begins to sign."""
    retired_at: int | None = None
    """When the next one took over; None: not yet, or exactly when the next key's ``active_from`` comes."""

    def __post_init__(self) -> None:
        public = self.private_key.public_key()
        if self.private_key.key_size < KEY_SIZE or public.public_numbers().e != PUBLIC_EXPONENT:
            raise ValueError(
                f"a signing key has at least {KEY_SIZE} bits and the exponent {PUBLIC_EXPONENT}; make a new one"
            )
        if self.kid != key_id(public):
            raise ValueError(f"the key id {self.kid!r} does not belong to this private key; the record was mixed up")


def issue(private_key: RSAPrivateKey, name: str, active_from: int) -> SigningKey:
    """A signing key out of a fresh private key, with its certificate.

    Args:
        private_key: RSA, :data:`KEY_SIZE` bits, made by the caller.
        name: common name of the certificate: the team domain (at most 64 characters are kept, RFC 5280).
        active_from: Unix seconds.
    """
    kid = key_id(private_key.public_key())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    begin = datetime.fromtimestamp(active_from - ADVANCE, tz=UTC) - timedelta(days=1)  # readers' clocks may be behind
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private_key.public_key())
        .serial_number(int(kid[:38], 16) or 1)  # unique as the key is, and within the 20 octets of RFC 5280
        .not_valid_before(begin)
        .not_valid_after(begin + _CERTIFICATE_LIFETIME)
        .sign(private_key, hashes.SHA256())
    )
    return SigningKey(kid, private_key, certificate.public_bytes(Encoding.PEM).decode("ascii"), active_from)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All keys that are kept. Verifiers select by ``kid``, never by position."""

    keys: tuple[SigningKey, ...]

    def retirement(self, key: SigningKey) -> int | None:
        """When ``key`` stops signing: as recorded, or when a younger key begins, whichever is earlier."""
        times = [other.active_from for other in self.keys if other.active_from > key.active_from]
        if key.retired_at is not None:
            times.append(key.retired_at)
        return min(times, default=None)

    def current(self, now: int) -> SigningKey:
        """The key that signs.

        A clock that was set back may find every key in the future: then the oldest signs, which was published longest.
        A key that was superseded never signs again, even when the younger one is withdrawn.

        Raises:
            LookupError: the ring is empty or every key in it is retired.
        """
        signing = [key for key in self.keys if not _reached(self.retirement(key), now)]
        active = [key for key in signing if key.active_from <= now]
        if active:
            return max(active, key=_age)
        if signing:
            return min(signing, key=_age)
        raise LookupError("there is no signing key that is in use; run `doorward keys rotate` to make one")

    def published(self, now: int) -> tuple[SigningKey, ...]:
        """The current key first (some verifiers try only that), then coming ones, then those in their overlap.

        Raises:
            LookupError: as :meth:`current`.
        """
        current = self.current(now)
        others = (key for key in self.keys if key is not current and not self.over(key, now))
        return (current, *sorted(others, key=_age, reverse=True))

    def verifying(self, now: int) -> Mapping[str, SigningKey]:
        """Every key whose signatures count, by ``kid``: the published ones; in a ring without any, none."""
        return {key.kid: key for key in self.keys if not self.over(key, now)}

    def over(self, key: SigningKey, now: int) -> bool:
        """Whether the key's overlap has ended: nothing it signed counts any more."""
        return _reached(self.retirement(key), now - OVERLAP)


@dataclass(frozen=True, slots=True)
class Plan:
    """What the shell has to do to the ring now."""

    create_next_at: int | None = None
    """``active_from`` of a key to be made now; None: none is due."""
    drop: tuple[str, ...] = ()
    """``kid`` of each key whose overlap has ended."""


def plan(ring: KeyRing, now: int) -> Plan:
    """The rotation that is due at ``now``; an empty plan when nothing is."""
    drop = tuple(key.kid for key in ring.keys if ring.over(key, now))
    try:
        current = ring.current(now)
    except LookupError:
        return Plan(now, drop)
    if any(key.active_from > now for key in ring.keys if key is not current):
        return Plan(None, drop)
    due = current.active_from + ROTATION
    # A door that was off for weeks is late; even then nobody meets a signature whose key was not published before.
    return Plan(max(due, now + ADVANCE) if now >= due - ADVANCE else None, drop)


def _age(key: SigningKey) -> tuple[int, str]:
    return key.active_from, key.kid


def _reached(time: int | None, now: int) -> bool:
    return time is not None and now >= time
