from __future__ import annotations

import pytest

from doorward.organization import Organization, PublicAddress
from doorward.providers.pin_mail import pin_message

LINK = "https://login.example.test/cdn-cgi/access/callback?nonce=n&code=123456"


def organization(**changes):
    values = {
        "id": "0" * 32,
        "name": "Example",
        "auth_domain": "login.example.test",
        "session_duration": "24h",
        "public": PublicAddress(scheme="https", port=443),
    }
    return Organization(**{**values, **changes})


def bodies(message):
    return message.get_body(("plain",)).get_content(), message.get_body(("html",)).get_content()


def test_the_mail_says_the_code_what_for_who_asked_how_long_and_what_to_do_if_it_was_not_you():
    message = pin_message(organization(), "alice@example.test", "123456", LINK, "Wiki", hostname="wiki.example.test")
    assert message["To"] == "alice@example.test"
    assert message["Subject"] == "Your code for Wiki"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "multipart/alternative"
    for body in bodies(message):
        for words in (
            "123456",
            "Wiki (wiki.example.test)",
            "login.example.test",
            "10 minutes",
            "If it was not you",
            "Example",
        ):
            assert words in body
    text, html = bodies(message)
    assert LINK in text
    assert LINK.replace("&", "&amp;") in html


def test_the_code_stands_alone_on_its_line():
    text, _ = bodies(pin_message(organization(), "alice@example.test", "000123", "", "Wiki"))
    assert "\n    000123\n" in text


def test_the_code_is_not_in_the_subject_that_a_locked_telephone_shows():
    assert "123456" not in pin_message(organization(), "a@b.test", "123456", LINK, "Wiki")["Subject"]


def test_without_a_link_there_is_none():
    for body in bodies(pin_message(organization(), "alice@example.test", "123456", "", "Wiki")):
        assert "http" not in body
        assert "open this page" not in body


EVIL = "Wiki\r\nBcc: evil@example.test\r\n\r\n<script>alert(1)</script>\x00"


def test_no_value_adds_a_header():
    message = pin_message(organization(name=EVIL), "alice@example.test", "123456", LINK, EVIL, hostname=EVIL)
    assert set(message.keys()) == {"To", "Subject", "Auto-Submitted", "MIME-Version", "Content-Type"}
    head = message.as_bytes().partition(b"\n\n")[0]
    assert not any(line.lower().startswith(b"bcc") for line in head.splitlines())
    assert "\n" not in message["Subject"]


def test_g7_114_no_value_adds_markup():
    _, html = bodies(
        pin_message(organization(name=EVIL), "a@b.test", "123456", 'https://x/"><script>', EVIL, hostname=EVIL)
    )
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html


@pytest.mark.parametrize("email", ["", "no address", "a@b@c", "a@b.test\r\nBcc: evil@example.test", "Alice <a@b.test>"])
def test_what_is_not_an_address_is_not_written_to(email):
    with pytest.raises(ValueError, match=r"."):
        pin_message(organization(), email, "123456", LINK, "Wiki")


def test_braces_in_a_name_are_just_braces():
    text, html = bodies(pin_message(organization(name="{code}"), "a@b.test", "123456", "", "{0.__class__}"))
    assert "{0.__class__}" in text
    assert "{0.__class__}" in html
