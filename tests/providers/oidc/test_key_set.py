from __future__ import annotations

import warnings

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from joserfc.jwk import OctKey, OKPKey
from tests.providers.scripted import ec_key, public, rsa_key, segment

from doorward.providers.failure import Failure, Reason
from doorward.providers.oidc.key_set import MAX_KEYS, read_key_set

RSA_ALGORITHMS = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}


def number(value):
    return segment(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def test_each_key_is_for_the_algorithms_of_its_type():
    keys = read_key_set({"keys": [public(rsa_key()), public(ec_key()), public(ec_key("P-521"))]}).keys
    assert [key.algorithms for key in keys] == [RSA_ALGORITHMS, {"ES256"}, {"ES512"}]


def test_g5_62_a_key_that_names_its_algorithm_is_for_that_one_only():
    keys = read_key_set({"keys": [public(rsa_key(), alg="RS256")]})
    assert keys.candidates("one", "RS256")
    assert not keys.candidates("one", "PS256")
    assert not keys.candidates("one", "RS512")


@pytest.mark.parametrize(
    "entry",
    [
        {"use": "enc"},
        {"use": "tls"},
        {"use": 7},
        {"alg": "RSA-OAEP"},
        {"alg": "ES256"},
        {"alg": "HS256"},
        {"alg": "none"},
        {"alg": ["RS256"]},
        {"alg": {}},
        {"key_ops": ["encrypt"]},
        {"key_ops": "verify"},
        {"key_ops": []},
        {"kid": 7},
        {"kid": ["one"]},
        {"kty": "EC"},
        {"kty": "XYZ"},
        {"kty": None},
        {"kty": ["RSA"]},
        {"n": None},
        {"n": 7},
        {"n": ""},
        {"n": "!!!!"},
        {"n": "A"},
        {"n": "!" + public(rsa_key())["n"]},
        {"n": public(rsa_key())["n"] + "=="},
        {"n": "é"},
        {"e": None},
        {"e": ""},
    ],
    ids=repr,
)
def test_a_key_of_another_purpose_or_shape_is_left_out(entry):
    good = public(rsa_key("two"))
    assert [key.kid for key in read_key_set({"keys": [public(rsa_key(), **entry), good]}).keys] == ["two"]
    with pytest.raises(Failure, match="no usable key"):
        read_key_set({"keys": [public(rsa_key(), **entry)]})


def test_a_key_may_say_that_it_is_for_verifying():
    assert read_key_set({"keys": [public(rsa_key(), key_ops=["verify"], use=None)]}).keys


@pytest.mark.parametrize(
    ("n", "e"),
    [
        (2**511 + 1, 65537),
        (2**1023 + 1, 65537),
        (2**2046 + 1, 65537),
        (2**8192 + 1, 65537),
        (2**2047 + 1, 1),
        (2**2047 + 1, 3),
        (2**2047 + 1, 65536),
        (2**2047 + 1, 65538),
        (2**2047 + 1, 2**32 + 1),
        (2**2047 + 1, 0),
    ],
    ids=lambda value: f"{value.bit_length()} bits" if value > 2**40 else str(value),
)
def test_g5_67_a_weak_rsa_key_is_never_used(n, e):
    weak = {"kty": "RSA", "kid": "weak", "n": number(n), "e": number(e) if e else "AA"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [key.kid for key in read_key_set({"keys": [weak, public(rsa_key())]}).keys] == ["one"]


def test_a_strong_public_key_from_numbers_is_used():
    numbers = rsa_key().public_key.public_numbers()
    assert isinstance(numbers, RSAPublicNumbers)
    assert read_key_set({"keys": [{"kty": "RSA", "n": number(numbers.n), "e": "AQAB"}]}).keys[0].kid is None


@pytest.mark.parametrize(
    "changes", [{"crv": "secp256k1"}, {"crv": "P-384"}, {"crv": 7}, {"x": "AA"}, {"y": None}, {"x": 7}], ids=repr
)
def test_g5_73_a_point_that_is_not_on_its_curve_is_no_key(changes):
    with pytest.raises(Failure, match="no usable key"):
        read_key_set({"keys": [public(ec_key(), **changes)]})


def test_keys_of_unknown_types_are_left_out():
    other = OKPKey.generate_key("Ed25519").as_dict(private=False)
    assert [key.kid for key in read_key_set({"keys": [other, public(rsa_key())]}).keys] == ["one"]


@pytest.mark.parametrize(
    "secret",
    [
        rsa_key("leaked").as_dict(private=True),
        ec_key().as_dict(private=True),
        {**public(rsa_key("leaked")), "d": "AQAB"},
        {**public(rsa_key("leaked")), "use": "enc", "p": "AQAB"},
        OctKey.generate_key(256).as_dict(private=True),
        {"kty": "oct"},
        {"kty": "oct", "k": ""},
        {**public(rsa_key("leaked")), "k": ""},
    ],
    ids=lambda key: f"{key['kty']} {sorted(key)}",
)
def test_g5_61_and_67_a_set_that_publishes_a_secret_is_refused_whole(secret):
    with pytest.raises(Failure, match="private or symmetric") as refused:
        read_key_set({"keys": [public(rsa_key()), secret]})
    assert refused.value.reason is Reason.INVALID_ANSWER


def test_g5_67_two_keys_of_one_name_are_refused():
    twins = [public(rsa_key()), public(rsa_key("two"), kid="one")]
    with pytest.raises(Failure, match="same kid"):
        read_key_set({"keys": twins})
    assert read_key_set({"keys": [twins[0], {**twins[1], "use": "enc"}]}).keys[0].kid == "one"


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"keys": []},
        {"keys": {}},
        {"keys": None},
        {"keys": "x"},
        {"keys": [None]},
        {"keys": ["x"]},
        {"keys": [[]]},
        public(rsa_key()),
    ],
    ids=lambda document: repr(document)[:30],
)
def test_what_is_not_a_key_set_is_refused(document):
    with pytest.raises(Failure):
        read_key_set(document)


def test_a_set_of_too_many_keys_is_refused():
    with pytest.raises(Failure, match="too many"):
        read_key_set({"keys": [{}] * (MAX_KEYS + 1)})


def test_a_name_picks_its_key_and_no_other():
    keys = read_key_set({"keys": [public(rsa_key()), public(rsa_key("two")), public(ec_key(), kid=None)]})
    assert [key.kid for key in keys.candidates("two", "RS256")] == ["two"]
    assert keys.candidates("three", "RS256") == ()
    assert keys.candidates("one", "ES256") == ()


def test_without_a_name_on_either_side_every_fitting_key_is_tried():
    named = read_key_set({"keys": [public(rsa_key()), public(rsa_key("two")), public(ec_key())]})
    assert [key.kid for key in named.candidates(None, "RS256")] == ["one", "two"]
    nameless = read_key_set({"keys": [public(rsa_key(), kid=None), public(ec_key(), kid=None)]})
    assert len(nameless.candidates("whatever", "RS256")) == 1
