"""Encryption at rest: Fernet over a key that is never in the database.

The key comes from ``DOORWARD_SECRET_KEY`` or from a key file that only its owner can read. Both may hold several keys,
separated by commas or lines: the first encrypts, all decrypt. To replace a key, put the new one in front, start once
(everything stored is then encrypted again under the first key), and take the old one away.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from doorward.errors import StoreError

VARIABLE: Final = "DOORWARD_SECRET_KEY"

_STANDARD_TO_URL_SAFE: Final = str.maketrans("+/", "-_")
_HOW_TO_MAKE: Final = "a key is 32 random bytes in base64; make one with: openssl rand -base64 32"


class Cipher:
    """Seals and opens small secrets. ``source`` says in words where the key came from, for error messages."""

    def __init__(self, keys: Sequence[str], source: str) -> None:
        """Use these base64 keys; the first encrypts.

        Raises:
            StoreError: there is no key, or one is not 32 bytes in base64.
        """
        if not keys:
            raise StoreError(f"There is no key in {source}; {_HOW_TO_MAKE}")
        fernets = [_fernet(key, source) for key in keys]
        self.source = source
        self._first = fernets[0]
        self._all = MultiFernet(fernets)

    @classmethod
    def load(cls, key_file: Path, environ: Mapping[str, str]) -> Self:
        """The keys of ``DOORWARD_SECRET_KEY`` if it is set, else those of the key file, which is created when missing.

        Raises:
            StoreError: a key is malformed, or the file cannot be read or created, or others than its owner may read it.
        """
        if text := environ.get(VARIABLE, "").strip():
            return cls(_split(text), f"the environment variable {VARIABLE}")
        try:
            _create(key_file)
            text = _read(key_file)
        except OSError as error:
            raise StoreError(
                f"The key file {key_file} cannot be used: {error.strerror} ({error.filename}). Doorward encrypts what it stores with it; "
                f"make the folder writable for the first start, or set {VARIABLE}"
            ) from error
        return cls(_split(text), f"the key file {key_file}")

    def seal(self, secret: bytes) -> str:
        """Encrypt and authenticate, as URL-safe text."""
        return self._first.encrypt(secret).decode()

    def open(self, sealed: str) -> bytes:
        """The secret again.

        Raises:
            StoreError: sealed with another key, or changed since.
        """
        try:
            return self._all.decrypt(sealed)
        except InvalidToken as error:
            raise StoreError(
                f"The stored data cannot be decrypted with {self.source}: it was written with another key. Put back the "
                f"key that was used before (or list it after the new one). Without it, signing keys are lost: move the "
                f"database away and start fresh, and everybody signs in again"
            ) from error

    def is_current(self, sealed: str) -> bool:
        """True when the first key opens it; False when only an older one does."""
        try:
            self._first.decrypt(sealed)
        except InvalidToken:
            return False
        return True


def _split(text: str) -> list[str]:
    return [key for key in re.split(r"[,\s]+", text) if key]


def _fernet(key: str, source: str) -> Fernet:
    try:
        return Fernet(key.translate(_STANDARD_TO_URL_SAFE))
    except ValueError:
        # Without its cause: the message of a decoder may quote what it could not decode.
        raise StoreError(f"A key in {source} is malformed; {_HOW_TO_MAKE}") from None


def _create(path: Path) -> None:
    """Create the file with a new key unless there is one. Never a half-written one, whoever starts or dies meanwhile."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # all or nothing, and fails if another process was first
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _read(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise StoreError(f"The key file {path} is open to others (mode {mode:04o}). Run: chmod 600 {path}")
        return file.read()
