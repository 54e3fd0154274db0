"""The door that is broken here, who is signed in at it, and what is on disk."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.door.house import STAFF, House, Kind, configuration
from tests.door.running import Door, eventually
from tests.door.visitor import BROWSER, Visitor

FAST = "wiki.localhost"
"""Envoy decides alone here."""
SLOW = "here.localhost"
"""The control plane is asked for every request here."""
BRIEF = "blink.localhost"
"""Tokens live for ten seconds here, the shortest there is."""

SCRIPTED = "scripted.localhost"
"""Who signs in here meets an identity provider that answers what a test tells it to."""
USUAL = "allowed_idps: [Directory, Email code]"

KINDS = (
    Kind(FAST, (STAFF, USUAL, "session_duration: 8h")),
    Kind("notes.localhost", (STAFF, USUAL)),
    Kind(SLOW, (
        USUAL,
        "policies: [{name: From here, decision: allow, include: [{group: {id: Staff}}], require: [{ip: {ip: 127.0.0.0/8}}]}]",
    )),
    Kind(BRIEF, (STAFF, USUAL, "session_duration: 0s")),
    Kind(SCRIPTED, (STAFF, "allowed_idps: [Scripted]", "auto_redirect_to_identity: true")),
    Kind("open.localhost", ("policies: [Everybody may look]",)),
    Kind("closed.localhost", (USUAL, "policies: []")),
)  # fmt: skip

_SCRIPTED = """
  - name: Scripted
    type: oidc
    config:
      auth_url: http://127.0.0.1:{origin}/provider/authorize
      token_url: http://127.0.0.1:{origin}/provider/token
      certs_url: http://127.0.0.1:{origin}/provider/keys
      client_id: doorward
      client_secret: any secret will do
"""


def text(listen: str = "{address: 127.0.0.1, http: {door}}", kinds: tuple[Kind, ...] = KINDS) -> str:
    """The configuration of the doors in this folder."""
    usual = "  - {name: Email code, type: onetimepin}\n"
    written = configuration(listen, kinds)
    assert written.count(usual) == 1
    return written.replace(usual, usual + _SCRIPTED.lstrip("\n"))


@dataclass(frozen=True)
class SignedIn:
    """A person with a token, and the headers that show it."""

    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"cookie": f"CF_Authorization={self.token}"}


async def signed_in(house: House, host: str = FAST, who: str = "alice") -> SignedIn:
    """A real login, all the way."""
    async with Visitor(house) as visitor:
        response = await visitor.sign_in(host, who=who)
        assert response.status_code == 200, response.text
        return SignedIn(visitor.cookie(host))


ANONYMOUS = dict(BROWSER)
"""Headers of a browser without cookies."""


def database(door: Door) -> Path:
    return door.folder / "state" / "doorward.db"


def is_intact(door: Door) -> bool:
    """What SQLite itself says about the file, and about the references between rows."""
    with closing(sqlite3.connect(database(door), timeout=15)) as connection:
        (found,) = connection.execute("PRAGMA integrity_check").fetchone()
        return found == "ok" and not connection.execute("PRAGMA foreign_key_check").fetchall()


def runtime_of(door: Door) -> Path:
    """The folder with the sockets of this door, from the command line of its control plane."""
    command = Path(f"/proc/{door.children()['control']}/cmdline").read_bytes().split(b"\0")
    return Path(os.fsdecode(command[command.index(b"--runtime") + 1]))


def lives(pid: int) -> bool:
    """A process that runs; what is dead and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def gone(*pids: int, seconds: float) -> float:
    """Seconds until none of these processes runs."""
    began = time.monotonic()
    await eventually(lambda: not any(map(lives, pids)), seconds)
    return time.monotonic() - began


def log_since(door: Door, mark: int) -> str:
    """What was logged behind this position of the file."""
    return door.log.read_bytes()[mark:].decode(errors="replace")


def mark(door: Door) -> int:
    return door.log.stat().st_size
