"""One client certificate in our words."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

LONGEST_COMMON_NAME: Final = 200
"""Characters. X.520 allows 64; what is much longer is no name."""


class UnreadableCertificateError(ValueError):
    """It cannot be read, though TLS took it."""


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What policies may ask about a certificate. That it is genuine is for whoever verified it to know."""

    common_name: str
    """Of the subject; empty when it has none, several, or one that is not plain text."""
    serial: str
    """Lower-case hex."""
    issuer: str
    """The issuer's name, see :func:`name_text`."""
    issuer_key_id: str
    """The issuer's key identifier in hex; empty where the certificate names none."""


@dataclass(frozen=True, slots=True)
class ClientCertificate(CertificateFacts):
    """All that is looked at in a certificate."""

    fingerprint: str
    """SHA-256 of the whole certificate, 64 lower-case hex characters."""
    not_before: int
    """Unix seconds."""
    not_after: int
    """Unix seconds; the last second in which it is valid."""
    number: int = field(repr=False)
    """The serial number; with ``issuer`` what revocation lists name it by."""
    der: bytes = field(repr=False)

    @property
    def base64(self) -> str:
        """DER in base64, as origins get it."""
        return base64.b64encode(self.der).decode("ascii")


def name_text(name: x509.Name) -> str:
    """A name as RFC 4514 writes it, on one line: control characters are escaped."""
    return "".join(one if one.isprintable() else f"\\x{ord(one):02x}" for one in name.rfc4514_string())


def read_certificate(pem: bytes) -> ClientCertificate:
    """From PEM.

    Raises:
        UnreadableCertificateError: it is not one certificate that can be read.
    """
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        return _read(certificate, certificate.public_bytes(Encoding.DER))
    except ValueError as error:
        raise UnreadableCertificateError(f"the client certificate cannot be read: {error}") from error


def _read(certificate: x509.Certificate, der: bytes) -> ClientCertificate:
    return ClientCertificate(
        common_name=_common_name(certificate.subject),
        fingerprint=hashlib.sha256(der).hexdigest(),
        serial=f"{certificate.serial_number:x}",
        issuer=name_text(certificate.issuer),
        issuer_key_id=_issuer_key_id(certificate),
        not_before=int(certificate.not_valid_before_utc.timestamp()),
        not_after=int(certificate.not_valid_after_utc.timestamp()),
        number=certificate.serial_number,
        der=der,
    )


def _common_name(subject: x509.Name) -> str:
    """The one common name. With two, readers disagree about which one is meant, so there is none."""
    names = [attribute.value for attribute in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if len(names) != 1 or not isinstance(names[0], str):
        return ""
    name = names[0]
    return name if name.isprintable() and len(name) <= LONGEST_COMMON_NAME else ""


def _issuer_key_id(certificate: x509.Certificate) -> str:
    try:
        identifier = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    except (x509.ExtensionNotFound, ValueError):
        return ""
    return identifier.hex() if identifier is not None else ""
