from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.tokens.custom import BUDGET, capped

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def test_everything_is_kept_when_it_fits():
    custom = {"groups": ["a", "b"], "department": "R&D", "level": 3}
    assert capped(custom) == (custom, ())


def test_entries_are_dropped_from_the_end_of_the_configured_list():
    custom = {"first": "x" * 10, "big": "y" * 2000, "last": "z"}
    assert capped(custom) == ({"first": "x" * 10}, ("big", "last"))


def test_the_limit_counts_the_bytes_of_the_whole_object():
    custom = {"a": "1", "b": "2"}
    size = len(json.dumps(custom, separators=(",", ":")))
    assert capped(custom, size)[0] == custom
    assert capped(custom, size - 1) == ({"a": "1"}, ("b",))
    assert capped(custom, 1) == ({}, ("a", "b"))


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), {1, 2}, "\ud800", b"bytes"], ids=["nan", "inf", "set", "surrogate", "bytes"]
)
def test_what_is_not_json_is_left_out_alone(value: object):
    assert capped({"a": 1, "odd": value, "b": 2}) == ({"a": 1, "b": 2}, ("odd",))


def test_a_value_nested_without_end_is_left_out():
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert capped({"deep": deep, "b": 2}) == ({"b": 2}, ("deep",))


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=12), st.integers(2, 400))
def test_what_is_kept_always_fits_and_is_the_longest_beginning_that_does(custom: dict[str, object], limit: int):
    kept, dropped = capped(custom, limit)
    assert len(json.dumps(kept, separators=(",", ":"))) <= limit
    assert [*kept, *dropped] == list(custom)
    if dropped:
        longer = kept | {dropped[0]: custom[dropped[0]]}
        assert len(json.dumps(longer, separators=(",", ":"))) > limit


def test_the_default_budget_leaves_room_in_a_cookie():
    assert BUDGET == 1024
