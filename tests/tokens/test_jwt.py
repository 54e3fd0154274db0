from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tokens.material import (
    AUD,
    ISSUER,
    NOW,
    OTHER_AUD,
    VECTORS,
    app_claims,
    app_payload,
    forge,
    meta_claims,
    org_claims,
    private_key,
    ring,
    service_claims,
    signing_key,
)

from doorward.tokens.claims import AppClaims
from doorward.tokens.encoding import decode, encode
from doorward.tokens.jwt import (
    MAX_TOKEN,
    Reason,
    TokenRefused,
    mint_app,
    mint_meta,
    mint_org,
    verify_app,
    verify_app_any,
    verify_meta,
    verify_org,
)
from doorward.tokens.keys import OVERLAP, KeyRing


def verify(token: str, **changes: Any) -> AppClaims:
    values: dict[str, Any] = {"issuer": ISSUER, "aud": AUD, "now": NOW}
    return verify_app(token, ring(), **(values | changes))


def refusal(token: str, **changes: Any) -> Reason:
    with pytest.raises(TokenRefused) as caught:
        verify(token, **changes)
    assert caught.value.code == "token_refused"
    assert token[:40] not in str(caught.value) or len(token) < 3
    return caught.value.reason


def payload_of(token: str) -> dict[str, Any]:
    return json.loads(decode(token.split(".")[1]))


# --- what is minted -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["app", "service", "org", "meta"])
def test_minted_tokens_are_byte_for_byte_the_recorded_ones(name: str):
    """RS256 is deterministic; changing these strings breaks every reader that relies on the form."""
    recorded = json.loads((VECTORS / "tokens.json").read_text())[name]
    minted = {
        "app": lambda: mint_app(app_claims(), signing_key()),
        "service": lambda: mint_app(service_claims(), signing_key()),
        "org": lambda: mint_org(org_claims(), signing_key()),
        "meta": lambda: mint_meta(meta_claims(), signing_key()),
    }[name]()
    assert payload_of(minted) == recorded["payload"]
    assert minted == recorded["token"]


def test_the_header_is_exactly_alg_kid_and_typ():
    header = json.loads(decode(mint_app(app_claims(), signing_key()).split(".")[0]))
    assert header == {"alg": "RS256", "kid": signing_key().kid, "typ": "JWT"}


def test_an_app_token_has_the_documented_claims():
    payload = payload_of(mint_app(app_claims(), signing_key()))
    assert payload["aud"] == [AUD]
    assert payload["type"] == "app"
    assert payload["nbf"] == payload["iat"]
    assert {"email", "exp", "iss", "sub", "identity_nonce", "country", "custom", "policy_id", "nonce"} <= payload.keys()


def test_a_token_without_a_user_has_no_facts_of_one():
    payload = payload_of(mint_app(service_claims(), signing_key()))
    assert payload["sub"] == ""
    assert payload["common_name"] == "e367826f93b8d71185e03fe518aff3b4.access"
    assert not {"email", "identity_nonce", "nbf", "country", "custom", "policy_id"} & payload.keys()


def test_the_binding_secret_is_never_in_the_token():
    claims = app_claims(binding="0123456789abcdef")
    token = mint_app(claims, signing_key())
    assert token == mint_app(app_claims(), signing_key())
    assert "0123456789abcdef" not in repr(claims)
    assert verify(token).binding == ""


def test_minting_refuses_what_verifying_would_refuse():
    with pytest.raises(ValueError, match="nonce"):
        mint_app(app_claims(nonce="short"), signing_key())
    with pytest.raises(ValueError, match="email"):
        mint_app(app_claims(email="ada@example.com\r\nX-Admin: 1"), signing_key())
    with pytest.raises(ValueError, match="identity_nonce"):
        mint_org(org_claims(identity_nonce=""), signing_key())
    with pytest.raises(ValueError, match="app_session_hash"):
        mint_meta(meta_claims(app_session_hash=""), signing_key())
    with pytest.raises(UnicodeEncodeError):
        mint_app(app_claims(custom={"name": "\ud800"}), signing_key())


def test_minting_refuses_a_token_too_large_for_every_reader():
    with pytest.raises(ValueError, match="would be refused everywhere"):
        mint_app(app_claims(custom={"groups": "x" * MAX_TOKEN}), signing_key())


