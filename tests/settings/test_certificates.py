"""The files of ``listen.tls``: there, readable, a pair, for the names that are served."""

from __future__ import annotations

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from tests.settings.reading import changed, errors_of, settings_of

from doorward.settings import TlsFiles

FILES = changed("tls: local", "tls: {certificate: door.crt, key: door.key}")
NAMES = ("login.example.com", "wiki.example.com", "build.example.com")
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def key():
    return ec.generate_private_key(ec.SECP256R1())


def certificate(key, names):
    subject = x509.Name([])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + dt.timedelta(days=1))
    )
    if names:
        alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(alternatives, critical=True)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def pem(key, password=None):
    protection = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)


def put(folder, crt, private):
    (folder / "door.crt").write_bytes(crt)
    (folder / "door.key").write_bytes(private)


@pytest.mark.parametrize("names", [NAMES, ("*.example.com",), ("LOGIN.example.com", "*.EXAMPLE.com")])
def test_a_fitting_pair_is_taken(tmp_path, key, names):
    put(tmp_path, certificate(key, names), pem(key))
    settings = settings_of(tmp_path, FILES)
    assert settings.warnings == ()
    assert settings.listen.tls == TlsFiles(tmp_path / "door.crt", tmp_path / "door.key")


def test_both_missing_files_are_reported(tmp_path):
    assert errors_of(tmp_path, FILES) == [("listen.tls.certificate", 8), ("listen.tls.key", 8)]


@pytest.mark.parametrize("names", [(), ("example.com",), ("*.other.example",), NAMES[:2]])
def test_a_certificate_for_other_names_is_a_warning(tmp_path, key, names):
    put(tmp_path, certificate(key, names), pem(key))
    (problem,) = settings_of(tmp_path, FILES).warnings
    assert problem.path == "listen.tls.certificate"
    assert "build.example.com" in problem.message


def test_a_key_of_another_certificate_is_refused(tmp_path, key):
    put(tmp_path, certificate(key, NAMES), pem(ec.generate_private_key(ec.SECP256R1())))
    assert errors_of(tmp_path, FILES) == [("listen.tls.key", 8)]


def test_a_key_under_a_password_is_refused(tmp_path, key):
    put(tmp_path, certificate(key, NAMES), pem(key, b"secret"))
    assert errors_of(tmp_path, FILES) == [("listen.tls.key", 8)]


@pytest.mark.parametrize(
    "rubbish", [b"", b"rubbish", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_rubbish_is_refused(tmp_path, key, rubbish):
    put(tmp_path, rubbish, rubbish)
    assert errors_of(tmp_path, FILES) == [("listen.tls.certificate", 8), ("listen.tls.key", 8)]


def test_the_two_files_exchanged_are_refused(tmp_path, key):
    put(tmp_path, pem(key), certificate(key, NAMES))
    assert errors_of(tmp_path, FILES) == [("listen.tls.certificate", 8), ("listen.tls.key", 8)]
