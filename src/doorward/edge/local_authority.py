"""``tls: local``: a certificate authority for development, made on this machine and good for nothing but its names.

Four files in one private folder: ``ca.crt`` (to be trusted by the browser), ``ca.key``, ``server.crt``, ``server.key``.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Final

import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from doorward.edge.certificates import CertificateError, TlsMaterial, check

log = structlog.get_logger(__name__)

AUTHORITY_LIFE: Final = timedelta(days=3650)
SERVER_LIFE: Final = timedelta(days=90)
RENEWAL: Final = timedelta(days=30)
"""How long before its end the server's certificate is made anew."""
_CLOCK_SKEW: Final = timedelta(hours=1)
_LOOPBACK: Final = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@dataclass(frozen=True, slots=True)
class LocalCertificate:
    """What to serve, and the authority to trust."""

    material: TlsMaterial
    authority: Path
    """``ca.crt``."""
    new_authority: bool
    """It was made just now: whoever trusted an earlier one has to trust this one."""


@dataclass(frozen=True, slots=True)
class _Pair:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def local_certificate(folder: Path, hosts: Sequence[str], now: int) -> LocalCertificate:
    """A certificate for the host names (``*.`` in front of one is fine), made when there is none that fits.

    Blocking; takes milliseconds. Call it again once a day: it renews by itself.

    Raises:
        CertificateError: the folder cannot be written.
    """
    names, moment = tuple(sorted({host.lower().rstrip(".") for host in hosts})), datetime.fromtimestamp(now, UTC)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        authority, fresh = _authority(folder, names, moment)
        server = _stored(folder, "server")
        if server is None or fresh or not _fits(server.certificate, authority.certificate, names, moment):
            server = _issue(authority, names, moment)
            _keep(folder, "server", server)
    except OSError as error:
        raise CertificateError(f"The local certificate authority in {folder} cannot be kept: {error}.") from error
    return LocalCertificate(_material(server), folder / "ca.crt", fresh)


def advice(authority: Path) -> str:
    """How to make browsers and programs trust the authority; several lines."""
    return (
        f"Doorward's local certificate authority is {authority}\n"
        "Browsers warn until they trust it. It can vouch for the names of this door only.\n"
        f"  curl:               curl --cacert {authority} …\n"
        f"  Debian, Ubuntu:     sudo cp {authority} /usr/local/share/ca-certificates/doorward.crt "
        "&& sudo update-ca-certificates\n"
        f"  Fedora:             sudo trust anchor {authority}\n"
        f"  Chrome on Linux:    certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n doorward -i {authority}\n"
        f"  macOS:              security add-trusted-cert -k ~/Library/Keychains/login.keychain-db {authority}\n"
        "  Firefox:            Settings, Privacy & Security, View Certificates, Authorities, Import"
    )


def _authority(folder: Path, names: Sequence[str], now: datetime) -> tuple[_Pair, bool]:
    stored = _stored(folder, "ca")
    if stored is not None and _covers(stored.certificate, names) and _lives(stored.certificate, now):
        return stored, False
    authority = _found(names, now)
    _keep(folder, "ca", authority)
    log.info("A local certificate authority was made.", file=str(folder / "ca.crt"))
    return authority, True


def _found(names: Sequence[str], now: datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Doorward local development"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Doorward local authority {secrets.token_hex(4)}"),
        ]
    )
    # Whoever steals the key of an authority that a browser trusts can pretend to be these names, and no others.
    permitted: list[x509.GeneralName] = [x509.DNSName(domain) for domain in _domains(names)]
    permitted += [x509.IPAddress(network) for network in _LOOPBACK]
    builder = (
        _begun(name, name, key.public_key(), now, AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return _Pair(builder.sign(key, SHA256()), key)


def _issue(authority: _Pair, names: Sequence[str], now: datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Doorward local development")])
    identifier = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        _begun(subject, authority.certificate.subject, key.public_key(), now, SERVER_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
    )
    return _Pair(builder.sign(authority.key, SHA256()), key)


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + life)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    """For a server that signs handshakes, or for an authority that signs certificates."""
    return x509.KeyUsage(
        digital_signature=signs,
        key_cert_sign=not signs,
        crl_sign=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _domains(names: Sequence[str]) -> tuple[str, ...]:
    """The domain of each name, so that a neighbour added later needs no new trust: ``example.test`` of ``a.example.test``."""
    return tuple(sorted({_domain(name.removeprefix("*.").split(".")) for name in names}))


def _domain(labels: Sequence[str]) -> str:
    if labels[-1] == "localhost":
        return "localhost"
    return ".".join(labels[1:] if len(labels) > 2 else labels)


def _covers(authority: x509.Certificate, names: Sequence[str]) -> bool:
    try:
        constraints = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return False
    domains = [each.value for each in constraints.permitted_subtrees or () if isinstance(each, x509.DNSName)]
    plain = [name.removeprefix("*.") for name in names]
    return all(any(name == domain or name.endswith(f".{domain}") for domain in domains) for name in plain)


def _fits(server: x509.Certificate, authority: x509.Certificate, names: Sequence[str], now: datetime) -> bool:
    try:
        server.verify_directly_issued_by(authority)
        alternative = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, TypeError, x509.ExtensionNotFound, InvalidSignature):
        return False
    return _lives(server, now) and sorted(alternative.get_values_for_type(x509.DNSName)) == sorted(names)


def _lives(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - RENEWAL


def _stored(folder: Path, name: str) -> _Pair | None:
    """What an earlier run kept; None when it is missing, or damaged in any way."""
    try:
        material = TlsMaterial((folder / f"{name}.crt").read_bytes(), (folder / f"{name}.key").read_bytes())
        certificate = check(material, f"{name}.crt", f"{name}.key")
    except (FileNotFoundError, CertificateError):
        return None
    key = load_pem_private_key(material.key, password=None)
    return _Pair(certificate, key) if isinstance(key, ec.EllipticCurvePrivateKey) else None


def _keep(folder: Path, name: str, pair: _Pair) -> None:
    material = _material(pair)
    _write(folder / f"{name}.key", material.key, 0o600)
    _write(folder / f"{name}.crt", material.chain, 0o644)


def _material(pair: _Pair) -> TlsMaterial:
    key = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return TlsMaterial(pair.certificate.public_bytes(Encoding.PEM), key)


def _write(path: Path, data: bytes, mode: int) -> None:
    """All of it or nothing, and never readable by others in between."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
