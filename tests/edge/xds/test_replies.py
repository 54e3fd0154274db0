"""The pages that Envoy shows by itself, as the format strings that they are."""

from __future__ import annotations

import re

import pytest

from doorward.edge.xds.replies import local_replies

PREFLIGHT, *PAGES = local_replies().mappers


@pytest.mark.parametrize("mapper", PAGES, ids=["undecided", "away"])
def test_the_only_thing_that_is_filled_in_is_the_reference(mapper):
    written = mapper.body_format_override.text_format_source.inline_string
    assert re.findall(r"%[^%]+%", written.replace("%%", "")) == ["%REQ(X-REQUEST-ID):18%"]


def test_the_answer_to_a_preflight_gets_the_documented_status_and_is_otherwise_left_alone():
    assert PREFLIGHT.status_code.value == 200
    assert {field.name for field, _ in PREFLIGHT.ListFields()} == {"filter", "status_code"}


def test_they_are_the_same_each_time():
    """They are part of the listener: a difference would replace it, and end its connections."""
    assert local_replies().SerializeToString(deterministic=True) == local_replies().SerializeToString(
        deterministic=True
    )
