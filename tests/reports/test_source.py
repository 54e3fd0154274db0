from __future__ import annotations

import pytest
from joserfc.jwk import ECKey, OKPKey
from tests.reports.build import fleet, fleet_key, rsa_key

from doorward.reports import public_key, shared_secret
from doorward.tokens.encoding import encode


def test_a_public_key_is_used_with_the_one_algorithm_of_its_type() -> None:
    for key, algorithm in ((fleet_key(), "ES256"), (rsa_key(), "RS256")):
        as_jwk = public_key(key.as_dict(private=False))
        as_pem = public_key(key.as_pem(private=False).decode())
        assert as_jwk.algorithm == as_pem.algorithm == algorithm
        assert as_jwk == as_pem


def test_what_else_stands_in_a_jwk_changes_nothing() -> None:
    written = fleet_key().as_dict(private=False) | {"alg": "none", "use": "enc", "key_ops": ["sign"], "kid": "x"}
    assert public_key(written) == fleet().key


@pytest.mark.parametrize("key", [fleet_key(), rsa_key()], ids=["EC", "RSA"])
def test_a_private_key_is_refused(key) -> None:
    for written in (key.as_dict(private=True), key.as_pem(private=True).decode()):
        with pytest.raises(ValueError, match="that is a private key"):
            public_key(written)


def test_a_shared_secret_is_no_public_key() -> None:
    with pytest.raises(ValueError, match="that is a private key"):
        public_key({"kty": "oct", "k": "AAAA"})


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        (ECKey.generate_key("P-384").as_dict(private=False), "P-384 is not understood"),
        ({"kty": "RSA", "n": encode((2**1023 + 1).to_bytes(128, "big")), "e": "AQAB"}, "too weak"),
        (OKPKey.generate_key("Ed25519").as_dict(private=False), "not a public key"),
        ({}, "not a public key"),
        ({"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"}, "not a public key"),
        ({"kty": "RSA", "n": 5, "e": "AQAB"}, "not a public key"),
        ("", "not a public key"),
        ("-----BEGIN PUBLIC KEY-----", "not a public key"),
    ],
    ids=range(8),
)
@pytest.mark.filterwarnings("ignore:Key size should be:joserfc.errors.SecurityWarning")
def test_other_keys_are_refused(written, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        public_key(written)


def test_a_shared_secret_has_the_length_of_the_hash() -> None:
    assert shared_secret("x" * 32).algorithm == "HS256"
    assert shared_secret("x" * 32) == shared_secret("x" * 32) != shared_secret("y" * 32)
    with pytest.raises(ValueError, match="too short"):
        shared_secret("x" * 31)


def test_no_key_is_shown() -> None:
    assert "x" * 32 not in repr(shared_secret("x" * 32))
    assert repr(fleet().key) == "ReportKey(algorithm='ES256')"
