"""The keys of SAML. Ours: one signs requests, one is what providers encrypt to, with their rotation. Theirs: certificates. Pure.

Ours are not those of the tokens: providers have their certificates on file and are slow to learn of new ones, so these
live for two years; and a key that decrypts what strangers send does nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from doorward.tokens.keys import SigningKey

Use = Literal["signing", "encryption"]
USES: Final[tuple[Use, ...]] = ("signing", "encryption")

LIFETIME: Final = 700 * 86_400
"""Seconds until the next key takes over, 30 days before the certificate ends (access.md 6.3)."""
ADVANCE: Final = 30 * 86_400
"""How long before that the next key is made; metadata has it from then on."""
OVERLAP: Final = 30 * 86_400
"""How long the previous one still decrypts."""
_BASE64: Final = re.compile(r"[A-Za-z0-9+/=\s]+")


@dataclass(frozen=True, slots=True)
class SamlKeys:
    """All that are kept."""

    signing: tuple[SigningKey, ...] = ()
    encryption: tuple[SigningKey, ...] = ()

    def signs(self, now: int) -> SigningKey:
        """The key that signs requests.

        Raises:
            LookupError: there is none.
        """
        return _current(self.signing, now)

    def encrypts(self, now: int) -> SigningKey:
        """The key that providers are to encrypt to.

        Raises:
            LookupError: there is none.
        """
        return _current(self.encryption, now)

    def signers(self, now: int) -> tuple[SigningKey, ...]:
        """The key that signs, then the one that will."""
        current = self.signs(now)
        return (current, *(key for key in self.signing if key.active_from > max(now, current.active_from)))

    @property
    def decrypting(self) -> tuple[SigningKey, ...]:
        """Every key that providers may still encrypt to, the youngest first."""
        return tuple(sorted(self.encryption, key=_age, reverse=True))

    def of(self, use: Use) -> tuple[SigningKey, ...]:
        return self.signing if use == "signing" else self.encryption


@dataclass(frozen=True, slots=True)
class Due:
    """What has to be done now."""

    create: tuple[tuple[Use, int], ...] = ()
    """A use, and ``active_from`` of a new key for it."""
    drop: tuple[str, ...] = ()
    """``kid`` of each key whose time is over."""


def due(keys: SamlKeys, now: int) -> Due:
    """The rotation at ``now``; an empty one when there is nothing to do."""
    create: list[tuple[Use, int]] = []
    drop: list[str] = []
    for use in USES:
        held = sorted(keys.of(use), key=_age)
        if not held:
            create.append((use, now))
            continue
        follows = held[-1].active_from + LIFETIME
        if now >= follows - ADVANCE:
            create.append((use, max(follows, now)))
        successors = pairwise(held)
        drop += [key.kid for key, successor in successors if now >= successor.active_from + OVERLAP]
    return Due(tuple(create), tuple(drop))


def certificate_of(text: str) -> x509.Certificate:
    """A certificate as PEM, or as the bare base64 between its lines, which is how metadata and the API hold it.

    Raises:
        ValueError: it is none, or its key is too weak to trust a signature by it.
    """
    text = text.strip()
    if _BASE64.fullmatch(text):
        text = f"-----BEGIN CERTIFICATE-----\n{''.join(text.split())}\n-----END CERTIFICATE-----\n"
    try:
        (certificate,) = x509.load_pem_x509_certificates(text.encode())
        key = certificate.public_key()
    except Exception:  # noqa: BLE001 - the library raises several types for what it does not like
        raise ValueError(
            "it is not one X.509 certificate; paste what stands between the X509Certificate tags of the metadata"
        ) from None
    strong = (isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048) or (
        isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in {"secp256r1", "secp384r1", "secp521r1"}
    )
    if not strong:
        raise ValueError("its key is neither RSA of 2048 bits or more nor on the curve P-256, P-384 or P-521")
    return certificate


def _current(keys: Iterable[SigningKey], now: int) -> SigningKey:
    """The youngest that is in use; with a clock that was set back, the oldest."""
    held = sorted(keys, key=_age)
    if not held:
        raise LookupError("there is no SAML key; one is made when the metadata is asked for")
    return next((key for key in reversed(held) if key.active_from <= now), held[0])


def _age(key: SigningKey) -> tuple[int, str]:
    return key.active_from, key.kid
