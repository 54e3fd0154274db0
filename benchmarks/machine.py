"""What the kernel says: CPU time, memory, load; and which versions of everything took part."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import ssl
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from benchmarks.packages import find
from doorward import __version__
from doorward.edge import envoy

_TICK: Final = 1 / os.sysconf("SC_CLK_TCK")
_PROC: Final = Path("/proc")


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes. PSS counts a page that n processes share as one n-th."""

    rss: int
    pss: int


def tree(root: int) -> tuple[int, ...]:
    """``root`` and every process below it."""
    children: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                children.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return tuple(found)


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time that living processes have used, in seconds."""
    total = 0
    for pid in pids:
        fields = _stat(pid)
        total += int(fields[11]) + int(fields[12])
    return total * _TICK


def memory(pid: int) -> Memory:
    """Of one process."""
    told = dict(re.findall(r"^(\w+):\s+(\d+) kB$", (_PROC / str(pid) / "smaps_rollup").read_text(), re.MULTILINE))
    return Memory(int(told["Rss"]) * 1024, int(told["Pss"]) * 1024)


def core_seconds(core: int) -> float:
    """Seconds this core has been busy for anybody since the machine started."""
    line = next(line for line in (_PROC / "stat").read_text().splitlines() if line.startswith(f"cpu{core} "))
    user, nice, system, _idle, _iowait, irq, softirq, *_ = map(int, line.split()[1:])
    return (user + nice + system + irq + softirq) * _TICK


def load() -> tuple[float, float, float]:
    """Processes that wanted to run, over 1, 5 and 15 minutes."""
    return os.getloadavg()


def facts() -> Mapping[str, str]:
    """The machine, by name of the fact."""
    model = re.search(r"^model name\s*: (.+)$", (_PROC / "cpuinfo").read_text(), re.MULTILINE)
    total = re.search(r"^MemTotal:\s+(\d+) kB$", (_PROC / "meminfo").read_text(), re.MULTILINE)
    return {
        "processor": model[1].strip() if model else platform.machine(),
        "cores": str(os.cpu_count()),
        "memory": f"{int(total[1]) / 2**20:.0f} GiB" if total else "unknown",
        "kernel": f"Linux {platform.release()}",
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", "Linux"),
    }


def versions() -> Mapping[str, str]:
    """Everything that takes part, by name."""
    found = {
        "Doorward": __version__,
        "Envoy": envoy.version(envoy.binary()),
        "Python": platform.python_version(),
        "OpenSSL of Python": ssl.OPENSSL_VERSION.split()[1],
        **{name: version(name) for name in ("cryptography", "uvicorn", "uvloop", "sqlalchemy", "joserfc")},
    }
    for program, options in (("nginx", "-v"), ("haproxy", "-v"), ("apache2", "-v"), ("wrk", "-v")):
        if (path := find(program)) is not None:
            found[program] = _first_number(_said([str(path), options]))
    if find("mod_auth_openidc") is not None:
        found["mod_auth_openidc"] = _said(
            ["dpkg-query", "--show", "--showformat=${Version}", "libapache2-mod-auth-openidc"]
        )
    return found


def _stat(pid: int) -> list[str]:
    """Fields of ``/proc/<pid>/stat`` from the state on (field 3 of proc(5) is number 0 here)."""
    return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def _said(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except OSError:
        return "unknown"
    return done.stdout + done.stderr


def _first_number(told: str) -> str:
    number = re.search(r"\d+\.\d+(?:\.\d+)?(?:-[\w+.~]+)?", told)
    return number[0] if number else "unknown"
