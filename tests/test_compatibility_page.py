"""docs/compatibility.md names tests and addresses: both have to exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from doorward.login.routes import application_routes, team_routes

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "compatibility.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))


@cache
def defined(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text())
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def addresses() -> list[str]:
    anything = cast("Any", SimpleNamespace())
    routes = [*team_routes(anything, anything), *application_routes(anything)]
    return sorted({re.sub(r":\w+(?=})", "", route.path) for route in routes})


@pytest.mark.parametrize("file", sorted({file for file, _ in NAMED}))
def test_every_test_on_the_page_exists(file):
    assert {name for there, name in NAMED if there == file} - defined(file) == set()


def test_a_test_is_always_written_as_path_and_name():
    assert len(NAMED) > 80
    assert [text for text in re.findall(r"`(tests/[^`]*)`", PAGE) if "::" not in text] == [
        "tests/test_compatibility_page.py"
    ]


@pytest.mark.parametrize("address", addresses())
def test_every_address_the_door_answers_is_on_the_page(address):
    assert f"`{address}`" in PAGE
