from __future__ import annotations

import hmac
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.service_tokens.build import CLIENT_ID, NEW_SECRET, SECRET, YEAR, token
from tests.tokens.material import NOW

from doorward.service_tokens import Authenticated, Rejection, ServiceToken, authenticate, issue, secret_hash

NEW = secret_hash(NEW_SECRET)
HOUR = 3600


def proven(of: ServiceToken | None, secret: str, now: int = NOW) -> int | Rejection:
    """The version, or why not."""
    found = authenticate(of, secret, now)
    if isinstance(found, Rejection):
        return found
    assert found.token is of
    return found.version


def test_a_new_token_lasts_its_duration_from_now() -> None:
    made = token()
    assert (made.expires_at, made.client_secret_version, made.enabled, made.declared) == (NOW + YEAR, 1, True, False)
    assert issue("1", "ci", CLIENT_ID, SECRET, None, NOW).expires_at is None


def test_the_secret_opens_it_and_no_other_does() -> None:
    assert proven(token(), SECRET) == 1
    for wrong in ("", SECRET[:-1], SECRET + "0", SECRET.lower(), NEW_SECRET, secret_hash(SECRET), "-" * 64):
        assert proven(token(), wrong) is Rejection.SECRET


def test_g10_149_the_right_secret_of_another_token_does_not_open_it() -> None:
    other = token("other", client_id="1" * 32 + ".access", secret=NEW_SECRET)
    assert proven(other, NEW_SECRET) == 1
    assert proven(token(), NEW_SECRET) is Rejection.SECRET
    assert proven(other, SECRET) is Rejection.SECRET


@pytest.mark.parametrize("secret", ["", SECRET, "-" * 64])
def test_an_unknown_client_id_opens_nothing(secret: str) -> None:
    assert proven(None, secret) is Rejection.UNKNOWN


def test_g10_149_at_the_second_of_its_end_it_is_over() -> None:
    assert proven(token(), SECRET, NOW + YEAR - 1) == 1
    assert proven(token(), SECRET, NOW + YEAR) is Rejection.EXPIRED
    assert proven(token(expires_at=None), SECRET, NOW + 100 * YEAR) == 1


def test_a_disabled_token_opens_with_neither_secret_until_it_is_enabled() -> None:
    rotated = token().rotated(NEW, NOW + HOUR, NOW)
    off = rotated.switched(enabled=False, now=NOW + 1)
    assert [proven(off, secret) for secret in (SECRET, NEW_SECRET)] == [Rejection.DISABLED] * 2
    on = off.switched(enabled=True, now=NOW + 2)
    assert [proven(on, secret) for secret in (SECRET, NEW_SECRET)] == [1, 2]
    assert on.updated_at == NOW + 2


def test_what_is_wrong_with_the_token_is_told_only_to_who_knows_its_secret() -> None:
    for bad in (token(enabled=False), token(expires_at=NOW)):
        assert proven(bad, "wrong") is Rejection.SECRET


def test_a_rotation_without_overlap_ends_the_old_secret_at_once() -> None:
    for keep in (None, NOW, NOW - 5):
        rotated = token().rotated(NEW, keep, NOW)
        assert (proven(rotated, SECRET), proven(rotated, NEW_SECRET)) == (Rejection.SECRET, 2)
        assert (rotated.previous_secret_hash, rotated.previous_expires_at) == ("", None)
        assert rotated.client_id == CLIENT_ID


def test_a_rotation_with_overlap_keeps_both_until_its_end() -> None:
    rotated = token().rotated(NEW, NOW + HOUR, NOW)
    assert (proven(rotated, SECRET, NOW + HOUR - 1), proven(rotated, NEW_SECRET)) == (1, 2)
    assert (proven(rotated, SECRET, NOW + HOUR), proven(rotated, NEW_SECRET, NOW + HOUR)) == (Rejection.SECRET, 2)


def test_a_second_rotation_ends_the_first_secret_whatever_was_promised() -> None:
    twice = token().rotated(NEW, NOW + HOUR, NOW).rotated(secret_hash("third"), NOW + HOUR, NOW)
    assert [proven(twice, secret) for secret in (SECRET, NEW_SECRET, "third")] == [Rejection.SECRET, 2, 3]


