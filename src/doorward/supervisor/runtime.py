"""The runtime folder: the unix sockets between the two children, private to this user and gone after us.

A supervisor that was killed cannot remove its folder. Each one holds a lock on its folder for as long as it lives, which
the kernel lets go of, so the next start knows what was left behind (and systemd-tmpfiles, which honours the same lock,
leaves the folder of a door alone that runs for months).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

from doorward.errors import DoorwardError

log = structlog.get_logger(__name__)

PREFIX = "doorward-run-"
MARK = "this-is-a-runtime-folder"
"""A file in each. A folder without it is not ours to remove, whatever its name is."""
LONGEST_SOCKET_NAME = "check.sock"
SOCKET_PATH_BYTES = 103
"""What the shortest of the systems allows for ``sun_path`` (Linux 107, macOS 103, without the closing zero)."""


@contextmanager
def runtime_folder(environ: Mapping[str, str]) -> Iterator[Path]:
    """A new folder with mode 0700, removed at the end. Folders that killed supervisors left are removed first.

    Raises:
        DoorwardError: no folder has a path short enough for unix sockets, or none can be made.
    """
    try:
        base = _base(environ)
        sweep(base)
        folder, lock = _create(base)
    except OSError as error:
        raise DoorwardError(
            f"No folder for the sockets between Doorward's processes can be made: {error.strerror}. "
            "Is the disk full? If not, set TMPDIR to a short, writable folder."
        ) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def sweep(base: Path) -> tuple[Path, ...]:
    """Remove this user's runtime folders that nobody holds; returns them."""
    left = tuple(folder for folder in _ours(base) if _remove_if_left(folder))
    for folder in left:
        log.info("Removed a runtime folder that an earlier run had left behind.", folder=str(folder))
    return left


def _base(environ: Mapping[str, str]) -> Path:
    wanted = environ.get("XDG_RUNTIME_DIR", "")
    candidates = [Path(wanted)] if wanted else []
    for base in (*candidates, Path(tempfile.gettempdir()), Path("/tmp")):  # noqa: S108 - the folder in it is private
        longest = base / f"{PREFIX}12345678" / LONGEST_SOCKET_NAME
        if len(os.fsencode(longest)) <= SOCKET_PATH_BYTES and os.access(base, os.W_OK | os.X_OK):
            return base
    raise DoorwardError(
        "There is no folder for the unix sockets between Doorward's processes: neither XDG_RUNTIME_DIR nor the temporary "
        f"folder is writable and short enough (a socket's path may have {SOCKET_PATH_BYTES} bytes). "
        "Set TMPDIR to a short, writable folder."
    )


def _create(base: Path) -> tuple[Path, int]:
    """The folder and the descriptor that holds its lock."""
    for _attempt in range(5):
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))  # mkdtemp makes it 0700
        lock = _lock(folder)
        if lock is not None:
            (folder / MARK).touch()
            return folder, lock
    raise DoorwardError(
        f"A runtime folder in {base} was removed as fast as it was made; is another program cleaning it?"
    )


def _lock(folder: Path) -> int | None:
    """A descriptor holding the folder's lock; None when someone else holds it or removed the folder meanwhile."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if folder.lstat().st_ino == os.fstat(descriptor).st_ino:
            return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return None


def _ours(base: Path) -> Iterator[Path]:
    with suppress(OSError), os.scandir(base) as entries:
        for entry in entries:
            if not entry.name.startswith(PREFIX) or not entry.is_dir(follow_symlinks=False):
                continue
            with suppress(OSError):
                folder = Path(entry.path)
                if entry.stat(follow_symlinks=False).st_uid == os.geteuid() and (folder / MARK).is_file():
                    yield folder


def _remove_if_left(folder: Path) -> bool:
    lock = _lock(folder)
    if lock is None:
        return False
    shutil.rmtree(folder, ignore_errors=True)
    os.close(lock)
    return True
