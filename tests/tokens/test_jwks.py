from __future__ import annotations

import json

from joserfc.jwk import KeySet
from tests.tokens.material import NOW, private_key, ring, signing_key

from doorward.tokens.jwks import envoy_jwks, key_set
from doorward.tokens.keys import OVERLAP, KeyRing


def test_the_key_set_has_exactly_the_documented_members():
    document = key_set(ring(), NOW)
    assert list(document) == ["keys", "public_cert", "public_certs"]
    assert [list(key) for key in document["keys"]] == [["kid", "kty", "alg", "use", "e", "n"]] * 2
    first = document["keys"][0]
    assert first == first | {"kid": signing_key().kid, "kty": "RSA", "alg": "RS256", "use": "sig", "e": "AQAB"}
    assert document["public_cert"] == {"kid": signing_key().kid, "cert": signing_key().certificate}
    assert [entry["kid"] for entry in document["public_certs"]] == [key["kid"] for key in document["keys"]]
    assert document["public_certs"][0] == document["public_cert"]
    assert document["public_cert"]["cert"].startswith("-----BEGIN CERTIFICATE-----\n")
    assert document["public_cert"]["cert"].endswith("-----END CERTIFICATE-----\n")


def test_the_current_key_is_first_before_and_after_a_turn():
    keys = KeyRing((signing_key("other", NOW + 100), signing_key("current", NOW - 100)))
    assert key_set(keys, NOW)["keys"][0]["kid"] == signing_key("current").kid
    assert key_set(keys, NOW + 100)["keys"][0]["kid"] == signing_key("other").kid
    assert len(key_set(keys, NOW + 100 + OVERLAP)["keys"]) == 1


def test_no_private_member_is_published_and_a_reader_gets_the_public_keys():
    document = json.loads(json.dumps(key_set(ring(), NOW)))
    assert not {"d", "p", "q", "dp", "dq", "qi"} & {name for key in document["keys"] for name in key}
    read = KeySet.import_key_set(document)
    assert [key.public_key.public_numbers() for key in read.keys] == [
        private_key(name).public_key().public_numbers() for name in ("current", "other")
    ]


def test_envoy_gets_the_same_keys_and_nothing_else():
    assert json.loads(envoy_jwks(ring(), NOW)) == {"keys": key_set(ring(), NOW)["keys"]}
