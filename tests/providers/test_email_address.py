from __future__ import annotations

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from doorward.providers.email_address import is_identity_email, normalize_typed_email


@pytest.mark.parametrize(
    "email",
    [
        "alice@example.com",
        "Alice.O'Hara+tag@Example.COM",
        "bob_gmail.com#EXT#@tenant.onmicrosoft.example",
        "jürgen@example.com",
        "用户@example.com",
        "root@localhost",
        "a@xn--mnchen-3ya.example",
    ],
)
def test_an_unambiguous_address_is_taken(email):
    assert is_identity_email(email)


@pytest.mark.parametrize(
    "email",
    [
        "a@evil.com@company.com",
        '"a@company.com"@evil.com',
        '"a b"@company.com',
        "a@company.com@",
        "@a@company.com",
        "a＠evil.com@company.com",
        "a＠company.com",
        "a @company.com",
        " a@company.com",
        "a@company.com ",
        "a@company.com\n",
        "a@company.com\x00",
        "a@ company.com",
        "a\u200b@company.com",
        "a\u202e@company.com",
        "a\xa0@company.com",
        "a@company.com.",
        "a@.company.com",
        "a@company..com",
        "a@-company.com",
        "a@company-.com",
        "a@ｃompany.com",
        "a@compan\u212a.com",  # KELVIN SIGN lower-cases to k
        "a@с\u043empany.com",  # Cyrillic
        "\u212aate@company.com",
        "ﬁona@company.com",
        "u\u0308@company.com",
        "\u0130@company.com",  # lower-cases to i and a combining dot
        "a@[10.0.0.1]",
        "a@company.com>",
        "Alice <a@company.com>",
        "a@company.com,b@evil.com",
        "a@company.com;b@evil.com",
        "a(comment)@company.com",
        "a\\@company.com",
        "a:b@company.com",
        "@company.com",
        "a@",
        "a",
        "",
        "a" * 250 + "@company.com",
        "a@" + "b" * 64 + ".com",
        None,
        7,
        ["a@company.com"],
        {"email": "a@company.com"},
        b"a@company.com",
    ],
    ids=repr,
)
def test_g7_105_an_address_that_could_be_read_in_two_ways_is_refused(email):
    assert not is_identity_email(email)


@given(st.text(max_size=40))
@example("a@compan\u212a")
@example("\u017f@b")
def test_g7_105_whatever_passes_has_one_domain_and_stays_itself_in_lower_case(text):
    if not is_identity_email(text):
        return
    local, _, domain = text.partition("@")
    assert "@" not in domain
    assert domain.isascii()
    assert text.lower().partition("@")[2] == domain.lower()
    foreign = [character for character in local if not character.isascii()]
    assert not any(lower.isascii() for character in foreign for lower in character.lower())
    assert all(character.isprintable() and not character.isspace() for character in text)


@given(
    st.text(string.ascii_letters + string.digits + ".+-_'", min_size=1, max_size=60),
    st.lists(st.from_regex(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,10}[a-zA-Z0-9])?", fullmatch=True), min_size=1, max_size=4),
)
def test_ordinary_addresses_always_pass(local, labels):
    assert is_identity_email(f"{local}@{'.'.join(labels)}")


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("alice@example.com", "alice@example.com"),
        ("  Alice@Example.COM \n", "alice@example.com"),
        ("bob@corp.test", "bob@corp.test"),
        ("bob@mail.localhost", "bob@mail.localhost"),
        ("a@münchen.de", "a@xn--mnchen-3ya.de"),
        ("a@ｅxample.com", "a@example.com"),  # where the mail goes is what is stored
    ],
)
def test_a_typed_address_is_stored_as_mail_is_sent_to_it(typed, stored):
    assert normalize_typed_email(typed) == stored


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "alice",
        "a@b@c.test",
        '"a@b"@c.test',
        "a b@c.test",
        "a@c.test\r\nBcc: evil@example.com",
        "a@c.test, evil@example.com",
        "Alice <a@c.test>",
        "jürgen@example.com",
        "a@[10.0.0.1]",
        "a@c.test" + "x" * 10_000,
        "\x00@c.test",
    ],
    ids=repr,
)
def test_g7_106_what_is_not_one_address_is_none(typed):
    assert normalize_typed_email(typed) is None


@given(st.text(max_size=60))
@example("bob@c.test\u200b")
@example("BOB@c.test")
def test_g7_106_a_stored_address_is_its_own_normal_form(typed):
    stored = normalize_typed_email(typed)
    if stored is not None:
        assert normalize_typed_email(stored) == stored == stored.lower()
        assert is_identity_email(stored)
