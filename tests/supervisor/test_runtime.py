from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest

from doorward.errors import DoorwardError
from doorward.supervisor import runtime
from doorward.supervisor.runtime import runtime_folder, sweep


def test_the_folder_is_private_and_gone_afterwards(short_folder):
    with runtime_folder({"XDG_RUNTIME_DIR": str(short_folder)}) as folder:
        assert folder.parent == short_folder
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "check.sock").touch()
    assert list(short_folder.iterdir()) == []


def test_two_doors_have_two_folders(short_folder):
    environ = {"XDG_RUNTIME_DIR": str(short_folder)}
    with runtime_folder(environ) as one, runtime_folder(environ) as two:
        assert one != two
        assert one.is_dir()


def test_what_a_killed_supervisor_left_is_removed_at_the_next_start(short_folder):
    killed = (
        "import os, signal; from doorward.supervisor.runtime import _create; from pathlib import Path;"
        f"folder, lock = _create(Path({str(short_folder)!r})); (folder / 'xds.sock').touch();"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", killed], check=False, timeout=30)
    (left,) = short_folder.iterdir()
    with runtime_folder({"XDG_RUNTIME_DIR": str(short_folder)}) as folder:
        assert list(short_folder.iterdir()) == [folder]
    assert not left.exists()


def test_a_folder_in_use_is_left_alone(short_folder):
    with runtime_folder({"XDG_RUNTIME_DIR": str(short_folder)}) as folder:
        assert sweep(short_folder) == ()
        assert folder.is_dir()


@pytest.mark.parametrize("name", ["doorward-state", "doorward", "doorward-run-state", "doorward-run-12345678"])
def test_a_folder_without_the_mark_is_left_alone_whatever_its_name_is(short_folder, name):
    database = short_folder / name / "doorward.db"
    database.parent.mkdir()
    database.touch()
    with runtime_folder({"XDG_RUNTIME_DIR": str(short_folder)}):
        pass
    assert database.exists()


def test_links_and_files_are_left_alone(short_folder, tmp_path):
    (tmp_path / runtime.MARK).touch()
    (short_folder / f"{runtime.PREFIX}link").symlink_to(tmp_path)
    (short_folder / f"{runtime.PREFIX}file").touch()
    assert sweep(short_folder) == ()
    assert (tmp_path / runtime.MARK).exists()
    assert len(list(short_folder.iterdir())) == 2


def test_a_folder_that_a_cleaner_removed_before_it_was_locked_is_made_anew(short_folder, monkeypatch):
    lock, calls = runtime._lock, []

    def cleaned_at_first(folder):
        calls.append(folder)
        if len(calls) == 1:
            folder.rmdir()
        return lock(folder)

    monkeypatch.setattr(runtime, "_lock", cleaned_at_first)
    folder, descriptor = runtime._create(short_folder)
    os.close(descriptor)
    assert folder == calls[1]
    assert folder.is_dir()


def test_a_base_too_long_for_unix_sockets_is_passed_over(tmp_path, monkeypatch, short_folder):
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr(runtime.tempfile, "gettempdir", lambda: str(short_folder))
    with runtime_folder({"XDG_RUNTIME_DIR": str(long)}) as folder:
        assert folder.parent == short_folder


def test_no_usable_base_is_explained(monkeypatch):
    monkeypatch.setattr(runtime.os, "access", lambda *_: False)
    with pytest.raises(DoorwardError, match="Set TMPDIR to a short, writable folder"), runtime_folder({}):
        pass
