from __future__ import annotations

import base64
import secrets
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.fernet import Fernet

from doorward.errors import StoreError
from doorward.store import Cipher


def key() -> str:
    return Fernet.generate_key().decode()


def test_what_was_sealed_opens_again_and_never_looks_the_same():
    cipher = Cipher([key()], "the test")
    first, second = cipher.seal(b"secret"), cipher.seal(b"secret")
    assert first != second
    assert "secret" not in first
    assert cipher.open(first) == cipher.open(second) == b"secret"


def test_another_key_opens_nothing_and_the_error_says_what_to_do():
    sealed = Cipher([key()], "the test").seal(b"secret")
    with pytest.raises(StoreError, match=r"cannot be decrypted with the new file.*Put back the key"):
        Cipher([key()], "the new file").open(sealed)


def test_a_changed_text_does_not_open():
    cipher = Cipher([key()], "the test")
    sealed = cipher.seal(b"secret")
    with pytest.raises(StoreError):
        cipher.open(sealed[:-8] + "AAAAAAA=")
    with pytest.raises(StoreError):
        cipher.open("nonsense")


def test_a_new_key_in_front_still_opens_what_the_old_one_sealed():
    old, new = key(), key()
    sealed = Cipher([old], "the test").seal(b"secret")
    both = Cipher([new, old], "the test")
    assert both.open(sealed) == b"secret"
    assert not both.is_current(sealed)
    assert both.is_current(both.seal(b"secret"))
    assert Cipher([new], "the test").open(both.seal(b"secret")) == b"secret"


@pytest.mark.parametrize("text", ["short", "ü" * 44, "a" * 43, base64.b64encode(bytes(31)).decode()])
def test_a_malformed_key_is_refused_without_being_repeated(text):
    with pytest.raises(StoreError, match="malformed; a key is 32 random bytes") as refused:
        Cipher([text], "the test")
    assert text not in str(refused.value)
    assert refused.value.__cause__ is None


def test_the_environment_comes_before_the_file_and_no_file_is_made(tmp_path):
    file = tmp_path / "secret.key"
    cipher = Cipher.load(file, {"DOORWARD_SECRET_KEY": f" {key()} , {key()} "})
    assert "DOORWARD_SECRET_KEY" in cipher.source
    assert not file.exists()


def test_keys_in_standard_base64_are_taken_as_openssl_writes_them(tmp_path):
    secret = b"\xfb\xff" * 16  # full of + and /
    cipher = Cipher.load(tmp_path / "none", {"DOORWARD_SECRET_KEY": base64.b64encode(secret).decode()})
    assert Cipher([base64.urlsafe_b64encode(secret).decode()], "").open(cipher.seal(b"x")) == b"x"


def test_the_first_start_makes_a_key_file_that_only_its_owner_can_read(tmp_path):
    file = tmp_path / "state" / "secret.key"
    sealed = Cipher.load(file, {}).seal(b"secret")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in file.parent.iterdir()] == ["secret.key"]
    assert Cipher.load(file, {"DOORWARD_SECRET_KEY": "  "}).open(sealed) == b"secret"


def test_twenty_first_starts_at_once_agree_on_one_key(tmp_path):
    file = tmp_path / "secret.key"
    with ThreadPoolExecutor(20) as threads:
        ciphers = list(threads.map(lambda _: Cipher.load(file, {}), range(20)))
    sealed = ciphers[0].seal(b"secret")
    assert {cipher.open(sealed) for cipher in ciphers} == {b"secret"}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_file_open_to_others_is_refused_with_the_command_that_mends_it(tmp_path, mode):
    file = tmp_path / "secret.key"
    file.write_text(key())
    file.chmod(mode)
    with pytest.raises(StoreError, match=rf"open to others \(mode {mode:04o}\)\. Run: chmod 600"):
        Cipher.load(file, {})


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_key_file_of_ones_own_is_read(tmp_path, mode):
    file = tmp_path / "secret.key"
    file.write_text(f"{key()}\n{key()}\n")
    file.chmod(mode)
    Cipher.load(file, {})


def test_an_empty_key_file_is_refused(tmp_path):
    file = tmp_path / "secret.key"
    file.touch(0o600)
    with pytest.raises(StoreError, match="There is no key in the key file"):
        Cipher.load(file, {})


def test_a_key_file_of_nonsense_is_refused_without_a_traceback_of_its_content(tmp_path):
    file = tmp_path / "secret.key"
    file.touch(0o600)
    file.write_bytes(secrets.token_bytes(64))
    with pytest.raises(StoreError, match="malformed"):
        Cipher.load(file, {})


def test_a_place_where_no_file_can_be_made_says_so(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"cannot be used: File exists \(.*/file\)"):
        Cipher.load(tmp_path / "file" / "secret.key", {})
    (tmp_path / "folder").mkdir(0o700)
    with pytest.raises(StoreError, match="cannot be used: Is a directory"):
        Cipher.load(tmp_path / "folder", {})


def test_the_key_is_in_no_representation(tmp_path):
    secret = key()
    assert secret not in repr(Cipher([secret], "the test"))
    assert secret not in repr(vars(Cipher([secret], "the test")))
