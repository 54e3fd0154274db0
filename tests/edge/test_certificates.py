from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from structlog.testing import capture_logs

from doorward.edge.certificates import EXPIRY_WARNING, CertificateError, TlsMaterial, load, watch

NOW = 1_795_000_000
DAY = 86_400


def pair(name="wiki.example.com", *, ends=NOW + 90 * DAY, password=None):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.fromtimestamp(NOW - 400 * DAY, UTC))
        .not_valid_after(datetime.fromtimestamp(ends, UTC))
        .sign(key, SHA256())
    )
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return TlsMaterial(
        certificate.public_bytes(Encoding.PEM), key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    )


@pytest.fixture
def files(tmp_path):
    return tmp_path / "tls.crt", tmp_path / "tls.key"


def put(files, material):
    for file, data in zip(files, (material.chain, material.key), strict=True):
        file.write_bytes(data)


def refusal(files):
    with pytest.raises(CertificateError) as refused:
        load(*files, NOW)
    return str(refused.value)


def test_a_good_pair_is_loaded_without_a_word(files):
    material = pair()
    put(files, material)
    with capture_logs() as logs:
        assert load(*files, NOW) == material
    assert logs == []


def test_a_chain_with_the_server_first_is_loaded(files):
    server, other = pair(), pair("authority")
    put(files, TlsMaterial(server.chain + other.chain, server.key))
    assert load(*files, NOW).chain == server.chain + other.chain


def test_a_chain_in_the_wrong_order_is_explained(files):
    server, other = pair(), pair("authority")
    put(files, TlsMaterial(other.chain + server.chain, server.key))
    assert "Put the server's certificate first" in refusal(files)


def test_a_key_of_another_certificate_is_refused(files):
    put(files, TlsMaterial(pair().chain, pair().key))
    assert "does not belong to the certificate" in refusal(files)


def test_an_encrypted_key_is_explained(files):
    put(files, pair(password=b"x"))
    assert "is encrypted" in refusal(files)


@pytest.mark.parametrize("data", [b"", b"hello", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_what_is_no_certificate_is_refused(files, data):
    put(files, TlsMaterial(data, pair().key))
    assert "tls.crt holds no PEM certificate" in refusal(files)


@pytest.mark.parametrize("data", [b"", b"hello", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_key_is_refused(files, data):
    put(files, TlsMaterial(pair().chain, data))
    assert "tls.key holds no PEM private key" in refusal(files)


def test_missing_files_and_folders_are_named(files):
    assert "tls.crt cannot be read: No such file" in refusal(files)
    files[0].mkdir()
    assert "tls.crt cannot be read" in refusal(files)


def test_an_endless_file_is_not_read_to_its_end(files):
    put(files, TlsMaterial(b"x" * 2_000_000, pair().key))
    assert "larger than a megabyte" in refusal(files)


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        (NOW - 1, "The certificate has expired; browsers will refuse it."),
        (NOW + EXPIRY_WARNING, "The certificate expires soon."),
        (NOW + EXPIRY_WARNING + 1, None),
    ],
)
def test_expiry_is_announced(files, ends, said):
    put(files, pair(ends=ends))
    with capture_logs() as logs:
        load(*files, NOW)
    assert [line["event"] for line in logs] == ([said] if said else [])


def test_the_key_is_not_in_the_repr():
    material = pair()
    assert "PRIVATE KEY" not in repr(material)


class Watching:
    """``watch`` running with a short interval."""

    def __init__(self, files, current):
        self.seen = asyncio.Queue()
        self.task = asyncio.create_task(watch(*files, current, self.seen.put, now=lambda: NOW, interval=0.01))

    async def next(self):
        async with asyncio.timeout(5):
            return await self.seen.get()

    async def nothing(self):
        await asyncio.sleep(0.15)
        assert not self.task.done()
        return self.seen.empty()


@pytest.fixture
async def watching(files):
    started = []

    def start(current):
        put(files, current)
        started.append(Watching(files, current))
        return started[-1]

    yield start
    for each in started:
        each.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await each.task


async def test_unchanged_files_cause_nothing(files, watching):
    running = watching(pair())
    assert await running.nothing()
    files[0].touch()
    assert await running.nothing()


async def test_a_new_pair_is_reported_once(files, watching):
    running, renewed = watching(pair()), pair()
    put(files, renewed)
    assert await running.next() == renewed
    assert await running.nothing()


async def test_a_pair_that_is_half_written_is_not_used_until_it_is_whole(files, watching):
    running, renewed = watching(pair()), pair()
    with capture_logs() as logs:
        files[0].write_bytes(renewed.chain)
        assert await running.nothing()
        assert [line["event"] for line in logs] == ["The new certificate is not used; the one before stays in use."]
        files[1].write_bytes(renewed.key)
        assert await running.next() == renewed


async def test_files_that_vanish_and_come_back_are_survived(files, watching):
    running, renewed = watching(pair()), pair()
    files[0].unlink()
    assert await running.nothing()
    put(files, renewed)
    assert await running.next() == renewed


async def test_an_expired_pair_does_not_replace_a_good_one(files, watching):
    running = watching(pair())
    with capture_logs() as logs:
        put(files, pair(ends=NOW))
        assert await running.nothing()
    assert "has expired" in logs[0]["why"]


async def test_swapped_links_are_followed(tmp_path, watching, files):
    running, renewed = watching(pair()), pair()
    fresh = tmp_path / "fresh.crt", tmp_path / "fresh.key"
    put(fresh, renewed)
    for link, target in zip(files, fresh, strict=True):
        moved = link.with_suffix(".link")
        moved.symlink_to(target)
        moved.replace(link)
    assert await running.next() == renewed
