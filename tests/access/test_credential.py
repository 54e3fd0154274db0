from __future__ import annotations

from typing import Any

import pytest
from tests.access.world import STAFF_ONLY, application, request, snapshot, token, with_cookies
from tests.sessions.build import organization, session
from tests.tokens.material import (
    NOW,
    OTHER_AUD,
    app_claims,
    app_payload,
    forge,
    meta_claims,
    org_claims,
    private_key,
    service_claims,
    signing_key,
)

from doorward.access.credential import Credential, find_credential
from doorward.access.request import Request
from doorward.sessions import app_claims as build_claims
from doorward.tokens.jwt import mint_app, mint_meta, mint_org

APP = application(STAFF_ONLY)
GOOD = token()
SAME_SESSION = token(nonce="1" * 64)
STRANGER = token(sub="somebody-else", email="eve@example.com", identity_nonce="Eve4Eve4Eve4Eve4", nonce="2" * 64)
EXPIRED = token(iat=NOW - 10, exp=NOW - 1, nonce="3" * 64)
FOREIGN = token(aud=OTHER_AUD, nonce="4" * 64)
BAD = forge(app_payload(), key=private_key("stranger"))


def found(asked: Request, app=APP, **state: Any) -> Credential:
    return find_credential(asked, app, snapshot(app, **state), NOW)


def test_no_token_is_no_credential():
    assert found(request()) == Credential()


def test_a_valid_cookie_counts_and_is_the_very_token():
    credential = found(with_cookies(GOOD))
    assert credential == Credential(app_claims(), GOOD)
    assert GOOD not in repr(credential)


@pytest.mark.parametrize(
    ("name", "field"), [("cf-access-token", "access_token"), ("cf-access-jwt-assertion", "assertion")]
)
def test_a_valid_token_in_a_header_counts(name: str, field: str):
    assert found(request(**{field: GOOD})) == Credential(app_claims(), GOOD)
    assert found(request(**{field: BAD})) == Credential(refused=((name, "signature"),))


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (EXPIRED, "expired"), (FOREIGN, "audience"), (BAD, "signature"), ("", "malformed"), ("rubbish", "malformed"),
        (GOOD + "=", "malformed"), ("x" * 100_000, "malformed"), (f'"{GOOD}"', "malformed"), (f"Bearer {GOOD}", "malformed"),
        (mint_org(org_claims(), signing_key()), "type"), (mint_meta(meta_claims(), signing_key()), "type"),
        (mint_app(app_claims(), signing_key("stranger")), "key"),
    ],
)  # fmt: skip
def test_g6_87_a_bad_cookie_is_no_credential_and_the_reason_is_kept(bad: str, reason: str):
    assert found(with_cookies(bad)) == Credential(refused=(("cookie", reason),))


def test_g6_91_the_cookie_of_another_application_is_no_credential():
    other = application(STAFF_ONLY, id="application-2", aud=OTHER_AUD, name="Other", domain="other.example.com")
    assert find_credential(with_cookies(GOOD), other, snapshot(APP, other), NOW).claims is None
    assert find_credential(with_cookies(FOREIGN), other, snapshot(APP, other), NOW).claims is not None


@pytest.mark.parametrize(
    "tokens",
    [(GOOD, GOOD), (GOOD, EXPIRED), (EXPIRED, GOOD), (FOREIGN, GOOD), (BAD, GOOD, ""), ("a", "b", "c", GOOD)],
)
def test_g6_83_one_valid_cookie_among_stale_duplicates_counts(tokens: tuple[str, ...]):
    assert found(with_cookies(*tokens)).token == GOOD


@pytest.mark.parametrize(
    "tokens", [(GOOD, STRANGER), (STRANGER, GOOD), (GOOD, SAME_SESSION), (EXPIRED, GOOD, STRANGER)]
)
def test_g5_78_two_different_valid_cookies_are_refused(tokens: tuple[str, ...]):
    credential = found(with_cookies(*tokens))
    assert credential.claims is None
    assert credential.token is None
    assert ("cookie", "ambiguous") in credential.refused


def test_g6_83_more_than_four_different_cookies_are_not_even_looked_at():
    assert found(with_cookies("a", "b", "c", "d", GOOD)) == Credential(refused=(("cookie", "too_many"),))
    assert found(with_cookies(*[GOOD] * 50)).token == GOOD


def test_g6_85_no_cookie_counts_when_the_header_was_malformed():
    asked = with_cookies(GOOD, malformed_cookies=True)
    assert found(asked) == Credential(refused=(("cookie", "malformed_cookies"),))
    in_header = with_cookies(GOOD, malformed_cookies=True, access_token=GOOD)
    assert found(in_header).token == GOOD


@pytest.mark.parametrize(
    "name", ["cf_authorization", "CF_AUTHORIZATION", "CF.Authorization", " CF_Authorization", "CF_Authorization_1"]
)
def test_g6_88_a_cookie_of_a_similar_name_is_none(name: str):
    assert found(request(cookies=((name, GOOD),))) == Credential()