# --- what is accepted -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("claims", [app_claims(), service_claims()], ids=["user", "service"])
def test_what_was_minted_is_read_back(claims: AppClaims):
    token = mint_app(claims, signing_key())
    assert verify(token) == claims
    assert verify_app_any(token, ring(), issuer=ISSUER, now=NOW) == claims


def test_org_and_meta_tokens_are_read_back():
    assert verify_org(mint_org(org_claims(), signing_key()), ring(), issuer=ISSUER, now=NOW) == org_claims()
    assert verify_meta(mint_meta(meta_claims(), signing_key()), ring(), now=NOW) == meta_claims()


def test_a_token_for_any_application_keeps_its_tag():
    token = mint_app(app_claims(aud=OTHER_AUD), signing_key())
    assert verify_app_any(token, ring(), issuer=ISSUER, now=NOW).aud == OTHER_AUD


def test_claims_that_we_do_not_know_are_ignored():
    assert verify(forge(app_payload(h_INTERNAL_DO_NOT_USE="x", later=[1]))).email == "ada@example.com"


def test_what_is_optional_may_be_missing():
    claims = verify(forge(app_payload(custom=..., country=..., policy_id=..., nbf=...)))
    assert (claims.custom, claims.country, claims.policy_id) == ({}, "", "")


@settings(max_examples=25, deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=30),
    st.dictionaries(st.text(max_size=5), st.text(max_size=20) | st.integers() | st.booleans(), max_size=4),
    st.integers(NOW - 3600, NOW + 60),
    st.integers(NOW + 61, NOW + 10**8),
)
def test_all_sorts_of_claims_are_read_back(email: str, custom: dict[str, object], iat: int, exp: int):
    claims = app_claims(email=email, custom=custom, iat=iat, exp=exp)
    assert verify(mint_app(claims, signing_key())) == claims


# --- docs/attacks.md, G5 -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alg", ["none", "None", "nOnE", "NONE", "", None, ..., "rs256", ["RS256"], 256])
def test_g5_59_no_algorithm_in_any_spelling_is_refused(alg: object):
    header = {"alg": alg, "kid": signing_key().kid, "typ": "JWT"}
    if alg is ...:
        del header["alg"]
    signed = forge(app_payload(), header)
    assert refusal(signed) is Reason.ALGORITHM
    assert refusal(signed.rpartition(".")[0] + ".") in {Reason.ALGORITHM, Reason.MALFORMED}


@pytest.mark.parametrize("shape", ["pem", "pem-crlf", "pem-stripped", "der", "jwk", "jwks", "jwk-bom", "openssh"])
def test_g5_60_hs256_with_the_public_key_is_refused(shape: str):
    import hashlib
    import hmac

    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    from doorward.tokens.jwks import envoy_jwks, key_set

    public = private_key("current").public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    jwk = json.dumps(key_set(ring(), NOW)["keys"][0]).encode()
    secret = {
        "pem": pem,
        "pem-crlf": pem.replace(b"\n", b"\r\n"),
        "pem-stripped": pem.strip(),
        "der": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "jwk": jwk,
        "jwks": envoy_jwks(ring(), NOW).encode(),
        "jwk-bom": b"\xef\xbb\xbf" + jwk,
        "openssh": public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
    }[shape]
    header = json.dumps({"alg": "HS256", "kid": signing_key().kid, "typ": "JWT"}).encode()
    signing_input = f"{encode(header)}.{encode(json.dumps(app_payload()).encode())}"
    token = f"{signing_input}.{encode(hmac.new(secret, signing_input.encode(), hashlib.sha256).digest())}"
    assert refusal(token) is Reason.ALGORITHM
    as_rs256 = encode(header.replace(b"HS256", b"RS256")) + token[token.index(".") :]
    assert refusal(as_rs256) is Reason.SIGNATURE


def test_g5_61_an_empty_hmac_key_opens_nothing():
    import hashlib
    import hmac

    header = json.dumps({"alg": "HS256", "kid": signing_key().kid, "typ": "JWT"}).encode()
    signing_input = f"{encode(header)}.{encode(json.dumps(app_payload()).encode())}"
    token = f"{signing_input}.{encode(hmac.new(b'', signing_input.encode(), hashlib.sha256).digest())}"
    assert refusal(token) is Reason.ALGORITHM


