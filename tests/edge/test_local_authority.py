from __future__ import annotations

import socket
import ssl
import stat
import threading
import time
from datetime import UTC, datetime

import pytest
from cryptography import x509

from doorward.edge import local_authority
from doorward.edge.certificates import CertificateError, TlsMaterial, check
from doorward.edge.local_authority import advice, local_certificate

NOW = int(time.time())  # OpenSSL looks at the real clock
DAY = 86_400
HOSTS = ("login.localhost", "wiki.localhost", "*.dev.example.test")


def leaf(made):
    return check(made.material, "chain", "key")


def names(made):
    return set(
        leaf(made)
        .extensions.get_extension_for_class(x509.SubjectAlternativeName)
        .value.get_values_for_type(x509.DNSName)
    )


def greet(made, tmp_path, host):
    """A TLS handshake with the made certificate; raises what a client that trusts the authority would raise."""
    (tmp_path / "pair.pem").write_bytes(made.material.chain + made.material.key)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "pair.pem")
    client = ssl.create_default_context(cafile=made.authority)
    ours, theirs = socket.socketpair()

    def serve():
        try:
            with server.wrap_socket(theirs, server_side=True) as wrapped:
                wrapped.recv(1)
        except OSError:
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(ours, server_hostname=host) as wrapped:
            return wrapped.version()
    finally:
        ours.close()
        thread.join()


@pytest.mark.parametrize("host", ["login.localhost", "wiki.localhost", "app.dev.example.test"])
def test_a_client_that_trusts_the_authority_accepts_the_door(tmp_path, host):
    made = local_certificate(tmp_path / "tls", HOSTS, NOW)
    assert greet(made, tmp_path, host) == "TLSv1.3"


def test_another_name_is_not_accepted(tmp_path):
    made = local_certificate(tmp_path / "tls", HOSTS, NOW)
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        greet(made, tmp_path, "bank.example.com")


def test_the_stolen_key_of_the_authority_cannot_forge_other_names(tmp_path):
    made = local_certificate(tmp_path / "tls", HOSTS, NOW)
    stolen = local_authority._stored(tmp_path / "tls", "ca")
    moment = datetime.fromtimestamp(NOW, UTC)
    forged = local_authority._material(local_authority._issue(stolen, ("bank.example.com",), moment))
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        greet(local_authority.LocalCertificate(forged, made.authority, False), tmp_path, "bank.example.com")


def test_keys_are_for_their_owner_alone(tmp_path):
    local_certificate(tmp_path / "state" / "tls", HOSTS, NOW)
    folder = tmp_path / "state" / "tls"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    assert modes == {"ca.crt": 0o644, "ca.key": 0o600, "server.crt": 0o644, "server.key": 0o600}


def test_nothing_is_made_anew_without_a_reason(tmp_path):
    first = local_certificate(tmp_path, HOSTS, NOW)
    again = local_certificate(tmp_path, reversed(HOSTS), NOW + 10 * DAY)
    assert first.new_authority
    assert not again.new_authority
    assert first.material == again.material


def test_a_new_name_of_a_known_domain_keeps_the_authority(tmp_path):
    first = local_certificate(tmp_path, HOSTS, NOW)
    ca = first.authority.read_bytes()
    second = local_certificate(tmp_path, (*HOSTS, "New.Localhost."), NOW)
    assert names(second) == {*HOSTS, "new.localhost"}
    assert not second.new_authority
    assert second.authority.read_bytes() == ca


def test_a_name_of_another_domain_needs_a_new_authority(tmp_path):
    first = local_certificate(tmp_path, HOSTS, NOW)
    second = local_certificate(tmp_path, (*HOSTS, "grafana.other.test"), NOW)
    assert second.new_authority
    assert second.material != first.material
    assert greet(second, tmp_path, "grafana.other.test")


def test_a_name_that_is_gone_is_no_longer_vouched_for(tmp_path):
    local_certificate(tmp_path, HOSTS, NOW)
    assert names(local_certificate(tmp_path, HOSTS[:1], NOW)) == {HOSTS[0]}


def test_the_server_certificate_is_renewed_a_month_before_its_end(tmp_path):
    first = local_certificate(tmp_path, HOSTS, NOW)
    assert local_certificate(tmp_path, HOSTS, NOW + 59 * DAY).material == first.material
    renewed = local_certificate(tmp_path, HOSTS, NOW + 61 * DAY)
    assert renewed.material != first.material
    assert not renewed.new_authority


def test_the_authority_is_made_anew_before_its_end(tmp_path):
    local_certificate(tmp_path, HOSTS, NOW)
    assert local_certificate(tmp_path, HOSTS, NOW + 3630 * DAY).new_authority


@pytest.mark.parametrize("file", ["ca.crt", "ca.key", "server.crt", "server.key"])
@pytest.mark.parametrize("damage", ["missing", "empty", "other"])
def test_damaged_files_are_made_anew(tmp_path, file, damage):
    made = local_certificate(tmp_path / "tls", HOSTS, NOW)
    path = tmp_path / "tls" / file
    if damage == "missing":
        path.unlink()
    elif damage == "empty":
        path.write_bytes(b"")
    else:
        other = local_certificate(tmp_path / "other", HOSTS, NOW)
        path.write_bytes((tmp_path / "other" / file).read_bytes())
        assert other.material != made.material
    again = local_certificate(tmp_path / "tls", HOSTS, NOW)
    assert greet(again, tmp_path, "wiki.localhost")
    assert again.new_authority == file.startswith("ca.")


def test_a_folder_that_cannot_be_written_is_explained(tmp_path):
    (tmp_path / "tls").write_text("a file")
    with pytest.raises(CertificateError, match="cannot be kept"):
        local_certificate(tmp_path / "tls", HOSTS, NOW)


def test_the_advice_names_the_file(tmp_path):
    assert str(tmp_path / "ca.crt") in advice(tmp_path / "ca.crt")


def test_the_material_is_a_pair_that_belongs_together(tmp_path):
    made = local_certificate(tmp_path, HOSTS, NOW)
    assert isinstance(made.material, TlsMaterial)
    assert names(made) == set(HOSTS)
