from __future__ import annotations

from dataclasses import replace

import pytest

from doorward.organization import Organization, PublicAddress
from doorward.providers.approval_mail import Asked, approval_message

LINK = "https://login.example.test/cdn-cgi/access/approve/" + "a" * 32
ASKED = Asked("ann@example.test", "Wiki", "wiki.example.test", "The printer is on fire", LINK, 24)
ORGANIZATION = Organization(
    id="0" * 32,
    name="Example",
    auth_domain="login.example.test",
    session_duration="24h",
    public=PublicAddress(scheme="https", port=443),
)


def bodies(message):
    return message.get_body(("plain",)).get_content(), message.get_body(("html",)).get_content()


def test_the_mail_says_who_where_why_and_how_to_decide():
    message = approval_message(ORGANIZATION, "boss@example.test", ASKED)
    assert message["To"] == "boss@example.test"
    assert message["Subject"] == "ann@example.test asks for access to Wiki"
    assert message["Auto-Submitted"] == "auto-generated"
    for body in bodies(message):
        for words in (
            "ann@example.test",
            "Wiki (wiki.example.test)",
            "The printer is on fire",
            LINK,
            "24 hours",
            "Example",
        ):
            assert words in body


def test_the_link_alone_decides_nothing_and_says_so():
    for body in bodies(approval_message(ORGANIZATION, "boss@example.test", ASKED)):
        assert "press a button" in body


def test_whatever_was_typed_is_text():
    hostile = replace(ASKED, reason='<a href="https://evil.example">click</a>', application="<b>Wiki", hostname="")
    text, html = bodies(approval_message(ORGANIZATION, "boss@example.test", hostile))
    assert '<a href="https://evil.example">' in text
    assert "evil.example&quot;&gt;click" in html
    assert html.count("<a ") == 1
    assert "<b>" not in html


@pytest.mark.parametrize("field", ["email", "application", "hostname", "reason"])
def test_nothing_adds_a_header_or_a_line(field):
    message = approval_message(
        ORGANIZATION, "boss@example.test", replace(ASKED, **{field: "x\r\nBcc: evil@example.test\r\n\r\nhello"})
    )
    assert message["Bcc"] is None
    assert "\nBcc:" not in message.as_string().partition("\n\n")[0]
    assert "\nhello" not in bodies(message)[0]


@pytest.mark.parametrize(
    "approver", ["", "boss", "@example.test", "a@b@c", "boss@example.test\r\nBcc: evil@example.test"]
)
def test_what_is_no_address_gets_no_mail(approver):
    with pytest.raises(ValueError, match="address"):
        approval_message(ORGANIZATION, approver, ASKED)