@pytest.mark.parametrize("alg", ["PS256", "RS384", "RS512", "ES256", "EdDSA", "HS512"])
def test_g5_62_an_algorithm_that_is_not_the_keys_is_refused(alg: str):
    assert refusal(forge(app_payload(), {"alg": alg, "kid": signing_key().kid, "typ": "JWT"})) is Reason.ALGORITHM


def test_g5_62_pss_padding_under_the_name_rs256_is_refused():
    from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
    from cryptography.hazmat.primitives.hashes import SHA256

    signing_input = forge(app_payload()).rpartition(".")[0]
    signature = private_key("current").sign(signing_input.encode(), PSS(MGF1(SHA256()), 32), SHA256())
    assert refusal(f"{signing_input}.{encode(signature)}") is Reason.SIGNATURE


@pytest.mark.parametrize(
    "extra", [{"crit": ["exp"]}, {"crit": []}, {"b64": False}, {"b64": True}, {"crit": ["b64"], "b64": False}]
)
def test_g5_63_critical_and_unencoded_headers_are_refused(extra: dict[str, object]):
    header = {"alg": "RS256", "kid": signing_key().kid, "typ": "JWT"} | extra
    assert refusal(forge(app_payload(), header)) is Reason.MALFORMED


@pytest.mark.parametrize(
    "extra",
    [
        {"jwk": {"kty": "RSA", "n": "AQAB", "e": "AQAB"}},
        {"jku": "https://x.test/k"},
        {"x5u": "https://x.test/c"},
        {"x5c": ["MII"]},
        {"x5t": "abc"},
        {"cty": "JWT"},
        {"zip": "DEF"},
        {"anything": 1},
    ],
    ids=lambda extra: next(iter(extra)),
)
def test_g5_64_a_key_in_the_token_is_refused(extra: dict[str, object]):
    header = {"alg": "RS256", "kid": signing_key().kid, "typ": "JWT"} | extra
    assert refusal(forge(app_payload(), header)) is Reason.MALFORMED
    assert refusal(forge(app_payload(), header, private_key("stranger"))) is Reason.MALFORMED


@pytest.mark.parametrize(
    ("kid", "reason"),
    [
        ("../../dev/null", Reason.KEY),
        ("' OR 1=1 --", Reason.KEY),
        ("https://x.test/k", Reason.KEY),
        ("\x00", Reason.KEY),
        ("", Reason.KEY),
        (None, Reason.KEY),
        (7, Reason.KEY),
        (["x"], Reason.KEY),
        ({"x": 1}, Reason.KEY),
        ("k" * 1_000_000, Reason.MALFORMED),
        (..., Reason.MALFORMED),
    ],
)
def test_g5_65_a_kid_is_only_a_name_in_our_ring(kid: object, reason: Reason):
    header = {"alg": "RS256", "kid": kid, "typ": "JWT"}
    if kid is ...:
        del header["kid"]
    assert refusal(forge(app_payload(), header)) is reason


def test_g5_65_a_duplicate_kid_is_refused():
    header = f'{{"alg":"RS256","kid":"x","kid":"{signing_key().kid}","typ":"JWT"}}'.encode()
    assert refusal(forge(app_payload(), header)) is Reason.MALFORMED


def test_g5_65_the_kid_of_another_key_of_the_ring_does_not_help():
    assert refusal(
        forge(app_payload(), {"alg": "RS256", "kid": signing_key("other", NOW + 86_400).kid, "typ": "JWT"})
    ) is (Reason.SIGNATURE)


def test_a_strange_key_is_refused_under_its_own_and_under_our_name():
    stranger = signing_key("stranger")
    assert refusal(mint_app(app_claims(), stranger)) is Reason.KEY
    assert refusal(forge(app_payload(), key=private_key("stranger"))) is Reason.SIGNATURE


@pytest.mark.parametrize("typ", ["at+jwt", "jwt", "JWE", None, 1, ...])
def test_a_header_of_another_typ_is_refused(typ: object):
    header = {"alg": "RS256", "kid": signing_key().kid, "typ": typ}
    if typ is ...:
        del header["typ"]
    assert refusal(forge(app_payload(), header)) is Reason.MALFORMED


