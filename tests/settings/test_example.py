"""The example file is a valid one, and shows every field there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from doorward.settings import load
from doorward.settings.declared import LISTS, SECTIONS

EXAMPLE = Path(__file__).parents[2] / "examples" / "doorward.yaml"


def test_the_example_has_no_problem():
    settings = load(EXAMPLE, {"CLIENT_SECRET": "x", "MAIL_PASSWORD": "y", "BACKUP_SECRET": "0" * 64})
    assert settings.warnings == ()


@pytest.mark.parametrize("section", [*SECTIONS, *LISTS])
def test_the_example_shows_every_section(section):
    assert f"\n{section}:" in EXAMPLE.read_text() or f"\n# {section}:" in EXAMPLE.read_text()
