"""Where state is kept: the database, the secret key, the local certificate authority."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from doorward.settings.declared import Declared
from doorward.settings.problems import Report

DEFAULT_STORE: Final = "sqlite:doorward-state/doorward.db"
"""Beside the configuration file, in a folder of its own."""
_EXAMPLE: Final = "write sqlite:///var/lib/doorward/doorward.db, or sqlite:state/doorward.db beside this file"


@dataclass(frozen=True, slots=True)
class Places:
    """Absolute paths; ``store_url`` in SQLAlchemy's form."""

    store_url: str
    state_dir: Path
    secret_key_file: Path


def places(declared: Declared, folder: Path, report: Report) -> Places:
    """From the file, with defaults. ``folder`` is where relative paths start."""
    database = _database(declared.store or DEFAULT_STORE, folder, report)
    state_dir = folder / declared.state_dir if declared.state_dir else database.parent
    key = folder / declared.secret_key_file if declared.secret_key_file else state_dir / "secret.key"
    if key == database:
        report.error(("secret_key_file",), "the key and the database it encrypts are one file", "name another file")
    return Places(f"sqlite:///{database}", state_dir, key)


def _database(url: str, folder: Path, report: Report) -> Path:
    """``sqlite:relative``, ``sqlite:/absolute`` or ``sqlite:///absolute``, as in RFC 8089 for files.

    SQLAlchemy reads three slashes as a relative path; here they are absolute, so ``sqlite:///doorward.db`` is refused
    rather than put into the root folder.
    """
    kind, colon, rest = url.partition(":")
    fallback = folder / "doorward.db"
    if kind != "sqlite" or not colon:
        postgres = kind.startswith("postgres")
        message = "PostgreSQL is not supported in this version" if postgres else f"{kind!r} is not a kind of store"
        report.error(("store",), message, _EXAMPLE)
        return fallback
    slashes = len(rest) - len(rest.lstrip("/"))
    path = Path("/", rest.lstrip("/")) if slashes else folder / rest
    if slashes == 2 or "?" in rest or ":memory:" in rest or not rest.strip("/"):
        report.error(("store",), f"{url!r} does not name a database file", _EXAMPLE)
        return fallback
    if slashes and path.parent == Path("/"):
        hint = f"write sqlite:{path.name} for a file beside this one"
        report.error(("store",), f"{url!r} means {path}, in the root folder", hint)
    return path
