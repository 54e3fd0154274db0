from __future__ import annotations

import pytest

from doorward.providers.web_address import check_web_address, is_inside, is_loopback, origin


@pytest.mark.parametrize(
    "address",
    [
        "https://login.example.com",
        "https://login.example.com:8443/realms/a?x=1",
        "https://10.0.0.7/authorize",
        "https://[2001:db8::1]/authorize",
        "https://xn--mnchen-3ya.example/",
        "http://localhost:8080/a",
        "http://directory.localhost:8080/a",
        "http://127.0.0.1:9310",
        "http://[::1]:9310/",
    ],
)
def test_an_encrypted_or_local_address_is_taken_as_it_is(address):
    assert check_web_address(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "http://login.example.com/authorize",
        "http://10.0.0.7/authorize",
        "http://localhost.example.com/",
        "http://127.0.0.1.example.com/",
        "http://notlocalhost/",
        "file:///etc/passwd",
        "ftp://login.example.com/",
        "javascript:alert(1)",
        "//login.example.com/authorize",
        "login.example.com",
        "https://",
        "https:///authorize",
        "https://user@login.example.com/",
        "https://user:pass@login.example.com/",
        "https://login.example.com/#fragment",
        "https://login.example.com/#",
        "https://login.example.com\\@evil.test/",
        "https://login.example.com/ a",
        "https://login.example.com/\ta",
        "https://login.example.com/\n",
        "https://login.example.com:0/",
        "https://login.example.com:99999/",
        "https://login.example.com:x/",
        "https://münchen.example/",
        "https://a..b/",
        "https://-a.example/",
        "https://[::1/",
        "https://login.example.com/" + "a" * 2048,
        "",
    ],
)
def test_g5_67_an_address_that_is_not_encrypted_or_not_clear_is_refused(address):
    with pytest.raises(ValueError, match=r"."):
        check_web_address(address)


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST", "a.localhost", "a.b.localhost.", "127.0.0.1", "127.9.9.9", "::1"]
)
def test_names_that_never_leave_the_machine_are_loopback(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "example.com", "localhost.example.com", "notlocalhost", "10.0.0.1", "0.0.0.0"])
def test_other_names_are_not_loopback(host):
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("https://login.example.com/", False),
        ("https://93.184.216.34/", False),
        ("https://10.1.2.3/", True),
        ("https://169.254.169.254/latest", True),
        ("https://[fd00::1]/", True),
        ("https://[::ffff:10.0.0.1]/", True),
        ("https://0.0.0.0/", True),
        ("http://a.localhost/", True),
    ],
)
def test_addresses_that_only_we_can_reach_are_inside(address, inside):
    assert is_inside(address) is inside


def test_origin_fills_in_the_port_of_the_scheme():
    assert origin("https://LOGIN.example.com/a") == origin("https://login.example.com.:443/b")
    assert origin("https://login.example.com") != origin("https://login.example.com:8443")
    assert origin("http://localhost") == ("http", "localhost", 80)