@pytest.mark.parametrize(
    "aud",
    [..., OTHER_AUD, AUD, [OTHER_AUD], [AUD, OTHER_AUD], [OTHER_AUD, AUD], [AUD, AUD], [], [[AUD]], 7, None, {"a": AUD},
     [AUD[:-1]], [AUD + "a"], [AUD.upper()], [AUD + "\n"], [None]],
    ids=str,
)  # fmt: skip
def test_g5_68_only_the_one_exact_audience_is_accepted(aud: object):
    assert refusal(forge(app_payload(aud=aud))) is Reason.AUDIENCE


def test_g5_68_the_right_audience_is_accepted_and_no_other_application_takes_it():
    token = mint_app(app_claims(), signing_key())
    assert verify(token).aud == AUD
    assert refusal(token, aud=OTHER_AUD) is Reason.AUDIENCE


@pytest.mark.parametrize(
    "iss",
    [..., "https://other.example.com", ISSUER + "/", "http://login.example.com", ISSUER.upper(), "", None, [ISSUER], 1,
     ISSUER + "\x00"],
    ids=str,
)  # fmt: skip
def test_g5_69_only_the_exact_issuer_is_accepted(iss: object):
    assert refusal(forge(app_payload(iss=iss))) is Reason.ISSUER
    with pytest.raises(TokenRefused) as caught:
        verify_app_any(forge(app_payload(iss=iss)), ring(), issuer=ISSUER, now=NOW)
    assert caught.value.reason is Reason.ISSUER


def test_g5_70_no_kind_of_token_passes_for_another():
    app, service = mint_app(app_claims(), signing_key()), mint_app(service_claims(), signing_key())
    org, meta = mint_org(org_claims(), signing_key()), mint_meta(meta_claims(), signing_key())
    for token in (org, meta):
        assert refusal(token) is Reason.TYPE
        with pytest.raises(TokenRefused, match="type app"):
            verify_app_any(token, ring(), issuer=ISSUER, now=NOW)
    for token in (app, service, meta):
        with pytest.raises(TokenRefused, match="type org"):
            verify_org(token, ring(), issuer=ISSUER, now=NOW)
    for token in (app, service, org):
        with pytest.raises(TokenRefused, match="type meta"):
            verify_meta(token, ring(), now=NOW)


@pytest.mark.parametrize("kind", [..., "", "APP", None, ["app"], "match", 1], ids=str)
def test_g5_70_a_token_of_no_or_another_type_is_refused(kind: object):
    assert refusal(forge(app_payload(type=kind))) is Reason.TYPE


def test_g5_70_an_org_token_of_another_account_or_issuer_is_refused():
    good = payload_of(mint_org(org_claims(), signing_key()))
    for wrong in ({"aud": ["f" * 32]}, {"aud": "x"}, {"iss": "https://other.example.com"}, {"identity": []}):
        with pytest.raises(TokenRefused) as caught:
            verify_org(forge(good | wrong), ring(), issuer=ISSUER, now=NOW)
        assert caught.value.reason in {Reason.CLAIMS, Reason.ISSUER}


@pytest.mark.parametrize("name", ["iat", "exp", "nbf"])
@pytest.mark.parametrize(
    "value",
    [0, -1, -NOW, str(NOW), float(NOW), 1e300, 2**63, 10**30, True, None, [NOW], {"t": NOW}],
    ids=str,
)
def test_g5_71_times_that_are_not_whole_sensible_seconds_are_refused(name: str, value: object):
    assert refusal(forge(app_payload(**{name: value}))) is Reason.CLAIMS


@pytest.mark.parametrize("name", ["iat", "exp"])
def test_g5_71_a_token_without_times_is_refused(name: str):
    assert refusal(forge(app_payload(**{name: ...}))) is Reason.CLAIMS


def test_g5_71_a_time_that_is_not_a_number_is_refused():
    body = json.dumps(app_payload()).replace(f'"exp": {NOW + 3600}', '"exp": NaN').encode()
    assert refusal(forge(body)) is Reason.MALFORMED


def test_g5_71_a_token_is_over_at_exactly_its_end():
    token = mint_app(app_claims(exp=NOW + 10), signing_key())
    assert verify(token, now=NOW + 9)
    assert refusal(token, now=NOW + 10) is Reason.EXPIRED
    assert refusal(token, now=NOW + 11) is Reason.EXPIRED


