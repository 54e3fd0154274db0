"""Files that the configuration names."""

from __future__ import annotations

from pathlib import Path as FilePath

from doorward.settings.problems import Report
from doorward.settings.source import Path


def readable(path: Path, file: FilePath, noun: str, report: Report) -> bytes | None:
    """The file's content, or None with the reason reported."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        report.error(path, f"{noun} {file} does not exist", "create it or correct the path")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        report.error(path, f"{noun} {file} cannot be read: {reason}", "make it readable for the user doorward runs as")
    return None
