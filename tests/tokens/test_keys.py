from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st
from tests.tokens.material import NOW, private_key, signing_key

from doorward.tokens.keys import ADVANCE, OVERLAP, ROTATION, KeyRing, Plan, SigningKey, issue, key_id, plan

FIRST = signing_key("current", 1_000_000_000)
TURN = FIRST.active_from + ROTATION
SECOND = signing_key("other", TURN)
THIRD = signing_key("stranger", TURN + ROTATION)


def kids(keys: tuple[SigningKey, ...]) -> list[str]:
    return [key.kid for key in keys]


def test_the_key_id_is_64_hex_characters_and_belongs_to_the_key():
    assert FIRST.kid == key_id(private_key("current").public_key())
    assert len(FIRST.kid) == 64
    assert int(FIRST.kid, 16)


def test_a_key_id_of_another_key_is_refused():
    with pytest.raises(ValueError, match="does not belong"):
        replace(FIRST, kid=SECOND.kid)


@pytest.mark.parametrize(("size", "exponent"), [(1024, 65_537), (2048, 3)], ids=["1024 bits", "exponent 3"])
def test_g5_73_weak_rsa_keys_are_refused(size: int, exponent: int):
    weak = rsa.generate_private_key(public_exponent=exponent, key_size=size)
    with pytest.raises(ValueError, match="at least 2048 bits"):
        SigningKey(key_id(weak.public_key()), weak, "", NOW)


def test_a_printed_key_shows_no_secret():
    assert "PRIVATE" not in repr(FIRST)
    assert "private_key" not in repr(FIRST)
    assert "private_key" not in repr(KeyRing((FIRST,)))


def test_the_certificate_is_self_signed_for_the_team_domain_and_covers_the_life_of_the_key():
    certificate = x509.load_pem_x509_certificate(FIRST.certificate.encode())
    certificate.verify_directly_issued_by(certificate)
    assert certificate.subject.rfc4514_string() == "CN=login.example.com"
    assert certificate.public_key() == private_key("current").public_key()
    assert certificate.not_valid_before_utc <= datetime.fromtimestamp(FIRST.active_from - ADVANCE, tz=UTC)
    assert certificate.not_valid_after_utc > datetime.fromtimestamp(TURN + OVERLAP, tz=UTC)
    assert issue(private_key("current"), "login.example.com", FIRST.active_from) == FIRST
    assert issue(private_key("current"), "login.example.com", FIRST.active_from).certificate == FIRST.certificate


def test_a_long_team_domain_fits_the_certificate():
    long_name = "a" * 60 + ".example.com"
    certificate = x509.load_pem_x509_certificate(issue(private_key("current"), long_name, NOW).certificate.encode())
    assert certificate.subject.rfc4514_string() == f"CN={long_name[:64]}"


def test_g5_80_the_next_key_is_published_before_it_signs():
    ring = KeyRing((FIRST, SECOND))
    before = TURN - 1
    assert ring.current(before) == FIRST
    assert kids(ring.published(before)) == [FIRST.kid, SECOND.kid]
    assert ring.current(TURN) == SECOND


def test_g5_80_the_old_key_verifies_for_the_overlap_and_not_a_second_longer():
    ring = KeyRing((FIRST, SECOND))
    assert kids(ring.published(TURN)) == [SECOND.kid, FIRST.kid]
    assert set(ring.verifying(TURN + OVERLAP - 1)) == {FIRST.kid, SECOND.kid}
    assert set(ring.verifying(TURN + OVERLAP)) == {SECOND.kid}
    assert kids(ring.published(TURN + OVERLAP)) == [SECOND.kid]


def test_g5_80_after_the_clock_was_set_back_the_oldest_published_key_signs():
    ring = KeyRing((SECOND, FIRST))
    assert ring.current(FIRST.active_from - 10 * ROTATION) == FIRST
    assert set(ring.verifying(FIRST.active_from - 10 * ROTATION)) == {FIRST.kid, SECOND.kid}


def test_the_current_key_comes_first_then_the_next_then_the_previous():
    ring = KeyRing((FIRST, THIRD, SECOND))
    assert kids(ring.published(TURN + 1)) == [SECOND.kid, THIRD.kid, FIRST.kid]


