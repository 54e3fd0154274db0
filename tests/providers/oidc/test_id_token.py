from __future__ import annotations

import base64
import json
import threading

import pytest
from joserfc import jwe
from joserfc.jwk import OctKey
from tests.providers.scripted import (
    CLIENT,
    DISCOVERY,
    ISSUER,
    NONCE,
    NOW,
    claims,
    ec_key,
    half_hash,
    public,
    rsa_key,
    segment,
    sign,
)

from doorward.providers.failure import Failure, Reason
from doorward.providers.oidc import id_token
from doorward.providers.oidc.config import DEFAULT_ALGORITHMS, OidcConfig
from doorward.providers.oidc.endpoints import endpoints
from doorward.providers.oidc.id_token import MAX_AGE, SKEW, Expected, KeyUnknown
from doorward.providers.oidc.key_set import read_key_set

WHERE = endpoints(OidcConfig(issuer=ISSUER, client_id=CLIENT, client_secret="s"), DISCOVERY)
EXPECTED = Expected(WHERE, CLIENT, NONCE, code="the-code", access_token="the-access-token")
KEYS = read_key_set({"keys": [public(rsa_key()), *(public(ec_key(curve)) for curve in ("P-256", "P-384", "P-521"))]})


def proven(token, keys=KEYS, *, allowed=DEFAULT_ALGORITHMS, now=NOW, expected=EXPECTED):
    header = id_token.read_header(token, allowed)
    return id_token.check_claims(id_token.verify_signature(token, header, keys), header.algorithm, expected, now)


def refused(token, **arguments):
    with pytest.raises(Failure) as failure:
        proven(token, **arguments)
    assert failure.value.reason is Reason.INVALID_ANSWER
    return failure.value


def forged(header, content=None, signature=b"signature"):
    return f"{segment(header)}.{segment(content or claims())}.{segment(signature)}"