@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_g5_71_a_token_may_begin_a_minute_ahead_and_no_more(name: str):
    assert verify(forge(app_payload(**{name: NOW + 60})))
    assert refusal(forge(app_payload(**{name: NOW + 61}))) is Reason.NOT_YET_VALID
    assert refusal(forge(app_payload(**{name: NOW + 10**9}, exp=NOW + 2 * 10**9))) is Reason.NOT_YET_VALID


def test_g5_71_a_token_that_ends_before_it_begins_is_refused():
    assert refusal(forge(app_payload(iat=NOW + 50, exp=NOW + 50))) is Reason.CLAIMS


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token + "=",
        lambda token: token + "\n",
        lambda token: " " + token,
        lambda token: token + "%3D",
        lambda token: token + "A",
        lambda token: token.replace(".", ".=", 1),
        lambda token: token.replace("-", "+").replace("_", "/"),
        lambda token: token[:-1] + chr(ord(token[-1]) + 1),
        lambda token: token + ".",
        lambda token: token + "é",
        lambda token: token.upper(),
    ],
)
def test_g5_72_no_second_spelling_of_a_token_is_accepted(change: Any):
    token = mint_app(app_claims(nonce="f" * 64), signing_key())
    assert verify(token)
    assert refusal(change(token)) in {Reason.MALFORMED, Reason.SIGNATURE}


def test_g5_72_every_other_last_character_is_refused():
    token = mint_app(app_claims(), signing_key())
    for character in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_":
        if character != token[-1]:
            assert refusal(token[:-1] + character) in {Reason.MALFORMED, Reason.SIGNATURE}


@pytest.mark.parametrize("signature", [b"", b"\x00" * 256, b"\x00" * 255, b"\xff" * 256, b"\x00" * 700, b"\x01"])
def test_g5_73_signatures_of_zeros_and_of_other_lengths_are_refused(signature: bytes):
    signing_input = forge(app_payload()).rpartition(".")[0]
    assert refusal(f"{signing_input}.{encode(signature)}") in {Reason.SIGNATURE, Reason.MALFORMED}


def test_g5_73_a_signature_plus_the_modulus_is_refused():
    signing_input, _, text = forge(app_payload()).rpartition(".")
    larger = int.from_bytes(decode(text)) + private_key("current").public_key().public_numbers().n
    assert refusal(f"{signing_input}.{encode(larger.to_bytes(257))}") is Reason.SIGNATURE


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(app_payload())[:-1].encode() + b',"aud":["' + AUD.encode() + b'"]}',
        b'{"a":' * 900 + b"1" + b"}" * 900,
        json.dumps(app_payload(email="\ud800")).encode(),
        json.dumps(app_payload())[:-1].encode() + b',"n":' + b"9" * 4400 + b"}",
        b"[]",
        b"null",
        b"",
        b"\xff\xfe",
    ],
    ids=["duplicate", "deep", "surrogate", "big int", "array", "null", "empty", "not utf-8"],
)
def test_g5_74_json_tricks_are_refused(body: bytes):
    assert refusal(forge(body)) in {Reason.MALFORMED, Reason.TYPE}


def test_g5_74_size_is_checked_before_any_work(monkeypatch: pytest.MonkeyPatch):
    def untouchable(*_: object) -> None:
        raise AssertionError("work was done on an oversized token")

    monkeypatch.setattr("doorward.tokens.jwt.decode", untouchable)
    monkeypatch.setattr("doorward.tokens.jwt.read_object", untouchable)
    assert refusal("a" * (MAX_TOKEN + 1)) is Reason.MALFORMED
    assert refusal("a" * 10_000_000) is Reason.MALFORMED
    assert refusal("a" * 257 + ".b.c") is Reason.MALFORMED


@pytest.mark.parametrize(
    "token",
    [
        '{"payload":"e30","signatures":[]}',
        '{"payload":"e30","protected":"e30","signature":"AA"}',
        '{"payload":"e30","signatures":[{"protected":"e30","signature":"AA"},{"protected":"e30","signature":"AA"}]}',
    ],
    ids=["empty signatures", "flattened", "two signatures"],
)
def test_g5_75_json_serialisations_are_refused(token: str):
    assert refusal(token) is Reason.MALFORMED


@pytest.mark.parametrize("token", ["a.b.c.d.e", "eyJhbGciOiJSU0EtT0FFUCJ9.AA.AA.AA.AA", "", ".", "..", "a.b", "...."])
def test_g5_76_anything_but_three_parts_is_refused(token: str):
    assert refusal(token) is Reason.MALFORMED