def test_retiring_the_current_key_early_makes_the_published_next_one_sign():
    retired = replace(FIRST, retired_at=TURN - ADVANCE + 5)
    ring = KeyRing((retired, SECOND))
    assert ring.current(TURN - ADVANCE + 4) == retired
    assert ring.current(TURN - ADVANCE + 5) == SECOND
    assert ring.retirement(retired) == TURN - ADVANCE + 5
    assert kids(ring.published(TURN - ADVANCE + 5)) == [SECOND.kid, FIRST.kid]


def test_a_recorded_retirement_later_than_the_next_key_does_not_delay_it():
    ring = KeyRing((replace(FIRST, retired_at=TURN + 100), SECOND))
    assert ring.retirement(ring.keys[0]) == TURN
    assert ring.current(TURN) == SECOND


def test_a_superseded_key_never_signs_again_even_if_the_younger_one_is_withdrawn():
    ring = KeyRing((FIRST, replace(SECOND, retired_at=TURN + 10)))
    with pytest.raises(LookupError, match="doorward keys rotate"):
        ring.current(TURN + 10)
    assert plan(ring, TURN + 10) == Plan(create_next_at=TURN + 10)


def test_an_empty_ring_has_no_current_key_verifies_nothing_and_asks_for_a_key_now():
    ring = KeyRing(())
    with pytest.raises(LookupError):
        ring.current(NOW)
    with pytest.raises(LookupError):
        ring.published(NOW)
    assert ring.verifying(NOW) == {}
    assert plan(ring, NOW) == Plan(create_next_at=NOW)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        pytest.param(FIRST.active_from, None, id="fresh"),
        pytest.param(TURN - ADVANCE - 1, None, id="a second too early"),
        pytest.param(TURN - ADVANCE, TURN, id="a week before the turn"),
        pytest.param(TURN - 1, TURN - 1 + ADVANCE, id="late, but published a week before it signs"),
        pytest.param(TURN + 100 * ROTATION, TURN + 100 * ROTATION + ADVANCE, id="off for years"),
    ],
)
def test_the_next_key_is_made_a_week_before_it_signs(now: int, due: int | None):
    assert plan(KeyRing((FIRST,)), now) == Plan(create_next_at=due)


def test_no_second_next_key_is_made():
    assert plan(KeyRing((FIRST, SECOND)), TURN - 1) == Plan()


def test_a_promoted_next_key_that_begins_later_still_gets_a_successor_in_time():
    ring = KeyRing((replace(FIRST, retired_at=TURN - 5), SECOND))
    assert plan(ring, TURN - 5) == Plan()
    assert plan(ring, SECOND.active_from + ROTATION - ADVANCE).create_next_at == SECOND.active_from + ROTATION


def test_keys_are_dropped_when_their_overlap_has_ended():
    ring = KeyRing((FIRST, SECOND))
    assert plan(ring, TURN + OVERLAP - 1).drop == ()
    assert plan(ring, TURN + OVERLAP).drop == (FIRST.kid,)


@given(st.integers(min_value=1, max_value=3 * 365 * 86_400), st.lists(st.integers(1, 30 * 86_400), max_size=40))
def test_whatever_hours_the_door_is_off_a_key_signs_only_after_a_week_in_the_published_set(
    start: int, pauses: list[int]
):
    """Follow the plan at arbitrary moments with three keys taking turns; every signer was published long enough."""
    now, material = start, iter(["other", "stranger"])
    ring = KeyRing((signing_key("current", start),))
    published_since = {FIRST.kid: start - ADVANCE}
    for pause in pauses:
        now += pause
        due = plan(ring, now)
        ring = KeyRing(tuple(key for key in ring.keys if key.kid not in due.drop))
        name = next(material, None) if due.create_next_at is not None else None
        if name and due.create_next_at is not None:
            ring = KeyRing((*ring.keys, issue(private_key(name), "x", due.create_next_at)))
            published_since[ring.keys[-1].kid] = now
        signer = ring.current(now)
        assert signer in ring.published(now)
        assert now - published_since[signer.kid] >= ADVANCE