@pytest.mark.parametrize("field", ["access_token", "assertion"])
@pytest.mark.parametrize("bad", [BAD, EXPIRED, FOREIGN, "rubbish", f"{GOOD}, {GOOD}", f"{GOOD},{STRANGER}"])
def test_g5_78_a_bad_header_beside_a_good_cookie_refuses_both(field: str, bad: str):
    assert found(with_cookies(GOOD, **{field: bad})).claims is None


@pytest.mark.parametrize("field", ["access_token", "assertion"])
def test_g5_78_a_good_header_beside_a_bad_cookie_counts(field: str):
    assert found(with_cookies(BAD, **{field: GOOD})).token == GOOD


@pytest.mark.parametrize("field", ["access_token", "assertion"])
@pytest.mark.parametrize(("cookie", "header"), [(GOOD, STRANGER), (STRANGER, GOOD)])
def test_g5_78_header_and_cookie_of_different_sessions_refuse_each_other(field: str, cookie: str, header: str):
    credential = found(with_cookies(cookie, **{field: header}))
    assert credential.claims is None
    assert {reason for _, reason in credential.refused} == {"different_sessions"}


def test_g5_78_two_headers_must_agree_too():
    assert found(request(access_token=GOOD, assertion=STRANGER)).claims is None
    assert found(request(access_token=GOOD, assertion=BAD)).claims is None
    assert found(request(access_token=SAME_SESSION, assertion=GOOD)).token == SAME_SESSION


def test_g5_78_of_one_session_the_token_of_the_cookie_goes_on():
    assert found(with_cookies(GOOD, access_token=SAME_SESSION)).token == GOOD
    assert found(with_cookies(GOOD, access_token=GOOD, assertion=GOOD)).token == GOOD


def test_g5_70_a_service_token_and_a_users_token_are_never_of_one_session():
    service = mint_app(service_claims(), signing_key())
    assert found(request(access_token=service)).claims == service_claims()
    assert found(with_cookies(GOOD, access_token=service)).claims is None
    other = mint_app(service_claims(nonce="8" * 64), signing_key())
    assert found(with_cookies(other, access_token=service)).claims is None
    assert found(with_cookies(service, access_token=service)).token == service


def test_a_revoked_token_is_stale():
    state = {"revoked": {APP.id: frozenset({app_claims().nonce})}}
    assert found(with_cookies(GOOD), **state) == Credential(refused=(("cookie", "revoked"),))
    assert found(with_cookies(GOOD, SAME_SESSION), **state).token == SAME_SESSION
    assert found(with_cookies(SAME_SESSION, access_token=GOOD), **state).claims is None
    assert found(with_cookies(GOOD), revoked={"another": frozenset({app_claims().nonce})}).token == GOOD


def test_g5_72_a_revoked_token_has_no_second_spelling():
    state = {"revoked": {APP.id: frozenset({app_claims().nonce})}}
    for spelling in (GOOD, GOOD + "=", GOOD + "\n", GOOD + "%3D", f" {GOOD}"):
        assert found(with_cookies(spelling), **state).claims is None


class TestWithABindingCookie:
    STRICT = application(STAFF_ONLY, enable_binding_cookie=True)
    CLAIMS = build_claims(session(), STRICT, STAFF_ONLY, organization(), NOW, "5" * 64)
    TOKEN = mint_app(CLAIMS, signing_key())

    def visit(self, *bindings: str, **fields: Any) -> Credential:
        cookies = (("CF_Authorization", self.TOKEN), *(("CF_Binding", value) for value in bindings))
        return found(request(cookies=cookies, **fields), self.STRICT)

    def test_g6_92_the_token_counts_with_its_binding_only(self):
        assert self.visit("5" * 64).token == self.TOKEN
        assert self.visit("stale", "5" * 64).token == self.TOKEN
        for bindings in ((), ("6" * 64,), ("",), (self.CLAIMS.nonce,), ("1", "2", "3", "4", "5" * 64)):
            assert self.visit(*bindings) == Credential(refused=(("cookie", "binding"),))

    def test_g6_92_a_stolen_token_in_a_header_needs_the_binding_too(self):
        for field in ("access_token", "assertion"):
            assert found(request(**{field: self.TOKEN}), self.STRICT).claims is None
            bound = request(cookies=(("CF_Binding", "5" * 64),), **{field: self.TOKEN})
            assert found(bound, self.STRICT).token == self.TOKEN

    def test_a_binding_in_a_malformed_header_does_not_count(self):
        asked = request(cookies=(("CF_Binding", "5" * 64),), malformed_cookies=True, access_token=self.TOKEN)
        assert found(asked, self.STRICT).claims is None

    def test_a_token_from_before_the_setting_does_not_count_and_without_it_the_cookie_is_ignored(self):
        assert found(with_cookies(GOOD), self.STRICT).claims is None
        assert found(with_cookies(self.TOKEN), APP).token == self.TOKEN
