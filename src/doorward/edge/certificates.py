"""The listeners' certificate from files: checked before it is served, and followed when the files change."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from doorward.errors import DoorwardError

log = structlog.get_logger(__name__)

EXPIRY_WARNING: Final = 14 * 86_400
"""Seconds before the end from which on a certificate is warned about."""
_LARGEST: Final = 1_048_576


class CertificateError(DoorwardError):
    """The certificate or the key cannot be served."""

    code = "certificate"


@dataclass(frozen=True, slots=True)
class TlsMaterial:
    """A certificate chain, the server's own first, and its private key. PEM."""

    chain: bytes
    key: bytes = field(repr=False)


def load(certificate: Path, key: Path, now: int) -> TlsMaterial:
    """The pair in two PEM files. One that has expired, or will soon, is served and warned about.

    Raises:
        CertificateError: a file cannot be read or parsed, or the two do not belong together.
    """
    material = TlsMaterial(_read(certificate), _read(key))
    _warn_of_expiry(check(material, str(certificate), str(key)), certificate, now)
    return material


def check(material: TlsMaterial, certificate: str, key: str) -> x509.Certificate:
    """The server's own certificate, once chain and key are known to belong together.

    ``certificate`` and ``key`` name the two in errors. Raises CertificateError.
    """
    try:
        chain = x509.load_pem_x509_certificates(material.chain)
    except ValueError as error:
        raise CertificateError(f"{certificate} holds no PEM certificate that can be read: {error}") from error
    own = _spki(_private_key(material.key, key).public_key())
    matching = [index for index, each in enumerate(chain) if _spki_of(each) == own]
    if not matching:
        raise CertificateError(f"The private key in {key} does not belong to the certificate in {certificate}.")
    if matching[0] != 0:
        raise CertificateError(
            f"{certificate} begins with another certificate than the server's own. "
            "Put the server's certificate first, then the ones that lead to the authority."
        )
    return chain[0]


async def watch(
    certificate: Path,
    key: Path,
    current: TlsMaterial,
    changed: Callable[[TlsMaterial], Awaitable[None]],
    *,
    now: Callable[[], int],
    interval: float = 1.0,
) -> None:
    """Look at the files every ``interval`` seconds, and call ``changed`` with each new valid pair. Runs until cancelled.

    The content counts, not the time of the file: links are swapped, and two files are never written at one moment. A pair
    that is not valid is not used; it is warned about once it has stayed that way for a whole interval.
    """
    unusable, warned = "", ""
    while True:
        await asyncio.sleep(interval)
        try:
            found = await asyncio.to_thread(_changed, certificate, key, current, now())
        except CertificateError as error:
            if unusable == str(error) != warned:
                log.warning("The new certificate is not used; the one before stays in use.", why=str(error))
                warned = str(error)
            unusable = str(error)
            continue
        unusable = warned = ""
        if found is not None:
            current = found
            log.info("The certificate changed.", file=str(certificate))
            await changed(found)


def _changed(certificate: Path, key: Path, current: TlsMaterial, now: int) -> TlsMaterial | None:
    found = TlsMaterial(_read(certificate), _read(key))
    if found == current:
        return None
    leaf = check(found, str(certificate), str(key))
    if leaf.not_valid_after_utc.timestamp() <= now:
        raise CertificateError(f"{certificate} has expired on {leaf.not_valid_after_utc:%Y-%m-%d %H:%M} UTC.")
    _warn_of_expiry(leaf, certificate, now)
    return found


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise CertificateError(f"{path} cannot be read: {error.strerror or error}.") from error
    if len(data) > _LARGEST:
        raise CertificateError(f"{path} is larger than a megabyte; that is no certificate.")
    return data


def _private_key(pem: bytes, name: str) -> PrivateKeyTypes:
    try:
        return load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise CertificateError(
            f"The private key in {name} is encrypted. Decrypt it (`openssl pkey -in … -out …`) and protect the file instead."
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateError(f"{name} holds no PEM private key that can be read.") from error


def _spki_of(certificate: x509.Certificate) -> bytes:
    try:
        return _spki(certificate.public_key())
    except (ValueError, UnsupportedAlgorithm):
        return b""


def _spki(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _warn_of_expiry(leaf: x509.Certificate, file: Path, now: int) -> None:
    left = int(leaf.not_valid_after_utc.timestamp()) - now
    if left <= 0:
        log.error("The certificate has expired; browsers will refuse it.", file=str(file), days_ago=-left // 86_400)
    elif left <= EXPIRY_WARNING:
        log.warning("The certificate expires soon.", file=str(file), days_left=left // 86_400)
