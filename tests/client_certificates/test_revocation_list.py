"""Revocation lists: PEM or DER, one or many, and only those that an authority here signed."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.serialization import Encoding
from tests.client_certificates.authority import DAY, Authority, name, now

from doorward.client_certificates import UnreadableListError, read_lists

DEVICES = Authority.make("Devices")
BETWEEN = Authority.make("Between", above=DEVICES)
STOLEN, LOST = DEVICES.issue(), DEVICES.issue()


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_list_is_read(encoding):
    (found,) = read_lists(DEVICES.revoking(STOLEN, LOST, encoding=encoding), [DEVICES.certificate])
    assert found.issuer == "CN=Devices"
    assert found.revoked == {STOLEN.certificate.serial_number, LOST.certificate.serial_number}
    assert found.next_update == x509.load_pem_x509_crl(found.pem).next_update_utc.timestamp()


def test_a_file_may_hold_several():
    both = DEVICES.revoking(STOLEN) + b"\n# of the intermediate\n" + BETWEEN.revoking()
    found = read_lists(both, [DEVICES.certificate, BETWEEN.certificate])
    assert [(one.issuer, len(one.revoked)) for one in found] == [("CN=Devices", 1), ("CN=Between", 0)]


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", DEVICES.pem, b"-----BEGIN X509 CRL-----\nQUJD\n-----END X509 CRL-----\n"]
)
def test_what_is_no_list_is_refused(content):
    with pytest.raises(UnreadableListError, match="holds no revocation list"):
        read_lists(content, [DEVICES.certificate])


def test_a_list_of_somebody_else_is_refused():
    for authorities in ([], [BETWEEN.certificate], [Authority.make("Devices").certificate]):
        with pytest.raises(UnreadableListError, match="'CN=Devices' is not signed by an authority given here; add"):
            read_lists(DEVICES.revoking(), authorities)


def test_an_authority_whose_key_cannot_sign_signed_nothing():
    key = x25519.X25519PrivateKey.generate()
    odd = (
        x509.CertificateBuilder()
        .subject_name(name("Devices"))
        .issuer_name(name("Devices"))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now() - DAY)
        .not_valid_after(now() + DAY)
        .sign(DEVICES.key, hashes.SHA256())
    )
    with pytest.raises(UnreadableListError, match="not signed"):
        read_lists(DEVICES.revoking(), [odd])
    assert read_lists(DEVICES.revoking(), [odd, DEVICES.certificate])
