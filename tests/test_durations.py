from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from doorward.durations import Duration, format_duration, parse_duration


class Settings(BaseModel):
    session: Duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("24h", 86400),
        ("30m", 1800),
        ("1h15m", 4500),
        ("1h15m30.918273645s", 4530.918274),
        ("0", 0),
        ("+0", 0),
        ("0s", 0),
        ("+5s", 5),
        (".5s", 0.5),
        ("1.s", 1),
        ("1.5h", 5400),
        ("300ms", 0.3),
        ("1us", 0.000001),
        ("1µs", 0.000001),
        ("1μs", 0.000001),
        ("1000ns", 0.000001),
        ("1m1h", 3660),
        ("87840h", 366 * 10 * 86400),
    ],
)
def test_durations_are_read_as_go_reads_them(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "24",
        "1",
        "h",
        "1d",
        "1 h",
        "-1h",
        "1h-1m",
        "1e3s",
        "1,5h",
        ".s",
        "１h",
        "٣h",
        "1h\n",
        "1H",
        "++1h",
        "00",
    ],
)
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write it like 24h, 30m or 1h15m"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["87841h", "9" * 400 + "h", "999999999999999999999h"])
def test_a_duration_of_more_than_ten_years_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="longer than ten years"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (45, "45s"), (60, "1m"), (86400, "24h"), (5400, "1h30m"), (3661, "1h1m1s"), (1.5, "1.5s"), (90.25, "90.25s"), (0.000001, "0.000001s")],
)  # fmt: skip
def test_durations_are_written_as_the_api_writes_them(seconds: float, text: str) -> None:
    assert format_duration(timedelta(seconds=seconds)) == text


@given(st.integers(0, 366 * 10 * 86_400_000))
def test_what_was_written_is_read_back(milliseconds: int) -> None:
    duration = timedelta(milliseconds=milliseconds)
    assert parse_duration(format_duration(duration)) == duration


@pytest.mark.parametrize("value", ["1h", timedelta(hours=1)])
def test_a_model_field_takes_text_or_a_timedelta(value: object) -> None:
    settings = Settings.model_validate({"session": value})
    assert settings.session == timedelta(hours=1)
    assert settings.model_dump_json() == '{"session":"1h"}'


def test_a_bare_zero_is_a_duration_as_yaml_reads_it() -> None:
    assert Settings.model_validate({"session": 0}).session == timedelta(0)


@pytest.mark.parametrize("value", [1, False, True, None, 1.5, ["1h"], "soon"])
def test_a_model_field_refuses_anything_else(value: object) -> None:
    with pytest.raises(ValidationError, match="write it like 24h"):
        Settings.model_validate({"session": value})
