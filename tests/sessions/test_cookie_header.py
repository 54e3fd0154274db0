from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.sessions import parse_cookies
from doorward.sessions.cookie_header import LONGEST_HEADER, MOST_COOKIES


def test_cookies_are_read_in_order_over_several_headers():
    assert parse_cookies(["a=1; b=2", "c=3"]) == ((("a", "1"), ("b", "2"), ("c", "3")), False)


@pytest.mark.parametrize(
    ("header", "cookies"),
    [
        ("", ()),
        ("a=", (("a", ""),)),
        ("a=b=c", (("a", "b=c"),)),
        ("a=1;b=2;", (("a", "1"), ("b", "2"))),
        ("a=1;  ;b=2", (("a", "1"), ("b", "2"))),
        ("\ta=1 ;\tb = 2 ", (("a", "1"), ("b", "2"))),
        ('a="1 2"; b={"x":"y"}', (("a", '"1 2"'), ("b", '{"x":"y"}'))),
        (r'a="say \"hi\""', (("a", r'"say \"hi\""'),)),
        ("name[x]=ö", (("name[x]", "ö"),)),
    ],
)
def test_what_browsers_and_applications_really_send_is_not_malformed(header: str, cookies: tuple[tuple[str, str], ...]):
    assert parse_cookies([header]) == (cookies, False)


def test_g6_83_duplicates_are_all_kept_in_order():
    header = "CF_Authorization=one; CF_Authorization=two; cf_authorization=three"
    cookies, malformed = parse_cookies([header])
    assert [value for name, value in cookies if name == "CF_Authorization"] == ["one", "two"]
    assert not malformed


@pytest.mark.parametrize(
    "name", ["\u2000__Host-x", "\xa0__Host-x", "\x85__Host-x", "__Host-x\xa0", "\xe2\x80\x80__Host-x", "__HOST-x"]
)
def test_g6_85_no_white_space_but_spaces_and_tabs_is_trimmed_from_a_name(name: str):
    cookies, _ = parse_cookies([f"{name}=planted"])
    assert cookies == ((name, "planted"),)
    assert "__Host-x" not in dict(cookies)


@pytest.mark.parametrize(
    "header",
    [
        "=__Host-x=planted", "=", "= x", "nameless", "a=1; nameless; b=2", "$Version=1; a=b", '$Version="1"; a="b"; $Path=/',
        "a=1; $Domain=x",
    ],
)  # fmt: skip
def test_g6_85_nameless_and_legacy_cookies_are_malformed(header: str):
    assert parse_cookies([header])[1]


@pytest.mark.parametrize(
    "header",
    [
        'a="start; CF_Authorization=secret; b=end"', 'a="', 'a="x" y', 'a="x"y"', r'a="x\"; b=1', 'a=";"; b=1',
    ],
)  # fmt: skip
def test_g6_86_quotes_that_span_cookies_are_malformed(header: str):
    assert parse_cookies([header])[1]


@pytest.mark.parametrize("byte", ["\x00", "\x01", "\n", "\r", "\x1f", "\x7f"])
def test_g6_86_control_characters_are_malformed(byte: str):
    assert parse_cookies([f"a=x{byte}y"])[1]
    assert parse_cookies([f"a{byte}b=x"])[1]


def test_g6_87_more_or_longer_cookies_than_browsers_send_are_not_parsed():
    assert parse_cookies(["; ".join(f"c{number}=x" for number in range(300))]) == ((), True)
    assert parse_cookies(["a=" + "x" * LONGEST_HEADER]) == ((), True)
    assert parse_cookies(["a=" + "x" * 40_000, "b=" + "x" * 40_000]) == ((), True)
    assert len(parse_cookies(["; ".join(f"c{number}=x" for number in range(MOST_COOKIES))])[0]) == MOST_COOKIES
    assert not parse_cookies(["a=" + "x" * (LONGEST_HEADER - 2)])[1]


def test_g6_88_crafted_chunk_names_are_only_names():
    header = "CF_Authorization_0=a; CF_Authorization_-1=b; CF_Authorization_1000000000=c"
    cookies, malformed = parse_cookies([header])
    assert "CF_Authorization" not in dict(cookies)
    assert len(cookies) == 3
    assert not malformed


@given(st.lists(st.text(max_size=60), max_size=5))
def test_any_text_gets_an_answer_and_no_name_or_value_spans_a_semicolon(headers: list[str]):
    cookies, malformed = parse_cookies(headers)
    assert all(";" not in name + value for name, value in cookies)
    assert malformed or all(name and not name.startswith("$") for name, _ in cookies)
