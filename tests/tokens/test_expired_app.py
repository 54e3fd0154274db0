"""Who somebody was: a token of ours that has expired (``read_expired_app``). It is good for nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.tokens.material import (
    AUD,
    ISSUER,
    NOW,
    app_claims,
    meta_claims,
    org_claims,
    ring,
    service_claims,
    signing_key,
)

from doorward.tokens.jwt import Reason, TokenRefused, mint_app, mint_meta, mint_org, read_expired_app, verify_meta
from doorward.tokens.keys import KeyRing

EXPIRED = app_claims(iat=NOW - 7200, exp=NOW - 3600)


def read(token: str, *, now: int = NOW, aud: str = AUD, issuer: str = ISSUER):
    return read_expired_app(token, ring(), issuer=issuer, aud=aud, now=now)


def reason(token: str, **rest: object) -> Reason:
    with pytest.raises(TokenRefused) as caught:
        read(token, **rest)  # type: ignore[arg-type]
    return caught.value.reason


def test_an_expired_token_says_who_it_was():
    assert read(mint_app(EXPIRED, signing_key())) == EXPIRED
    assert read(mint_app(replace(EXPIRED, exp=NOW), signing_key())).sub == EXPIRED.sub


def test_one_that_holds_is_not_read_here():
    assert reason(mint_app(app_claims(), signing_key())) is Reason.CLAIMS
    assert reason(mint_app(replace(EXPIRED, exp=NOW + 1), signing_key())) is Reason.CLAIMS


def test_g5_68_nor_one_of_another_application():
    assert reason(mint_app(replace(EXPIRED, aud="9" * 64), signing_key())) is Reason.AUDIENCE


def test_g5_69_nor_one_of_another_team():
    assert reason(mint_app(EXPIRED, signing_key()), issuer="https://other.example.com") is Reason.ISSUER


def test_g5_70_nor_another_kind_of_token():
    org = mint_org(replace(org_claims(), iat=NOW - 7200, exp=NOW - 3600), signing_key())
    assert reason(org) is Reason.TYPE
    meta = mint_meta(replace(meta_claims(), iat=NOW - 7200, exp=NOW - 3600), signing_key())
    assert reason(meta) is Reason.TYPE


def test_g5_73_nor_a_forged_one():
    token = mint_app(EXPIRED, signing_key())
    assert reason(token[:-4] + "AAAA") is Reason.SIGNATURE
    with pytest.raises(TokenRefused) as caught:
        read_expired_app(token, KeyRing(()), issuer=ISSUER, aud=AUD, now=NOW)
    assert caught.value.reason is Reason.KEY


def test_g5_71_nor_one_from_the_future():
    assert reason(mint_app(app_claims(iat=NOW + 1000, exp=NOW + 2000), signing_key())) is Reason.NOT_YET_VALID


def test_a_programs_token_names_nobody():
    claims = replace(service_claims(), iat=NOW - 7200, exp=NOW - 3600)
    assert read(mint_app(claims, signing_key())).sub == ""


def test_the_login_proof_carries_it_only_where_there_is_one():
    told = replace(meta_claims(), former_user="22222222-2222-4222-8222-222222222222")
    assert verify_meta(mint_meta(told, signing_key()), ring(), now=NOW) == told
    assert "former_user" not in repr(mint_meta(meta_claims(), signing_key()))
    with pytest.raises(ValueError, match="former_user"):
        mint_meta(replace(meta_claims(), former_user="a\nb"), signing_key())
