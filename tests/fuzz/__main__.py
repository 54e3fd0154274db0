"""``make fuzz``: each target for a while. What made one fail is kept, and the exit code is 1."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from rich.console import Console

FOUND = Path(".fuzz")
"""Corpora, which the next run goes on with, and inputs that made a target fail."""
TARGETS = ("saml-response", "id-token", "key-set", "scim", "configuration")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []], help="all of them without")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default 60)")
    asked = parser.parse_args()
    console, failed = Console(stderr=True), []
    for name in asked.targets or TARGETS:
        corpus = FOUND / name
        corpus.mkdir(parents=True, exist_ok=True)
        log = FOUND / f"{name}.log"
        with console.status(f"{name}: {asked.seconds} s"), log.open("wb") as output:
            options = [f"-max_total_time={asked.seconds}", f"-artifact_prefix={FOUND}/{name}-", "-timeout=20"]
            line = [sys.executable, "-m", "tests.fuzz.one", name, str(corpus), *options]
            code = subprocess.run(line, stdout=output, stderr=output, check=False).returncode
        runs = [part for part in log.read_text(errors="replace").split("\n") if part.startswith("Done ")]
        console.print(f"{'✓' if code == 0 else '✗'} {name}: {runs[-1] if runs and code == 0 else f'see {log}'}")
        failed += [name] if code else []
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
