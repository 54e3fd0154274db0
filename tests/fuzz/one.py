"""``python -m tests.fuzz.one TARGET CORPUS -max_total_time=…``: one target, guided by coverage, until it fails or time is up."""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["doorward"]):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    name, corpus = sys.argv[1], Path(sys.argv[2])
    target = TARGETS[name]
    for number, seed in enumerate(target.seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    atheris.Setup([sys.argv[0], *sys.argv[2:]], target.once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
