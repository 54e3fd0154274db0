"""What is on disk is wrong when the door starts: it says what, and what to do, and ends with 1."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

import pytest
from cryptography.fernet import Fernet
from tests.breakage.starting import as_anybody, door_in, prepare, serve
from tests.door.running import stop

pytestmark = pytest.mark.edge


@pytest.fixture(scope="module")
def once_open(tmp_path_factory):
    """A folder in which a door has been open."""
    folder = tmp_path_factory.mktemp("once-open")
    door = door_in(folder, prepare(folder))
    try:
        door.wait_until_ready()
    finally:
        stop(door)
    return folder


@pytest.fixture
def lived_in(once_open, tmp_path):
    """A copy of it, for one test to ruin."""
    shutil.copytree(once_open / "state", tmp_path / "state")
    prepare(tmp_path)
    return tmp_path


def refused(ended, *words):
    """It ended with 1 and a sentence, and not with what only programmers read."""
    assert ended.code == 1, ended
    assert "Traceback" not in ended.said, ended.said
    for word in words:
        assert word in ended.said, ended.said


def execute(folder, statement):
    with closing(sqlite3.connect(folder / "state" / "doorward.db")) as connection, connection:
        connection.execute(statement)


def test_another_secret_key_is_refused_and_the_old_one_still_fits(lived_in):
    refused(
        serve(lived_in, environ={"DOORWARD_SECRET_KEY": Fernet.generate_key().decode()}),
        "cannot be decrypted", "DOORWARD_SECRET_KEY", "Put back the",
    )  # fmt: skip
    _opens(lived_in)


def test_a_lost_key_file_is_not_silently_replaced_by_one_that_does_not_fit(lived_in):
    (key,) = [path for path in (lived_in / "state").iterdir() if "key" in path.name]
    kept = key.read_bytes()
    key.unlink()
    refused(serve(lived_in), "cannot be decrypted")
    key.write_bytes(kept)
    key.chmod(0o600)
    _opens(lived_in)


def test_a_malformed_key_is_refused_without_being_repeated(lived_in):
    ended = serve(lived_in, environ={"DOORWARD_SECRET_KEY": "hunter2-hunter2"})
    refused(ended, "malformed", "openssl rand -base64 32")
    assert "hunter2" not in ended.said


def test_a_key_file_that_others_may_read_is_refused(lived_in):
    (key,) = [path for path in (lived_in / "state").iterdir() if "key" in path.name]
    key.chmod(0o644)
    refused(serve(lived_in), "chmod 600", str(key))


def test_a_database_of_a_newer_version_is_refused_and_left_alone(lived_in):
    execute(lived_in, "UPDATE alembic_version SET version_num = '9999'")
    refused(serve(lived_in), "newer version", "9999")


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path):
    prepare(tmp_path)
    (tmp_path / "state").mkdir(mode=0o700)
    execute(tmp_path, "CREATE TABLE recipes (name)")
    refused(serve(tmp_path), "something else", "recipes")


def test_a_file_that_is_no_database_is_refused_and_left_alone(lived_in):
    database = lived_in / "state" / "doorward.db"
    database.write_bytes(b"this was a database once\n" * 400)
    refused(serve(lived_in), str(database), "not a database", "Restore a backup")
    assert database.read_bytes() == b"this was a database once\n" * 400


def test_a_database_with_a_ruined_schema_is_refused(lived_in):
    database = lived_in / "state" / "doorward.db"
    content = bytearray(database.read_bytes())
    content[100:4096] = b"\xff" * (4096 - 100)
    database.write_bytes(content)
    for beside in ("-wal", "-shm"):
        database.with_name(database.name + beside).unlink(missing_ok=True)
    refused(serve(lived_in), str(database), "malformed", "Restore a backup")


def test_a_state_folder_that_cannot_be_written_is_refused(tmp_path):
    prepare(tmp_path)
    (tmp_path / "state").mkdir()
    (tmp_path / "state").chmod(0o500)
    refused(serve(tmp_path, before=as_anybody()), "state", "Permission denied")


def test_a_state_folder_that_is_a_file_is_refused(tmp_path):
    prepare(tmp_path)
    (tmp_path / "state").write_text("not a folder")
    refused(serve(tmp_path), "state")


def test_a_database_that_cannot_be_written_is_refused(lived_in):
    for path in (lived_in / "state").iterdir():
        path.chmod(0o400)
    (lived_in / "state").chmod(0o500)
    try:
        refused(serve(lived_in, before=as_anybody()), "doorward.db", "Permission denied")
    finally:
        (lived_in / "state").chmod(0o700)


@pytest.mark.parametrize("room", [0, 100])
def test_a_disk_that_is_full_at_the_start_is_told_in_a_sentence(tmp_path, room):
    """Without room for a byte, and with room for the first few only."""
    prepare(tmp_path)
    refused(serve(tmp_path, before=("prlimit", f"--fsize={room}")), "Is the disk full?")


def test_a_disk_that_is_full_once_the_database_is_opened_is_told_in_a_sentence(tmp_path):
    prepare(tmp_path)
    refused(serve(tmp_path, before=("prlimit", "--fsize=10000")), "doorward.db", "free space")


def _opens(folder):
    ports = prepare(folder)
    door = door_in(folder, ports)
    try:
        door.wait_until_ready()
    finally:
        assert stop(door) == 0
