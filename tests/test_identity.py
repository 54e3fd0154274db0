from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from doorward.identity import canonical_email


def test_case_does_not_distinguish_addresses() -> None:
    assert canonical_email("Ann.Ä@Example.COM") == "ann.ä@example.com"


def test_g7_106_the_kelvin_sign_does_not_become_the_letter_k() -> None:
    assert "\u212a".lower() == "k"
    assert canonical_email("mar\u212a@example.com") == "mar\u212a@example.com"
    assert canonical_email("\u212aK@K\u212a") == "\u212ak@k\u212a"


@given(st.characters(min_codepoint=128))
def test_g7_106_no_letter_outside_ascii_becomes_one_inside(letter: str) -> None:
    assert not canonical_email(letter).isascii()


@given(st.text())
def test_the_canonical_form_is_its_own_canonical_form(text: str) -> None:
    once = canonical_email(text)
    assert canonical_email(once) == once
