"""The page about attacks says nothing that is not so."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "attacks.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \| (.+) \|$", re.MULTILINE)
NAMED = re.compile(r"`([\w/]+\.py)`: `(test_\w+)`")


def rows():
    return {int(number): (attack, does, tests) for number, attack, does, tests in ROW.findall(PAGE)}


def test_every_case_of_the_first_eight_groups_has_one_row_in_order():
    assert [int(number) for number, *_ in ROW.findall(PAGE)] == list(range(1, 130))


def test_every_test_that_is_named_exists():
    named = NAMED.findall(PAGE)
    assert len(named) > 200
    for file, name in named:
        text = (TESTS / file).read_text(encoding="utf-8")
        assert re.search(rf"^ *(?:async )?def {name}\(", text, re.MULTILINE), f"{file} has no {name}"


def test_a_case_has_tests_or_the_page_says_why_it_does_not_apply():
    for number, (_, does, tests) in rows().items():
        assert does.startswith("Does not apply yet: ") == (not NAMED.findall(tests)), number


def test_a_test_that_carries_a_number_is_named_beside_that_number():
    """``test_g1_1_2_…`` is for cases 1 and 2 of group 1."""
    for number, (_, _, tests) in rows().items():
        carrying = [name for _, name in NAMED.findall(tests) if re.match(r"test_g\d+_\d", name)]
        beside = [
            name
            for name in carrying
            if str(number) in re.findall(r"\d+", re.match(r"test_g\d+((?:_(?:and_)?\d+)+)", name)[1])
        ]
        assert beside == carrying or number in {110, 116}, (number, carrying)
