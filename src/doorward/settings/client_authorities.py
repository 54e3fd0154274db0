"""The files that ``mtls_certificates`` name, read. A file that cannot be used is a fault with its place; nothing is raised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from doorward.client_certificates import ClientAuthority, RevocationList, UnreadableListError, read_lists
from doorward.settings.file.client_certificates import PEM, MtlsCertificatePart
from doorward.settings.source import Path

LARGEST: Final = 32 * 1024 * 1024
"""Bytes of one file."""
Contents = Mapping[Path, bytes]
"""Field and place to content."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a file, and where it is named: ``("crl", 0)``."""

    place: Path
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Read:
    """An authority's files: what they hold, and what is wrong with them."""

    contents: Contents
    faults: tuple[Fault, ...]


def read_files(part: MtlsCertificatePart, folder: FilePath) -> Read:
    """Every file of one authority. ``folder`` is where relative paths start."""
    contents: dict[Path, bytes] = {}
    faults: list[Fault] = []
    for field in ("certificate", "crl"):
        for index, text in enumerate(getattr(part, field)):
            found = text.encode() if PEM in text else _content(folder / text, (field, index))
            if isinstance(found, Fault):
                faults.append(found)
            else:
                contents[field, index] = found
    return Read(contents, tuple(faults))


def authority(part: MtlsCertificatePart, read: Read) -> tuple[ClientAuthority | None, tuple[Fault, ...]]:
    """The authority; None and every fault when anything is wrong."""
    faults, roots, lists = list(read.faults), list[x509.Certificate](), list[RevocationList]()
    for place, content in read.contents.items():
        if place[0] == "certificate":
            found = _certificates(content)
            faults += [Fault(place, *reason) for reason in _unfit(found)]
            roots += found
    for place, content in read.contents.items():
        if place[0] == "crl" and not any(fault.place[0] == "certificate" for fault in faults):  # else who signed it?
            try:
                lists += read_lists(content, roots)
            except UnreadableListError as error:
                message, _, hint = str(error).rpartition("; ")
                faults.append(Fault(place, message, hint))
    if faults:
        return None, tuple(faults)
    pem = b"".join(one.public_bytes(Encoding.PEM) for one in roots)
    return ClientAuthority(part.name, part.associated_hostnames, pem, tuple(lists)), ()


def _content(file: FilePath, place: Path) -> bytes | Fault:
    try:
        with file.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return Fault(place, f"{file} cannot be read: {reason}", "create it, or correct the path")
    if len(content) > LARGEST:
        return Fault(place, f"{file} is larger than 32 MiB", "name the right file")
    return content


def _certificates(content: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError:
        return []


def _unfit(certificates: Sequence[x509.Certificate]) -> Iterator[tuple[str, str]]:
    """Why certificates cannot vouch for others: message and hint."""
    if not certificates:
        yield "it holds no PEM certificate", f"name the authority's own certificate; it begins with {PEM}"
    for one in certificates:
        if not _may_sign(one):
            name = one.subject.rfc4514_string()
            yield f"{name!r} is not the certificate of an authority", "name the authority that signs the clients' ones"


def _may_sign(certificate: x509.Certificate) -> bool:
    try:
        certificate.public_key()
        extensions = certificate.extensions
        authority = extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError, UnsupportedAlgorithm):
        return False
    try:
        return authority and extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        return authority
