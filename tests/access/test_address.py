from __future__ import annotations

from ipaddress import ip_address

import pytest

from doorward.access.address import client_address, host_name


@pytest.mark.parametrize(
    ("authority", "name"),
    [
        ("wiki.example.com", "wiki.example.com"),
        ("WIKI.Example.COM", "wiki.example.com"),
        ("wiki.example.com:8443", "wiki.example.com"),
        ("wiki.example.com.", "wiki.example.com"),
        ("wiki.example.com.:443", "wiki.example.com"),
        ("localhost", "localhost"),
        ("127.0.0.1:80", "127.0.0.1"),
    ],
)
def test_a_host_header_is_read_to_its_name(authority, name):
    assert host_name(authority) == name


@pytest.mark.parametrize(
    "authority",
    [
        "", ".", "a..b", "a b", "a/b", "a\\b", "a@b", "user:pw@host", "host:", "host:x", "host:123456", "host:80:80", "[::1]",
        "-a", "a-", "a?b", "a#b", "ä.test", "a\tb", "a" * 300, "a:80\n", "\u212a.test",
    ],
)  # fmt: skip
def test_what_is_no_plain_name_is_no_host(authority):
    assert host_name(authority) is None


@pytest.mark.parametrize(
    ("text", "address"),
    [("203.0.113.7", "203.0.113.7"), ("2001:db8::1", "2001:db8::1"), ("::ffff:203.0.113.7", "203.0.113.7")],
)
def test_the_client_address_is_read(text, address):
    assert client_address(text) == ip_address(address)


@pytest.mark.parametrize("text", ["", "x", "203.0.113.7, 192.0.2.1", "203.0.113.7:80", "[::1]"])
def test_a_malformed_client_address_is_none(text):
    assert client_address(text) is None
