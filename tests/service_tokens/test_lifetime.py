from __future__ import annotations

from datetime import timedelta

import pytest

from doorward.service_tokens import FOREVER, format_lifetime, parse_lifetime


@pytest.mark.parametrize(
    ("text", "lifetime"),
    [
        ("8760h", timedelta(days=365)),
        ("forever", None),
        ("1s", timedelta(seconds=1)),
        ("1.9s", timedelta(seconds=1)),
        ("17520h", timedelta(days=730)),
    ],
)
def test_a_lifetime_is_a_duration_or_forever(text: str, lifetime: timedelta | None) -> None:
    assert parse_lifetime(text) == lifetime


@pytest.mark.parametrize("text", ["0", "0s", "500ms"])
def test_no_time_at_all_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no time at all; write it like 8760h, or forever"):
        parse_lifetime(text)


@pytest.mark.parametrize("text", ["", "Forever", "1 year", "-1h", "99999999h"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|ten years"):
        parse_lifetime(text)


def test_lifetimes_are_written_as_they_are_read() -> None:
    assert format_lifetime(None) == FOREVER
    assert format_lifetime(timedelta(days=365)) == "8760h"
