from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest


@pytest.fixture
def short_folder():
    """pytest's own folders are too deep for unix sockets."""
    folder = Path(tempfile.mkdtemp(prefix="dw-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