def test_g5_77_one_call_never_changes_another_one_in_other_threads():
    good = mint_app(app_claims(), signing_key())
    bad = forge(app_payload(), key=private_key("stranger"))

    def outcome(number: int) -> bool:
        try:
            return verify(good if number % 2 else bad).email == "ada@example.com"
        except TokenRefused:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(outcome, range(400))) == [bool(number % 2) for number in range(400)]


def test_g5_80_a_token_of_a_retired_key_is_accepted_for_the_overlap_only():
    turn = NOW + 100
    keys = KeyRing((signing_key("current", NOW - 100), signing_key("other", turn)))
    token = mint_app(app_claims(exp=NOW + 10**7), keys.keys[0])
    assert verify_app(token, keys, issuer=ISSUER, aud=AUD, now=turn + OVERLAP - 1)
    with pytest.raises(TokenRefused) as caught:
        verify_app(token, keys, issuer=ISSUER, aud=AUD, now=turn + OVERLAP)
    assert caught.value.reason is Reason.KEY


def test_g5_80_a_token_of_the_next_key_is_accepted_already():
    assert verify(mint_app(app_claims(), ring().keys[1]))


def test_an_empty_ring_accepts_nothing():
    with pytest.raises(TokenRefused) as caught:
        verify_app(mint_app(app_claims(), signing_key()), KeyRing(()), issuer=ISSUER, aud=AUD, now=NOW)
    assert caught.value.reason is Reason.KEY


# --- the claims themselves ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"sub": ...}, {"sub": 1}, {"sub": None}, {"sub": ["a"]}, {"email": ...}, {"email": ""}, {"email": 1},
        {"email": ["a@b.c"]}, {"email": "a\r\nb"}, {"email": "a\x00"}, {"email": "a\u2028b"}, {"nonce": ...},
        {"nonce": ""}, {"nonce": "C" * 64}, {"nonce": "c" * 63}, {"nonce": "c" * 64 + "\n"}, {"nonce": 1},
        {"identity_nonce": ...}, {"identity_nonce": "short"}, {"identity_nonce": "a" * 15 + "!"}, {"country": 1},
        {"country": None}, {"policy_id": 1}, {"custom": []}, {"custom": "x"}, {"custom": None}, {"common_name": 1},
        {"sub": ""}, {"sub": "", "email": ...}, {"sub": "", "identity_nonce": ...},
    ],
    ids=str,
)  # fmt: skip
def test_g3_44_claims_of_a_wrong_type_or_form_are_refused(wrong: dict[str, object]):
    assert refusal(forge(app_payload(**wrong))) is Reason.CLAIMS


@pytest.mark.parametrize(
    "wrong",
    [{"aud": [AUD]}, {"hostname": ""}, {"redirect_url": 1}, {"app_session_hash": "x"}, {"service_token_status": 0},
     {"auth_status": None}, {"real_country": ["NL"]}],
    ids=str,
)  # fmt: skip
def test_a_meta_token_with_odd_claims_is_refused(wrong: dict[str, object]):
    good = payload_of(mint_meta(meta_claims(), signing_key()))
    with pytest.raises(TokenRefused) as caught:
        verify_meta(forge(good | wrong), ring(), now=NOW)
    assert caught.value.reason is Reason.CLAIMS


def test_an_expired_meta_token_is_told_from_a_forged_one():
    token = mint_meta(meta_claims(), signing_key())
    with pytest.raises(TokenRefused) as caught:
        verify_meta(token, ring(), now=NOW + 300)
    assert caught.value.reason is Reason.EXPIRED
    with pytest.raises(TokenRefused) as caught:
        verify_meta(token[:-4] + "AAAA", ring(), now=NOW + 300)
    assert caught.value.reason is Reason.SIGNATURE


def test_refusals_are_not_remembered():
    """The same token is refused and then accepted as time goes by; nothing sticks."""
    token = mint_app(app_claims(iat=NOW + 100), signing_key())
    assert refusal(token) is Reason.NOT_YET_VALID
    assert verify(token, now=NOW + 100)
    keys = KeyRing((replace(signing_key("other")),))
    with pytest.raises(TokenRefused):
        verify_app(token, keys, issuer=ISSUER, aud=AUD, now=NOW + 100)
    assert verify(token, now=NOW + 100)
