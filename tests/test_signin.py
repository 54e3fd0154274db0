from __future__ import annotations

from doorward.signin import Destination, Handoff, LoginAttempt, PinChallenge, secret_hash


def test_a_secret_is_kept_as_its_sha_256():
    assert secret_hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert secret_hash("abd") != secret_hash("abc")


def test_records_of_a_login_cannot_be_changed():
    for record in (Destination, Handoff, LoginAttempt, PinChallenge):
        assert record.__dataclass_params__.frozen  # type: ignore[attr-defined]
