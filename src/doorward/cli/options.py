"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

DEFAULT_CONFIG: Final = Path("doorward.yaml")

ConfigFile = Annotated[
    Path,
    typer.Option("--config", "-c", envvar="DOORWARD_CONFIG", help="The configuration file.", metavar="FILE"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
