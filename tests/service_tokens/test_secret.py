from __future__ import annotations

import hashlib
import string
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.service_tokens import CLIENT_ID, CLIENT_SECRET, POSSIBLE_SECRETS, client_id, client_secret, secret_hash


@given(st.integers(min_value=0, max_value=POSSIBLE_SECRETS - 1))
def test_a_secret_is_a_prefix_forty_alphanumerics_and_their_checksum(number: int) -> None:
    secret = client_secret(number)
    assert CLIENT_SECRET.fullmatch(secret)
    body, checksum = secret[:-8], secret[-8:]
    assert body.startswith("cfast_")
    assert len(body) == 46
    assert int(checksum, 16) == zlib.crc32(body.encode())


@given(st.integers(min_value=0, max_value=POSSIBLE_SECRETS - 1))
def test_every_number_has_a_secret_of_its_own(number: int) -> None:
    alphabet = string.digits + string.ascii_uppercase + string.ascii_lowercase
    read = 0
    for character in reversed(client_secret(number)[6:46]):
        read = read * 62 + alphabet.index(character)
    assert read == number


@pytest.mark.parametrize("number", [-1, POSSIBLE_SECRETS])
def test_there_are_no_other_secrets(number: int) -> None:
    with pytest.raises(ValueError, match="no client secret"):
        client_secret(number)


def test_a_secret_cannot_be_guessed() -> None:
    assert POSSIBLE_SECRETS > 2**238


def test_a_client_id_is_sixteen_bytes_and_access() -> None:
    assert client_id(bytes(range(16))) == "000102030405060708090a0b0c0d0e0f.access"
    for size in (0, 15, 17):
        with pytest.raises(ValueError, match="16 random bytes"):
            client_id(bytes(size))


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("0" * 32 + ".access", True),
        ("0" * 32 + ".access.team.example.com", True),
        ("0" * 32, False),
        ("0" * 31 + ".access", False),
        ("A" * 32 + ".access", False),
        ("0" * 32 + ".access\n", False),
        ("0" * 32 + ".access, " + "0" * 32 + ".access", False),
    ],
)
def test_which_texts_are_client_ids(text: str, right: bool) -> None:
    assert bool(CLIENT_ID.fullmatch(text)) is right


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("cfast_" + "a" * 48, True),
        ("0" * 64, True),
        ("0" * 63, False),
        ("G" * 64, False),
        ("cfast_" + "a" * 47, False),
        ("cfast_" + "-" * 48, False),
        ("hunter2", False),
    ],
)
def test_which_texts_are_client_secrets(text: str, right: bool) -> None:
    assert bool(CLIENT_SECRET.fullmatch(text)) is right


def test_what_is_kept_is_the_sha256() -> None:
    assert secret_hash("abc") == hashlib.sha256(b"abc").hexdigest()
