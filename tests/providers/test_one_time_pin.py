from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.organization import IdentityProvider
from doorward.providers import one_time_pin
from doorward.signin import PinChallenge


def challenge(code="123456", nonce="nonce-1"):
    return PinChallenge(
        nonce=nonce,
        email="alice@example.test",
        code_hash=one_time_pin.code_hash(nonce, code) if code else "",
        idp_id="pin",
        destination=None,
        browser_hash="0" * 64,
        tries_left=5,
        created_at=1_800_000_000,
        expires_at=1_800_000_600,
    )


@pytest.mark.parametrize(
    ("number", "code"),
    [(0, "000000"), (7, "000007"), (999_999, "999999"), (1_000_000, "000000"), (2**128 - 1, "211455")],
)
def test_a_code_is_the_random_number_in_six_digits(number, code):
    assert one_time_pin.new_code(number.to_bytes(16, "big")) == code


@given(st.binary(min_size=16, max_size=64))
def test_every_code_has_six_digits(random_bytes):
    code = one_time_pin.new_code(random_bytes)
    assert len(code) == 6
    assert code.isascii()
    assert code.isdigit()


def test_too_little_randomness_is_refused():
    with pytest.raises(ValueError, match="16"):
        one_time_pin.new_code(b"\x00" * 15)


@pytest.mark.parametrize(
    "typed", ["123456", " 123456 ", "123 456", "123-456", "1 2 3 4 5 6", "123456\r\n", "123\u00a0456", "123456\u200b"]
)
def test_a_code_may_be_typed_with_spaces_and_hyphens(typed):
    assert one_time_pin.read_code(typed) == "123456"
    assert one_time_pin.code_matches(challenge(), typed)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "12345",
        "1234567",
        "12345a",
        "１２３４５６",
        "١٢٣٤٥٦",
        "+12345",
        "123456\x00",
        "0x1e240",
        " " * 1000 + "123456",
    ],
)
def test_what_is_not_six_digits_is_no_code(typed):
    assert one_time_pin.read_code(typed) is None
    assert not one_time_pin.code_matches(challenge(), typed)


def test_another_code_does_not_match():
    assert not one_time_pin.code_matches(challenge(), "123457")
    assert not one_time_pin.code_matches(challenge(), "000000")


def test_g7_111_a_code_is_bound_to_its_challenge():
    moved = PinChallenge(
        **{name: getattr(challenge(nonce="a"), name) for name in PinChallenge.__slots__} | {"nonce": "b"}
    )
    assert not one_time_pin.code_matches(moved, "123456")


@pytest.mark.parametrize("typed", ["", "000000", "123456", "0" * 64])
def test_g7_111_a_challenge_for_which_no_mail_was_sent_has_no_right_code(typed):
    assert not one_time_pin.code_matches(challenge(code=""), typed)


def test_g5_82_moving_a_character_over_the_border_changes_the_hash():
    assert one_time_pin.code_hash("nonce1", "23456") != one_time_pin.code_hash("nonce", "123456")
    assert len(one_time_pin.code_hash("n", "123456")) == 64
    assert "123456" not in one_time_pin.code_hash("n", "123456")


def test_the_identity_is_the_address_and_nothing_else():
    idp = IdentityProvider(id="pin", name="Email code", type="onetimepin")
    who = one_time_pin.pin_identity(idp, "alice@example.test")
    assert (who.id, who.email, who.idp_id, who.idp_type) == (
        "alice@example.test",
        "alice@example.test",
        "pin",
        "onetimepin",
    )
    assert (who.amr, who.name, who.groups) == (("otp",), "", ())
