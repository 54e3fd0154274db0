"""Certificate revocation lists (RFC 5280 section 5), from files that the operator vouches for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from doorward.client_certificates.certificate import name_text

_BLOCK = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)


class UnreadableListError(ValueError):
    """It cannot be used as a revocation list. Says why and, behind ``; ``, what to do."""


@dataclass(frozen=True, slots=True)
class RevocationList:
    """One list."""

    issuer: str
    """Name of the authority, see :func:`doorward.client_certificates.certificate.name_text`."""
    next_update: int | None
    """Unix seconds: from then on it says nothing any more. None: it does not say."""
    revoked: frozenset[int] = field(repr=False)
    """Serial numbers."""
    pem: bytes = field(repr=False)


def read_lists(content: bytes, authorities: Sequence[x509.Certificate]) -> tuple[RevocationList, ...]:
    """Every list in a PEM file, or the one in a DER file.

    Raises:
        UnreadableListError: there is none, one cannot be read, or one was not signed by one of ``authorities``.
    """
    blocks = _BLOCK.findall(content)
    try:
        found = [x509.load_pem_x509_crl(block) for block in blocks] or [x509.load_der_x509_crl(content)]
    except ValueError as error:
        raise UnreadableListError("it holds no revocation list in PEM or DER; name the .crl file") from error
    return tuple(_read(one, authorities) for one in found)


def _read(found: x509.CertificateRevocationList, authorities: Sequence[x509.Certificate]) -> RevocationList:
    issuer = name_text(found.issuer)
    if not any(authority.subject == found.issuer and _signed(found, authority) for authority in authorities):
        hint = "add the certificate of that authority, or name the list that belongs to this one"
        raise UnreadableListError(f"the list of {issuer!r} is not signed by an authority given here; {hint}")
    update = found.next_update_utc
    return RevocationList(
        issuer=issuer,
        next_update=int(update.timestamp()) if update is not None else None,
        revoked=frozenset(one.serial_number for one in found),
        pem=found.public_bytes(Encoding.PEM),
    )


def _signed(found: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    try:
        return found.is_signature_valid(authority.public_key())  # type: ignore[arg-type]  # TypeError says which cannot
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return False
