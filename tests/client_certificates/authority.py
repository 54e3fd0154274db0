"""Certificate authorities for tests, and what they sign: good certificates, and bad ones of every kind."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = dt.timedelta(days=1)


def now() -> dt.datetime:
    return dt.datetime.fromtimestamp(int(time.time()), dt.UTC)


def name(common_name: str, *more: x509.NameAttribute) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name), *more])


@dataclass(frozen=True)
class Client:
    """What a client has: its certificate, whatever leads to the root, and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def fingerprint(self) -> str:
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Certificate chain and key as files."""
        stem = f"{self.certificate.serial_number:x}"
        chain, key = folder / f"{stem}.crt", folder / f"{stem}.key"
        chain.write_bytes(
            b"".join(one.public_bytes(serialization.Encoding.PEM) for one in (self.certificate, *self.chain))
        )
        key.write_bytes(
            self.key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return chain, key


@dataclass(frozen=True)
class Authority:
    """A root, or an intermediate with the chain that leads to one."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    chain: tuple[x509.Certificate, ...] = ()
    """From this authority's own certificate upwards, without the root."""

    @classmethod
    def make(cls, common_name: str, *, above: Authority | None = None, days: int = 365) -> Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = name(common_name)
        issuer, signer = (above.certificate.subject, above.key) if above is not None else (subject, key)
        signed = _begun(subject, issuer, key, now() - DAY, now() + days * DAY)
        signed = signed.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        signed = signed.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        certificate = signed.sign(signer, hashes.SHA256())
        return cls(certificate, key, (certificate, *above.chain) if above is not None else ())

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def issue(
        self,
        common_name: str = "device-1",
        *,
        subject: x509.Name | None = None,
        begins: dt.datetime | None = None,
        ends: dt.datetime | None = None,
        usage: Sequence[x509.ObjectIdentifier] | None = (ExtendedKeyUsageOID.CLIENT_AUTH,),
        extensions: Iterable[x509.ExtensionType] = (),
    ) -> Client:
        key = ec.generate_private_key(ec.SECP256R1())
        begun = _begun(
            name(common_name) if subject is None else subject,
            self.certificate.subject,
            key,
            begins or now() - DAY,
            ends or now() + 30 * DAY,
        )
        begun = begun.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        begun = begun.add_extension(issuer, critical=False)
        if usage is not None:
            begun = begun.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
        for extension in extensions:
            begun = begun.add_extension(extension, critical=False)
        return Client(begun.sign(self.key, hashes.SHA256()), key, self.chain)

    def revoking(self, *clients: Any, days: float = 7, encoding: serialization.Encoding | None = None) -> bytes:
        """A revocation list that names these certificates."""
        made = now()
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(made - 10 * DAY)
            .next_update(made + days * DAY)
        )
        for client in clients:
            revoked = (
                x509.RevokedCertificateBuilder()
                .serial_number(client.certificate.serial_number)
                .revocation_date(made - DAY)
                .build()
            )
            builder = builder.add_revoked_certificate(revoked)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(encoding or serialization.Encoding.PEM)


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, begins: dt.datetime, ends: dt.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
    )
