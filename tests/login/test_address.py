from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.login.address import address_bucket, safe_path

HOSTILE = [
    "//evil.test", "/\\evil.test", "\\/evil.test", "\\\\evil.test", "/%09/evil.test", "/%0a/evil.test", "/\t/evil.test",
    "/\n/evil.test", "/\r\nLocation: //evil.test", "https:evil.test", "https:///evil.test", "https://evil.test/",
    "javascript:alert(1)", "data:text/html,x", "https://wiki.example.com@evil.test", "https://wiki.example.com.evil.test",
    "/%5cevil.test", "/%2f/evil.test", "/.//evil.test", "/..//evil.test", "/ /evil.test", "/\u3000/evil.test",
    "/\u2028//evil.test", "@evil.test", ".evil.test", ":80@evil.test", "//[fe80::1%25eth0]/", "///evil.test", "////evil.test",
    "/%E3%80%80/evil.test", "", " ", "?x", "#x", "/" * 5000, "/" + "a" * 9000, "\x00", "/\x00", "/a\x7fb", "ｈttps://evil.test",
]  # fmt: skip


@pytest.mark.parametrize("raw", HOSTILE)
def test_g7_94_a_hostile_return_path_stays_on_the_application(raw):
    path = safe_path(raw)
    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))
    assert path.isascii()
    assert path.isprintable()
    assert " " not in path
    assert "\\" not in path
    assert urlsplit("https://wiki.example.com" + path).hostname == "wiki.example.com"


@given(st.text(max_size=60).map(lambda text: "/" + text) | st.text(max_size=60))
def test_g7_94_no_text_at_all_leads_elsewhere(raw):
    path = safe_path(raw)
    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))
    assert path.isascii()
    assert path.isprintable()
    assert urlsplit("https://wiki.example.com" + path).netloc == "wiki.example.com"
    assert safe_path(path) == path


@pytest.mark.parametrize(
    ("raw", "safe"),
    [
        ("/", "/"),
        ("/dashboard?x=1", "/dashboard?x=1"),
        (
            "/a/b;c=1/d,e?q=%2Fx%3D1&next=https://elsewhere.test/",
            "/a/b;c=1/d,e?q=%2Fx%3D1&next=https://elsewhere.test/",
        ),
        ("/grüße?q=ö", "/gr%C3%BC%C3%9Fe?q=%C3%B6"),
        ("/a?", "/a"),
        ("/a#fragment", "/a"),
        ("/search?q=a b\\c", "/search?q=a%20b%5Cc"),
        ("/a//b", "/a//b"),
        ("/cdn-cgi-like", "/cdn-cgi-like"),
    ],
)
def test_an_honest_return_path_is_kept(raw, safe):
    assert safe_path(raw) == safe


@pytest.mark.parametrize(
    "raw",
    [
        "/cdn-cgi/access/logout", "/cdn-cgi", "/cdn-cgi/", "/CDN-CGI/access/login/x", "/x/../cdn-cgi/access/logout",
        "/%63dn-cgi/access/logout", "/./cdn-cgi/access/logout", "/x/%2e%2e/cdn-cgi/access/logout",
    ],
)  # fmt: skip
def test_nobody_is_sent_round_in_our_own_endpoints(raw):
    assert safe_path(raw) == "/"


def test_an_ipv6_subscriber_is_one_client():
    one, same, other = (ip_address(text) for text in ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1"))
    assert address_bucket(one) == address_bucket(same) != address_bucket(other)
    assert address_bucket(ip_address("203.0.113.7")) != address_bucket(ip_address("203.0.113.8"))
    assert address_bucket(None) == "unknown"
