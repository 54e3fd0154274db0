"""What is read from a client certificate."""

from __future__ import annotations

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID
from tests.client_certificates.authority import Authority, name

from doorward.client_certificates import UnreadableCertificateError, read_certificate

DEVICES = Authority.make("Devices")


def test_a_certificate_is_read():
    client = DEVICES.issue("device-1")
    found = read_certificate(client.pem)
    assert found.common_name == "device-1"
    assert found.fingerprint == client.fingerprint
    assert found.serial == f"{client.certificate.serial_number:x}"
    assert found.number == client.certificate.serial_number
    assert found.issuer == "CN=Devices"
    assert found.issuer_key_id == x509.SubjectKeyIdentifier.from_public_key(DEVICES.key.public_key()).digest.hex()
    assert found.not_before == client.certificate.not_valid_before_utc.timestamp()
    assert found.not_after == client.certificate.not_valid_after_utc.timestamp()
    assert base64.b64decode(found.base64) == found.der == client.der


def test_an_issuer_without_a_key_identifier_has_an_empty_one():
    assert read_certificate(DEVICES.pem).issuer_key_id == ""
    by_name = x509.AuthorityKeyIdentifier(None, [x509.DirectoryName(name("Devices"))], 7)
    unsigned = DEVICES.issue()
    builder = x509.CertificateBuilder(
        DEVICES.certificate.subject, name("x"), unsigned.key.public_key(), 5,
        unsigned.certificate.not_valid_before_utc.replace(tzinfo=None), unsigned.certificate.not_valid_after_utc.replace(tzinfo=None),
    ).add_extension(by_name, critical=False)  # fmt: skip
    signed = builder.sign(DEVICES.key, unsigned.certificate.signature_hash_algorithm)
    assert read_certificate(signed.public_bytes(Encoding.PEM)).issuer_key_id == ""


TWICE = name("first", x509.NameAttribute(NameOID.COMMON_NAME, "second"))
BITS = x509.Name([x509.NameAttribute(NameOID.X500_UNIQUE_IDENTIFIER, b"\x01", _ASN1Type.BitString)])


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (name("plain"), "plain"),
        (name("Zoë Ångström"), "Zoë Ångström"),
        (name('with,comma=and"quote'), 'with,comma=and"quote'),
        (name("a\0b"), ""),
        (name("a\nb"), ""),
        (name("a\u2028b"), ""),
        (TWICE, ""),
        (BITS, ""),
        (x509.Name([]), ""),
        (x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "no name")]), ""),
    ],
    ids=str,
)
def test_g10_148_a_common_name_is_one_plain_text_or_none(subject, expected):
    assert read_certificate(DEVICES.issue(subject=subject).pem).common_name == expected


def test_control_characters_in_an_issuers_name_are_written_out():
    odd = Authority.make("De\nvi\x7fces")
    assert read_certificate(odd.issue().pem).issuer == "CN=De\\x0avi\\x7fces"


@pytest.mark.parametrize(
    "pem", [b"", b"nonsense", DEVICES.pem[:200], b"-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n"]
)
def test_what_is_no_certificate_is_said_to_be_none(pem):
    with pytest.raises(UnreadableCertificateError, match="cannot be read"):
        read_certificate(pem)
