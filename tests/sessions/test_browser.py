from __future__ import annotations

import hashlib

import pytest
from tests.sessions.build import HTTP, HTTPS
from tests.tokens.material import NOW

from doorward.organization import PublicAddress
from doorward.sessions import (
    CF_SESSION,
    app_session_cookies,
    app_session_proven,
    app_session_values,
    attempt_name,
    browser_value,
    clear_browser_cookies,
    login_session_cookies,
    login_session_values,
    new_app_session,
    parse_cookies,
)

VALUE = "0123456789abcdef"
OTHER = "fedcba9876543210"
HASH = hashlib.sha256(VALUE.encode()).hexdigest()
BARE, TWIN = ("CF_AppSession", VALUE), ("__Host-CF_AppSession", VALUE)


def sent_back(set_cookies: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The Cookie header of a browser that got these."""
    return parse_cookies(["; ".join(each.split("; ")[0] for each in set_cookies)])[0]


def test_a_new_value_has_16_hex_characters():
    assert new_app_session(bytes(range(8))) == "0001020304050607"
    with pytest.raises(ValueError, match="8 random bytes"):
        new_app_session(b"short")


def test_on_https_a_value_and_its_twin_and_that_of_the_attempt_are_set():
    assert app_session_cookies(VALUE, HTTPS, NOW) == (
        f"CF_AppSession={VALUE}; Expires=Tue, 22 Sep 2026 14:13:20 GMT; Max-Age=86400; Path=/; Secure; HttpOnly; SameSite=None",
        f"__Host-CF_AppSession={VALUE}; Expires=Tue, 22 Sep 2026 14:13:20 GMT; Max-Age=86400; Path=/; Secure; HttpOnly; SameSite=None",
        f"__Host-CF_AppSession_{HASH[:8]}={VALUE}; Expires=Mon, 21 Sep 2026 15:13:20 GMT; Max-Age=3600; Path=/; Secure; HttpOnly; SameSite=None",
    )


def test_on_plain_http_there_is_no_twin_and_nothing_secure():
    assert app_session_cookies(VALUE, HTTP, NOW) == (
        f"CF_AppSession={VALUE}; Expires=Tue, 22 Sep 2026 14:13:20 GMT; Max-Age=86400; Path=/; HttpOnly; SameSite=Lax",
        f"CF_AppSession_{HASH[:8]}={VALUE}; Expires=Mon, 21 Sep 2026 15:13:20 GMT; Max-Age=3600; Path=/cdn-cgi/access/; HttpOnly; SameSite=Lax",
    )


def test_cf_session_lives_four_hours():
    cookies = login_session_cookies("abc", HTTPS, NOW)
    assert [cookie.partition("=")[0] for cookie in cookies] == ["CF_Session", "__Host-CF_Session"]
    assert all("Max-Age=14400" in cookie for cookie in cookies)
    assert login_session_values(sent_back(cookies), HTTPS, "GET", fetch_metadata=True) == ("abc",)


@pytest.mark.parametrize("public", [HTTPS, HTTP], ids=["https", "http"])
def test_a_browser_proves_itself_with_what_was_set(public: PublicAddress):
    cookies = sent_back(app_session_cookies(VALUE, public, NOW))
    assert app_session_proven(cookies, HASH, public, "GET", fetch_metadata=True)
    assert app_session_values(cookies, public, "GET", fetch_metadata=True) == (VALUE,)
    assert not app_session_proven(cookies, hashlib.sha256(b"x").hexdigest(), public, "GET", fetch_metadata=True)
    assert not app_session_proven((), HASH, public, "GET", fetch_metadata=True)


@pytest.mark.parametrize("public", [HTTPS, HTTP], ids=["https", "http"])
def test_g7_99_tabs_opened_at_once_each_prove_their_own_attempt(public: PublicAddress):
    values = [f"{number:016x}" for number in range(10)]
    jar: dict[str, str] = {}
    for value in values:
        jar |= dict(sent_back(app_session_cookies(value, public, NOW)))
    for value in values:
        digest = hashlib.sha256(value.encode()).hexdigest()
        assert app_session_proven(tuple(jar.items()), digest, public, "GET", fetch_metadata=True)


def test_g6_84_a_planted_plain_cookie_proves_nothing_in_a_browser():
    planted = (BARE, (attempt_name(HASH), VALUE))
    for method, metadata in (("GET", True), ("GET", False), ("POST", False), ("HEAD", True)):
        assert not app_session_proven(planted, HASH, HTTPS, method, fetch_metadata=metadata)
        assert app_session_values(planted, HTTPS, method, fetch_metadata=metadata) == ()


def test_g6_84_a_planted_cookie_does_not_displace_the_twin():
    assert app_session_values((("CF_AppSession", OTHER), TWIN), HTTPS, "GET", fetch_metadata=True) == (VALUE,)
    assert login_session_values(((CF_SESSION, "planted"),), HTTPS, "GET", fetch_metadata=True) == ()


def test_cloudflared_proves_itself_by_head_with_the_documented_cookie_alone():
    assert app_session_proven((BARE,), HASH, HTTPS, "HEAD", fetch_metadata=False)
    assert browser_value((BARE, TWIN), "CF_AppSession", HTTPS, "HEAD", False) == (VALUE,)
    assert browser_value((("CF_AppSession", OTHER), TWIN), "CF_AppSession", HTTPS, "HEAD", False) == (VALUE, OTHER)


def test_g6_83_two_twins_or_many_values_are_an_attack_and_prove_nothing():
    assert browser_value((TWIN, ("__Host-CF_AppSession", OTHER)), "CF_AppSession", HTTPS, "GET", True) == ()
    assert browser_value((TWIN, TWIN), "CF_AppSession", HTTPS, "GET", True) == (VALUE,)
    many = tuple(("CF_AppSession", str(number)) for number in range(5))
    assert browser_value(many, "CF_AppSession", HTTP, "GET", True) == ()
    assert browser_value((*many, TWIN), "CF_AppSession", HTTPS, "GET", True) == ()
    assert browser_value(many[:4], "CF_AppSession", HTTP, "GET", True) == ("0", "1", "2", "3")


@pytest.mark.parametrize("value", ["", "xyz", VALUE.upper(), VALUE + "0", VALUE[:-1], "x" * 100_000])
def test_g6_87_a_malformed_app_session_is_not_used_again(value: str):
    assert app_session_values((("__Host-CF_AppSession", value),), HTTPS, "GET", fetch_metadata=True) == ()


@pytest.mark.parametrize(("public", "names"), [(HTTPS, ["CF_Session", "__Host-CF_Session"]), (HTTP, ["CF_Session"])])
def test_g6_89_removing_removes_the_twin_with_the_same_attributes(public: PublicAddress, names: list[str]):
    removed = clear_browser_cookies(CF_SESSION, public)
    assert [cookie.partition("=")[0] for cookie in removed] == names
    for gone, given in zip(removed, login_session_cookies("x", public, NOW), strict=True):
        assert gone.split("; ")[3:] == given.split("; ")[3:]
        assert "Max-Age=0" in gone
