from __future__ import annotations

import pytest

from doorward.second_factor.totp import enrollment_uri, matching_step, new_secret

RFC_SECRET = new_secret(b"12345678901234567890")
# RFC 6238 appendix B, SHA-1: the last six of the eight digits.
RFC = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]


@pytest.mark.parametrize(("moment", "code"), RFC)
def test_the_codes_are_those_of_the_rfc(moment, code):
    assert matching_step(RFC_SECRET, code, 0, moment) == moment // 30


@pytest.mark.parametrize(("seconds", "taken"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_clock_may_be_one_step_off(seconds, taken):
    assert (matching_step(RFC_SECRET, "050471", 0, 1111111111 + seconds) is not None) == taken


def test_a_step_is_used_once_and_none_before_it_is_taken_after():
    step = 1111111111 // 30
    assert matching_step(RFC_SECRET, "050471", step - 1, 1111111111) == step
    assert matching_step(RFC_SECRET, "050471", step, 1111111111) is None
    assert matching_step(RFC_SECRET, "081804", step, 1111111111) is None, "the code of the step before"


@pytest.mark.parametrize("typed", ["050 471", " 050471 ", "050\t471"])
def test_spaces_do_not_count(typed):
    assert matching_step(RFC_SECRET, typed, 0, 1111111111) is not None


@pytest.mark.parametrize("typed", ["", "50471", "0050471", "050471a", "０５０４７１", "050472", "-50471", "5e4711"])
def test_whatever_else_is_typed_is_wrong(typed):
    assert matching_step(RFC_SECRET, typed, 0, 1111111111) is None


def test_a_secret_has_160_bits():
    assert len(new_secret(bytes(20))) == 32
    with pytest.raises(ValueError, match="20 bytes"):
        new_secret(bytes(16))


def test_the_uri_names_the_organization_and_the_person():
    uri = enrollment_uri(RFC_SECRET, "ann+a@example.com", "Example & Co")
    assert uri == (
        f"otpauth://totp/Example%20%26%20Co:ann%2Ba%40example.com?secret={RFC_SECRET}&issuer=Example%20%26%20Co"
    )
