"""The TLS files: there, readable, a pair, and for the names that are served."""

from __future__ import annotations

from pathlib import Path as FilePath

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.extensions import ExtensionNotFound

from doorward.settings.file.serving import TlsPart
from doorward.settings.problems import Report
from doorward.settings.readable import readable
from doorward.settings.source import Path


def check_certificate(path: Path, tls: TlsPart, folder: FilePath, hosts: list[str], report: Report) -> None:
    """``hosts`` are the names that will be served, wildcards included."""
    certificate = _certificate((*path, "certificate"), folder / tls.certificate, report)
    public = _public_key((*path, "key"), folder / tls.key, report)
    if certificate is None or public is None:
        return
    if certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != public:
        message = "the private key does not belong to the certificate"
        report.error((*path, "key"), message, "name the key that the certificate was issued for")
    elif missing := [host for host in hosts if not _covers(certificate, host)]:
        names = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        hint = "get a certificate that names all of them"
        report.warning((*path, "certificate"), f"the certificate is not for {names}: browsers will refuse it", hint)


def _certificate(path: Path, file: FilePath, report: Report) -> x509.Certificate | None:
    content = readable(path, file, "the certificate", report)
    if content is None:
        return None
    try:
        return x509.load_pem_x509_certificates(content)[0]
    except (ValueError, IndexError):
        hint = "it begins with -----BEGIN CERTIFICATE-----, the server's own first, then the chain"
        report.error(path, f"{file} holds no PEM certificate", hint)
        return None


def _public_key(path: Path, file: FilePath, report: Report) -> bytes | None:
    content = readable(path, file, "the private key", report)
    if content is None:
        return None
    try:
        key = load_pem_private_key(content, password=None)
    except TypeError:
        report.error(path, f"the private key {file} is protected by a password", "store it without one")
        return None
    except Exception:  # noqa: BLE001 - the library raises several types for a key it does not like
        hint = "it begins with -----BEGIN PRIVATE KEY-----"
        report.error(path, f"{file} holds no PEM private key", hint)
        return None
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _covers(certificate: x509.Certificate, host: str) -> bool:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ExtensionNotFound, ValueError):
        return False
    listed = {name.lower() for name in names.get_values_for_type(x509.DNSName)}
    return host in listed or "*." + host.partition(".")[2] in listed
