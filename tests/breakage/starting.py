"""``doorward serve`` where it cannot succeed: how it ends, and what it says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.breakage.house import text
from tests.door.running import Door, free_ports
from tests.test_geo import mmdb

WITHOUT_ROOTS_PRIVILEGE = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-all")
"""In front of a command of root's: file permissions count for it as for anybody else."""


@dataclass(frozen=True)
class Ended:
    code: int
    said: str
    """Standard output and error."""


def prepare(folder: Path, configuration: str = "", ports: Mapping[str, int] | None = None) -> dict[str, int]:
    """A folder with a configuration whose origin, mail server and directory do not exist. The ports in it."""
    names = ("door", "status", "origin", "smtp", "directory", "grpc")
    filled = dict(zip(names, free_ports(len(names)), strict=True)) | dict(ports or {})
    written = configuration or text()
    for name, port in filled.items():
        written = written.replace("{" + name + "}", str(port))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "doorward.yaml").write_text(written)
    (folder / "country.mmdb").write_bytes(mmdb(("127.0.0.0/8", {"country": {"iso_code": "NL"}})))
    return filled


def serve(
    folder: Path, *, environ: Mapping[str, str] | None = None, before: Sequence[str] = (), seconds: float = 60
) -> Ended:
    """Start it and wait for its end, which must come by itself."""
    process = subprocess.Popen(
        [*before, sys.executable, "-m", "doorward", "serve", "--config", str(folder / "doorward.yaml")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "TERM": "dumb", **(environ or {})},
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        said, _ = process.communicate()
        raise AssertionError(f"it did not end by itself:\n{said.decode(errors='replace')[-4000:]}") from None
    return Ended(process.returncode, said.decode(errors="replace"))


def as_anybody() -> Sequence[str]:
    """What to put in front of a command so that file permissions count."""
    if os.geteuid() != 0:
        return ()
    assert shutil.which("setpriv"), "as root this needs setpriv (Debian: util-linux)"
    return WITHOUT_ROOTS_PRIVILEGE


def door_in(folder: Path, ports: Mapping[str, int]) -> Door:
    """To start and stop what :func:`prepare` prepared."""
    from tests.door.running import spawn

    return Door(folder, ports["door"], ports["status"], spawn(folder), folder / "door.log", ports)