def test_a_refresh_adds_a_year_from_now_and_keeps_the_secret() -> None:
    refreshed = token().refreshed(NOW + HOUR)
    assert (refreshed.expires_at, proven(refreshed, SECRET)) == (NOW + HOUR + YEAR, 1)
    forever = token(expires_at=None)
    assert forever.refreshed(NOW + HOUR) is forever


def test_nothing_secret_shows() -> None:
    shown = repr(token().rotated(NEW, NOW + HOUR, NOW))
    assert NEW not in shown
    assert secret_hash(SECRET) not in shown


def test_what_is_earned_ends_with_the_token_or_with_the_secret() -> None:
    rotated = token().rotated(NEW, NOW + HOUR, NOW)
    assert Authenticated(rotated, 2).until == NOW + YEAR
    assert Authenticated(rotated, 1).until == NOW + HOUR
    assert Authenticated(token(expires_at=None), 1).until is None


@pytest.mark.parametrize(
    ("version", "now", "accepted"),
    [(2, NOW, True), (1, NOW, True), (1, NOW + HOUR, False), (2, NOW + HOUR, True), (0, NOW, False), (3, NOW, False), (2, NOW + YEAR, False)],
)  # fmt: skip
def test_what_was_earned_counts_as_long_as_its_secret_does(version: int, now: int, accepted: bool) -> None:
    rotated = token().rotated(NEW, NOW + HOUR, NOW)
    assert rotated.accepts(version, now) is accepted
    assert not rotated.switched(enabled=False, now=NOW).accepts(version, now)


def test_g10_149_secrets_are_compared_in_constant_time_and_as_often_for_any(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[int, int]] = []
    real = hmac.compare_digest

    def counted(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return real(one, other)

    monkeypatch.setattr("doorward.service_tokens.token.hmac.compare_digest", counted)
    rotated = token().rotated(NEW, NOW + HOUR, NOW)
    for of in (token(), rotated, token(enabled=False), None):
        for secret in (SECRET, NEW_SECRET, "short"):
            compared.clear()
            authenticate(of, secret, NOW)
            assert compared == [(64, 64), (64, 64)]


@dataclass
class Slow:
    """The same token, kept as a list of secrets with the time from which each no longer counts."""

    secrets: list[tuple[str, int | None]]
    expires_at: int
    enabled: bool = True

    def opens(self, secret: str, now: int) -> bool:
        good = [kept for kept, end in self.secrets if end is None or now < end]
        return self.enabled and now < self.expires_at and secret in good


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("rotate"), st.sampled_from([None, 0, 10, 1000])),
        st.tuples(st.just("switch"), st.booleans()),
        st.tuples(st.just("refresh"), st.just(None)),
        st.tuples(st.just("wait"), st.sampled_from([1, 9, 10, 999, YEAR])),
    ),
    max_size=8,
)


@given(STEPS)
def test_any_history_opens_as_a_slow_list_of_secrets_does(steps) -> None:
    now, made, slow = NOW, token(), Slow([(SECRET, None)], NOW + YEAR)
    for number, (step, value) in enumerate(steps):
        match step:
            case "rotate":
                secret = f"secret {number}"
                made = made.rotated(secret_hash(secret), None if value is None else now + value, now)
                current = slow.secrets[-1][0]
                slow.secrets = [(current, now if value is None else now + value), (secret, None)]
            case "switch":
                made = made.switched(enabled=value, now=now)
                slow.enabled = value
            case "refresh":
                made = made.refreshed(now)
                slow.expires_at = now + YEAR
            case "wait":
                now += value
        for secret in (SECRET, *(f"secret {each}" for each in range(number + 1))):
            found = authenticate(made, secret, now)
            assert isinstance(found, Authenticated) is slow.opens(secret, now)
            if isinstance(found, Authenticated):
                assert made.accepts(found.version, now)
                assert found.until is not None
                assert not made.accepts(found.version, found.until)
