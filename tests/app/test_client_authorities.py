"""The authorities' files, followed while the door is open."""

from __future__ import annotations

import time

import pytest
import structlog
from tests.client_certificates.authority import Authority
from tests.settings.reading import GOOD, settings_of

from doorward.app.client_authorities import AuthorityFiles

DEVICES, OTHERS = Authority.make("Devices"), Authority.make("Others")
STOLEN = DEVICES.issue()
NOW = int(time.time())
TEXT = f"""{GOOD}\
mtls_certificates:
  - name: Devices
    certificate: devices.pem
    crl: devices.crl
    associated_hostnames: [build.example.com]
mtls_settings:
  - hostname: build.example.com
    client_certificate_forwarding: true
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "devices.pem").write_bytes(DEVICES.pem)
    (tmp_path / "devices.crl").write_bytes(DEVICES.revoking())
    return tmp_path


@pytest.fixture
def settings(folder):
    return settings_of(folder, TEXT)


def here(files, settings):
    return files.read(settings, NOW).at("build.example.com")


def test_what_the_files_hold_is_in_force(settings):
    found = here(AuthorityFiles(), settings)
    assert (found.names, found.forwarding, len(found.lists)) == (("Devices",), True, 1)
    assert found.certificates.strip() == DEVICES.pem.strip()


def test_a_change_is_noticed_once(folder, settings):
    files = AuthorityFiles()
    assert files.changed(settings)
    assert here(files, settings).revoked == ""
    assert not files.changed(settings)
    (folder / "devices.crl").write_bytes(DEVICES.revoking(STOLEN))
    assert files.changed(settings)
    assert here(files, settings).revoked != ""
    assert not files.changed(settings)


@pytest.mark.parametrize("broken", [b"nonsense", OTHERS.revoking(), None], ids=["nonsense", "of others", "gone"])
def test_a_file_that_cannot_be_used_leaves_in_force_what_it_held(folder, settings, broken):
    files = AuthorityFiles()
    (folder / "devices.crl").write_bytes(DEVICES.revoking(STOLEN))
    before = here(files, settings)
    if broken is None:
        (folder / "devices.crl").unlink()
    else:
        (folder / "devices.crl").write_bytes(broken)
    assert files.changed(settings)
    with structlog.testing.capture_logs() as logs:
        assert here(files, settings) == before
    assert [one["event"] for one in logs] == ["client_authority_unusable"]
    assert not files.changed(settings)
    (folder / "devices.crl").write_bytes(DEVICES.revoking())
    assert files.changed(settings)
    assert here(files, settings).revoked == ""


def test_an_authority_that_never_was_usable_vouches_for_nobody(folder, settings):
    (folder / "devices.pem").write_bytes(b"nonsense")
    with structlog.testing.capture_logs():
        assert here(AuthorityFiles(), settings) is None


def test_hosts_follow_the_configuration(folder, settings):
    files = AuthorityFiles()
    assert here(files, settings) is not None
    moved = settings_of(folder, TEXT.replace("[build.example.com]", "[wiki.example.com]"))
    found = files.read(moved, NOW)
    assert list(found.hosts) == ["wiki.example.com"]
    assert files.read(settings_of(folder, GOOD), NOW).hosts == {}
    assert not files.changed(settings_of(folder, GOOD))


def test_a_list_that_is_too_old_is_told_of(folder, settings):
    (folder / "devices.crl").write_bytes(DEVICES.revoking(days=-1))
    with structlog.testing.capture_logs() as logs:
        assert here(AuthorityFiles(), settings).until < NOW
    assert [(one["event"], one["host"]) for one in logs] == [("revocation_list_too_old", "build.example.com")]
