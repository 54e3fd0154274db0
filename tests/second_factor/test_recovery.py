from __future__ import annotations

import pytest

from doorward.second_factor.recovery import CODE_BYTES, CODES, code_hash, new_codes, read_code

RANDOM = bytes(range(CODES * CODE_BYTES))


def test_each_has_eighty_bits_in_four_groups():
    codes = new_codes(RANDOM)
    assert len(set(codes)) == CODES
    assert codes[0] == "AAAQ-EAYE-AUDA-OCAJ"
    with pytest.raises(ValueError, match="80 random bytes"):
        new_codes(bytes(10))


@pytest.mark.parametrize(
    "typed", ["AAAQ-EAYE-AUDA-OCAJ", "aaaq eaye auda ocaj", " aaaqeayeaudaocaj\n", "AAAQ-EAYE-AUDA-0CAJ"]
)
def test_it_is_read_however_it_was_typed(typed):
    assert read_code(typed) == "AAAQEAYEAUDAOCAJ"


@pytest.mark.parametrize(
    "typed", ["", "AAAQ", "AAAQ-EAYE-AUDA-OCAJ-AAAA", "AAAQ-EAYE-AUDA-OCA9", "ÄAAQ-EAYE-AUDA-OCAJ"]
)
def test_what_is_none_is_none(typed):
    assert read_code(typed) is None


def test_the_hash_is_one_person_s():
    assert code_hash("a", "AAAQEAYEAUDAOCAJ") != code_hash("b", "AAAQEAYEAUDAOCAJ")
    assert code_hash("a", "AAAQEAYEAUDAOCAJ") == code_hash("a", "AAAQEAYEAUDAOCAJ")
