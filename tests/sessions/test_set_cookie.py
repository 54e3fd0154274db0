from __future__ import annotations

from email.utils import parsedate_to_datetime

import pytest
from tests.tokens.material import NOW

from doorward.sessions import clear_cookie, set_cookie


def test_a_cookie_has_expires_and_max_age_and_all_attributes():
    assert set_cookie("CF_Authorization", "a.b-c_d", expires_at=NOW + 3600, now=NOW, secure=True) == (
        "CF_Authorization=a.b-c_d; Expires=Mon, 21 Sep 2026 15:13:20 GMT; Max-Age=3600; Path=/; Secure; HttpOnly; "
        "SameSite=None"
    )


def test_expires_is_the_moment_that_was_meant():
    cookie = set_cookie("a", "b", expires_at=NOW + 3600, now=NOW, secure=True)
    expires = next(part for part in cookie.split("; ") if part.startswith("Expires=")).removeprefix("Expires=")
    assert parsedate_to_datetime(expires).timestamp() == NOW + 3600


@pytest.mark.parametrize(
    ("secure", "same_site", "expected"),
    [
        (True, "none", "SameSite=None"),
        (True, "lax", "SameSite=Lax"),
        (True, "strict", "SameSite=Strict"),
        (False, "none", "SameSite=Lax"),
        (False, "lax", "SameSite=Lax"),
        (False, "strict", "SameSite=Strict"),
    ],
)
def test_same_site_none_needs_secure(secure: bool, same_site: str, expected: str):
    cookie = set_cookie("a", "b", expires_at=None, now=NOW, secure=secure, same_site=same_site)  # type: ignore[arg-type]
    assert cookie.endswith(expected)
    assert ("Secure" in cookie.split("; ")) is secure


def test_attributes_can_be_left_out():
    cookie = set_cookie("a", "b", expires_at=None, now=NOW, secure=False, http_only=False, same_site="")
    assert cookie == "a=b; Path=/"


def test_what_is_already_over_has_no_negative_age():
    assert "Max-Age=0;" in set_cookie("a", "b", expires_at=NOW - 5, now=NOW, secure=True)


def test_g6_89_a_removal_has_the_attributes_that_set_the_cookie():
    attributes = {"secure": True, "http_only": False, "same_site": "strict", "path": "/wiki"}
    removal = clear_cookie("a", **attributes)
    assert removal == ("a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/wiki; Secure; SameSite=Strict")
    setting = set_cookie("a", "b", expires_at=NOW + 1, now=NOW, **attributes)
    assert removal.split("; ")[3:] == setting.split("; ")[3:]


@pytest.mark.parametrize(
    ("name", "value", "path"),
    [
        ("", "b", "/"), ("a b", "b", "/"), ("a=", "b", "/"), ("a", "b;c", "/"), ("a", "b c", "/"), ("a", "b\r\nX: y", "/"),
        ("a", 'b"', "/"), ("a", "é", "/"), ("a", "b,c", "/"), ("a", "b\\", "/"), ("a", "b", "/x;y"), ("a", "b", "x"),
        ("a", "b", ""), ("a", "b", "/é"), ("a", "b", "/ x"), ("a\n", "b", "/"), ("a", "b\n", "/"), ("a", "b", "/\n"),
    ],
)  # fmt: skip
def test_nothing_can_break_out_of_its_place_in_the_header(name: str, value: str, path: str):
    with pytest.raises(ValueError, match="cannot carry"):
        set_cookie(name, value, expires_at=None, now=NOW, secure=True, path=path)