@pytest.mark.parametrize(
    ("alg", "key"),
    [
        ("RS256", rsa_key()),
        ("RS512", rsa_key()),
        ("PS512", rsa_key()),
        ("ES256", ec_key()),
        ("ES384", ec_key("P-384")),
        ("ES512", ec_key("P-521")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_good_token_of_each_algorithm_is_proven(alg, key):
    assert proven(sign(claims(), key, alg))["sub"] == "user-1"


def test_a_token_without_a_kid_is_tried_with_every_key():
    assert proven(sign(claims(), header={"kid": None}))["sub"] == "user-1"


def test_header_members_that_change_nothing_are_ignored():
    assert proven(sign(claims(), header={"typ": "JWT", "x5t": "abc", "vendor": [1]}))["sub"] == "user-1"
    assert proven(sign(claims(), header={"typ": "jwt"}))["sub"] == "user-1"


@pytest.mark.parametrize("alg", ["none", "None", "nOnE", "NONE", "", None, 7, ["RS256"], {"alg": "RS256"}])
@pytest.mark.parametrize("signature", [b"", b"x"])
def test_g5_59_alg_none_in_every_spelling_is_refused(alg, signature):
    header = {} if alg is None else {"alg": alg}
    token = f"{segment(header)}.{segment(claims())}.{segment(signature)}"
    refused(token)
    refused(token + segment(b"x"))


def public_key_forms():
    key = rsa_key()
    pem = key.as_pem(private=False)
    entry = public(key)
    return {
        "PEM": pem,
        "PEM with CRLF": pem.replace(b"\n", b"\r\n"),
        "PEM without the last line end": pem.rstrip(),
        "DER": base64.b64decode(b"".join(pem.splitlines()[1:-1])),
        "JWK": json.dumps(entry).encode(),
        "JWK with a byte order mark": b"\xef\xbb\xbf" + json.dumps(entry).encode(),
        "JWKS": json.dumps({"keys": [entry]}).encode(),
        "modulus": entry["n"].encode(),
        "empty": b"",
    }


@pytest.mark.parametrize("form", public_key_forms())
@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_g5_60_hs256_with_the_public_key_is_refused(form, alg):
    import hashlib
    import hmac

    signed = f"{segment({'alg': alg, 'kid': 'one'})}.{segment(claims())}"
    mac = hmac.new(public_key_forms()[form], signed.encode(), hashlib.new(f"sha{alg[2:]}").name).digest()
    refused(f"{signed}.{segment(mac)}")
    with pytest.raises(Failure):
        # Even if somebody let the name through, no key of the set is for it.
        id_token.verify_signature(f"{signed}.{segment(mac)}", id_token.Header(alg, "one"), KEYS)


def test_g5_62_an_algorithm_the_key_is_not_for_is_refused():
    only_rs256 = read_key_set({"keys": [public(rsa_key(), alg="RS256"), public(ec_key(), alg="ES256")]})
    assert proven(sign(claims()), only_rs256)
    refused(sign(claims(), alg="PS512"), keys=only_rs256)
    refused(sign(claims(), alg="RS512"), keys=only_rs256)
    refused(sign(claims(), ec_key(), "ES256", header={"kid": "one"}), keys=only_rs256)


def test_an_algorithm_that_is_not_configured_is_refused():
    assert proven(sign(claims(), alg="RS384"), allowed=["RS384"])
    refused(sign(claims(), alg="RS384"))
    refused(sign(claims(), alg="RS256"), allowed=["ES256"])


@pytest.mark.parametrize(
    "extra",
    [{"crit": ["x"], "x": 1}, {"crit": []}, {"crit": ["b64"], "b64": False}, {"b64": False}, {"crit": None}],
    ids=repr,
)
def test_g5_63_crit_and_b64_are_refused(extra):
    refused(forged({"alg": "RS256", "kid": "one", **extra}))
    header = id_token.Header("RS256", "one")
    genuine = sign(claims()).split(".")
    with pytest.raises(Failure):
        id_token.verify_signature(".".join([segment({"alg": "RS256", **extra}), *genuine[1:]]), header, KEYS)


@pytest.mark.parametrize("member", ["jwk", "jku", "x5u", "x5c"])
def test_g5_64_a_key_that_comes_with_the_token_is_refused(member):
    attacker = rsa_key("attacker")
    value = {
        "jwk": public(attacker),
        "jku": "https://evil.test/keys",
        "x5u": "https://evil.test/cert",
        "x5c": ["MIIB"],
    }[member]
    failure = refused(sign(claims(), attacker, header={member: value, "kid": "one"}))
    assert "brings a key" in failure.detail
    refused(sign(claims(), header={member: value}))


@pytest.mark.parametrize(
    "kid",
    [
        "../../dev/null",
        "' OR 1=1 --",
        "https://evil.test/key",
        "one\x00",
        "ONE",
        "",
        " one",
        "x" * 1000,
        "x" * 1_000_000,
        ["one"],
        1,
        {"a": 1},
        True,
    ],
    ids=lambda kid: repr(kid)[:24],
)
def test_g5_65_a_strange_kid_is_refused(kid):
    good = sign(claims()).split(".")
    refused(".".join([segment({"alg": "RS256", "kid": kid}), *good[1:]]))


def test_g5_65_a_kid_named_twice_is_refused():
    good = sign(claims()).split(".")
    refused(".".join([segment(b'{"alg":"RS256","kid":"one","kid":"one"}'), *good[1:]]))
    refused(".".join([segment(b'{"alg":"none","alg":"RS256","kid":"one"}'), *good[1:]]))


def test_an_unknown_key_is_told_apart_so_that_new_keys_can_be_fetched():
    with pytest.raises(KeyUnknown):
        proven(sign(claims(), rsa_key("new")))
    with pytest.raises(KeyUnknown):
        proven(sign(claims(), rsa_key("new"), header={"kid": "one"}))


@pytest.mark.parametrize(
    "aud",
    [
        ...,
        None,
        "",
        "other",
        CLIENT + "x",
        CLIENT[:-1],
        CLIENT.upper(),
        [],
        ["other"],
        [CLIENT + "x"],
        [[CLIENT]],
        7,
        {CLIENT: 1},
        True,
    ],
    ids=repr,
)
def test_g5_68_only_our_exact_name_is_the_audience(aud):
    refused(sign(claims(aud=aud)))


def test_an_audience_may_be_a_list():
    assert proven(sign(claims(aud=[CLIENT])))


def test_g7_101_several_audiences_need_the_authorized_party():
    refused(sign(claims(aud=[CLIENT, "other"])))
    refused(sign(claims(aud=[CLIENT, "other"], azp="other")))
    refused(sign(claims(aud=CLIENT, azp="other")))
    refused(sign(claims(aud=CLIENT, azp=None)))
    refused(sign(claims(aud=CLIENT, azp=[CLIENT])))
    assert proven(sign(claims(aud=[CLIENT, "other"], azp=CLIENT)))


@pytest.mark.parametrize(
    "iss", [..., None, "", "https://other.test", f"{ISSUER}/", "http://idp.test", [ISSUER], 7], ids=repr
)
def test_g5_69_another_issuer_is_refused(iss):
    refused(sign(claims(iss=iss)))


@pytest.mark.parametrize(
    "typ", ["at+jwt", "application/at+jwt", "logout+jwt", "secevent+jwt", "dpop+jwt", "", 7, None, ["JWT"]]
)
def test_g5_70_another_kind_of_token_is_refused(typ):
    good = sign(claims()).split(".")
    refused(".".join([segment({"alg": "RS256", "kid": "one", "typ": typ}), *good[1:]]))


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", [0, -1, "1800000000", True, 2**53, 2**63, [NOW], {}], ids=repr)
def test_g5_71_what_is_not_a_time_is_refused(name, value):
    refused(sign(claims(**{name: value})))


@pytest.mark.parametrize("text", ["1e300", "NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
def test_g5_71_numbers_beyond_numbers_are_refused(name, text):
    content = json.dumps(claims(**{name: "@"})).replace('"@"', text)
    refused(sign(content.encode()))


@pytest.mark.parametrize("name", ["exp", "iat"])
def test_g5_71_missing_times_are_refused(name):
    refused(sign(claims(**{name: ...})))
    refused(sign(claims(**{name: None})))


def test_g5_71_the_end_is_the_end_give_or_take_a_minute():
    token = sign(claims(exp=NOW + 300))
    assert proven(token, now=NOW + 300 + SKEW - 1)
    refused(token, now=NOW + 300 + SKEW)


def test_g5_71_a_token_is_fresh_or_refused():
    token = sign(claims(exp=NOW + 100_000))
    assert proven(token, now=NOW - SKEW)
    refused(token, now=NOW - SKEW - 1)
    assert proven(token, now=NOW + MAX_AGE + SKEW - 1)
    refused(token, now=NOW + MAX_AGE + SKEW)


def test_not_before_is_honoured():
    assert proven(sign(claims(nbf=NOW + SKEW)))
    refused(sign(claims(nbf=NOW + SKEW + 1)))


def test_times_may_have_fractions():
    assert proven(sign(claims(iat=NOW + 0.5, exp=NOW + 300.25)))


@pytest.mark.parametrize("nonce", [..., None, "", "another", NONCE + " ", NONCE.upper(), 7, [NONCE], "é"], ids=repr)
def test_g7_101_a_nonce_of_another_attempt_is_refused(nonce):
    assert "nonce" in refused(sign(claims(nonce=nonce))).detail


def test_g7_101_an_attempt_without_a_nonce_proves_nothing():
    refused(sign(claims(nonce="")), expected=Expected(WHERE, CLIENT, ""))


@pytest.mark.parametrize(
    "sub", [..., None, "", 7, ["user-1"], "x" * 256, "a\nb", "a\x00"], ids=lambda sub: repr(sub)[:20]
)
def test_a_token_about_nobody_is_refused(sub):
    refused(sign(claims(sub=sub)))


@pytest.mark.parametrize(
    ("alg", "key", "name"),
    [("RS256", rsa_key(), "sha256"), ("ES384", ec_key("P-384"), "sha384"), ("PS512", rsa_key(), "sha512")],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_g7_101_hashes_of_code_and_access_token_must_fit(alg, key, name):
    at_hash, c_hash = half_hash("the-access-token", name), half_hash("the-code", name)
    assert proven(sign(claims(at_hash=at_hash, c_hash=c_hash), key, alg))
    refused(sign(claims(at_hash=c_hash), key, alg))
    refused(sign(claims(c_hash=at_hash), key, alg))
    refused(sign(claims(at_hash=at_hash[:-1]), key, alg))
    refused(sign(claims(at_hash=""), key, alg))
    refused(sign(claims(at_hash=7), key, alg))
    refused(sign(claims(at_hash=None), key, alg))


def test_a_hash_of_the_wrong_length_for_the_algorithm_is_refused():
    refused(sign(claims(at_hash=half_hash("the-access-token", "sha512"))))


def test_g5_72_malleable_forms_are_not_compact_tokens():
    token = sign(claims())
    for changed in (
        token + "=",
        token + "\n",
        " " + token,
        token + ".",
        token + "%3D",
        token.replace(".", "..", 1),
        "." + token,
    ):
        refused(changed)


def test_g5_73_signatures_that_are_not_signatures_are_refused():
    head, body, signature = sign(claims(), ec_key(), "ES256").split(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    for bad in (b"\0" * 64, raw[:-1], raw + b"\0", b"", b"\0" * 32 + raw[32:], raw[:32] + b"\0" * 32, b"\xff" * 64):
        refused(f"{head}.{body}.{segment(bad) or 'AA'}")
    head, body, signature = sign(claims()).split(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    for bad in (b"\0" * 256, raw[:-1], raw + b"\0", b"\xff" * 256, b"\0" + raw):
        refused(f"{head}.{body}.{segment(bad)}")


def test_a_changed_claim_breaks_the_signature():
    head, _, signature = sign(claims()).split(".")
    refused(f"{head}.{segment(claims(email='mallory@example.test'))}.{signature}")


@pytest.mark.parametrize(
    "content",
    [
        b"null",
        b"[]",
        b'"text"',
        b"not json",
        b'{"sub": "a", "sub": "b"}',
        b'{"a": ' + b"[" * 1000 + b"]" * 1000 + b"}",
        b'{"a": "\\ud800"}',
        b"\xff\xfe",
    ],
    ids=lambda content: repr(content[:20]),
)
def test_g5_74_signed_content_with_tricks_is_refused(content):
    refused(sign(content))


def test_g5_74_a_token_of_many_megabytes_is_refused_before_any_work():
    refused("a" * 10_000_000)
    refused(f"{segment({'alg': 'RS256', 'kid': 'one', 'pad': 'x' * 90_000})}.{segment(claims())}.{segment(b'x')}")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "..",
        "a.b",
        "a.b.c.d",
        '{"payload":"e30","signatures":[]}',
        '{"payload":"e30","protected":"e30","signature":"AA"}',
        f"{segment(b'[]')}.e30.AA",
        f"{segment(b'{}')}.e30.AA",
        "A.e30.AA",
    ],
)
def test_g5_75_only_the_compact_form_is_taken(token):
    refused(token)


def test_g5_76_an_encrypted_token_is_refused():
    encrypted = jwe.encrypt_compact({"alg": "dir", "enc": "A128CBC-HS256"}, b"{}", OctKey.generate_key(256))
    refused(encrypted)


def test_g5_77_a_check_in_one_thread_changes_nothing_in_another():
    good, bad, wrong = sign(claims()), sign(claims(), rsa_key("attacker"), header={"kid": "one"}), []

    def check():
        for _ in range(50):
            if proven(good)["sub"] != "user-1":
                wrong.append("good")
            try:
                proven(bad)
            except Failure:
                continue
            wrong.append("bad")

    threads = [threading.Thread(target=check) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
