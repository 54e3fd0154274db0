"""Programs from Debian packages: found, or installed when we are root and on Debian."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

APACHE_MODULES: Final = Path("/usr/lib/apache2/modules")
_POLICY: Final = Path("/usr/sbin/policy-rc.d")
_SEARCHED: Final = os.pathsep.join((os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"))
_PACKAGES: Final[Mapping[str, str]] = {
    "wrk": "wrk",
    "nginx": "nginx",
    "haproxy": "haproxy",
    "apache2": "apache2-bin",
    "mod_auth_openidc": "libapache2-mod-auth-openidc",
}
NEEDED: Final = ("wrk", "nginx")
"""The load generator and the origin: nothing can be measured without them."""


class NotRunError(Exception):
    """A contestant cannot take part; the text says why and what to do."""


def find(program: str) -> Path | None:
    """The program's path, or None. ``mod_auth_openidc`` is a module of Apache."""
    if program == "mod_auth_openidc":
        module = APACHE_MODULES / "mod_auth_openidc.so"
        return module if module.exists() else None
    found = shutil.which(program, path=_SEARCHED)
    return Path(found) if found else None


def need(program: str) -> Path:
    """The program's path.

    Raises:
        NotRunError: it is not installed.
    """
    path = find(program)
    if path is None:
        raise NotRunError(f"{program} is not installed; as root: apt-get install {_PACKAGES[program]}")
    return path


def missing() -> tuple[str, ...]:
    """Names of the packages whose programs are not there."""
    return tuple(package for program, package in _PACKAGES.items() if find(program) is None)


def install() -> str:
    """Install what is missing; returns what stood in the way, empty when nothing did or nothing was missing."""
    wanted = missing()
    if not wanted:
        return ""
    if shutil.which("apt-get") is None:
        return f"this is no Debian; install by hand: {', '.join(wanted)}"
    if os.geteuid() != 0:
        return f"not root; as root: apt-get install {' '.join(wanted)}"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with _no_services():
        for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *wanted]):
            done = subprocess.run(["apt-get", *command], env=environment, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                return f"apt-get {command[0]} failed: {(done.stderr or done.stdout).strip()[-300:]}"
    return ""


@contextmanager
def _no_services() -> Iterator[None]:
    """Packages of servers start them at once, on port 80. For our purpose the programs are enough."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()
