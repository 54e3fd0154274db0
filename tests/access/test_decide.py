from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest
from tests.access.world import (
    EVERYONE,
    FRESH,
    INSIDE,
    OFFICE,
    STAFF,
    STAFF_ONLY,
    application,
    credential,
    decided,
    policy,
    request,
    snapshot,
    token,
    visited,
    with_cookies,
)
from tests.sessions.build import identity, session
from tests.tokens.material import ISSUER, NOW, OTHER_AUD, app_claims, ring, service_claims, signing_key

from doorward.access.decide import decide
from doorward.access.decision import Allow, AnswerPreflight, Bypass, Deny, LoginRequired, Refusal
from doorward.policy.verdict import Outcome, Verdict
from doorward.tokens.jwt import mint_app, verify_app

WIKI = application(STAFF_ONLY)
SERVICE_ONLY = application(policy("non_identity", {"any_valid_service_token": {}}))
PREFLIGHT = {"method": "OPTIONS", "origin": "https://shop.example.com", "preflight_method": "PUT"}


def refused(decision: object) -> tuple[Refusal, int]:
    assert isinstance(decision, Deny)
    return decision.refusal, decision.status


# --- access.md 1.2, row by row --------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "get"])
def test_a_request_without_a_session_must_log_in(method: str):
    decision = decided(WIKI, request(method=method))
    assert isinstance(decision, LoginRequired)
    assert decision.application is WIKI
    assert decision.verdict.outcome is Outcome.LOGIN


@pytest.mark.parametrize(
    "fields",
    [{"accept": "application/json"}, {"fetch_metadata": True}, {"origin": "https://shop.example.com"}, {"user_agent": "curl"},
     {"requested_with": "com.example.app"}],
    ids=str,
)  # fmt: skip
def test_what_a_client_says_of_itself_does_not_change_that(fields: dict[str, object]):
    assert isinstance(decided(WIKI, request(**fields)), LoginRequired)


@pytest.mark.parametrize("spelling", ["XMLHttpRequest", "xmlhttprequest"])
def test_a_script_that_would_have_to_log_in_gets_401(spelling: str):
    assert refused(decided(WIKI, request(requested_with=spelling))) == (Refusal.LOGIN_BY_SCRIPT, 401)
    assert isinstance(visited(WIKI, with_cookies(token(), requested_with=spelling)), Allow)


def test_an_application_for_services_only_answers_403_or_401_when_asked_to():
    assert refused(decided(SERVICE_ONLY)) == (Refusal.SERVICE_AUTH_ONLY, 403)
    asked = application(*SERVICE_ONLY.policies, service_auth_401_redirect=True)
    assert refused(decided(asked)) == (Refusal.SERVICE_AUTH_ONLY, 401)
    assert refused(decided(SERVICE_ONLY, request(requested_with="XMLHttpRequest"))) == (Refusal.SERVICE_AUTH_ONLY, 403)


def test_where_nobody_here_could_enter_no_login_is_offered():
    only_office = application(policy("allow", STAFF, require=[OFFICE]))
    assert refused(decided(only_office)) == (Refusal.POLICY, 403)
    assert isinstance(decided(only_office, request(ip=ip_address(INSIDE))), LoginRequired)
    blocked = application(policy("deny", EVERYONE), STAFF_ONLY)
    assert refused(decided(blocked, request(requested_with="XMLHttpRequest"))) == (Refusal.POLICY, 403)


def test_an_unknown_country_keeps_a_country_rule_closed():
    dutch = application(policy("allow", STAFF, require=[{"geo": {"country_code": "NL"}}]))
    assert refused(decided(dutch)) == (Refusal.POLICY, 403)
    assert isinstance(decided(dutch, request(country="NL")), LoginRequired)


def test_no_policies_mean_no_entry():
    assert refused(decided(application())) == (Refusal.POLICY, 403)
    assert refused(decided(application(), credential=credential(), session=session())) == (Refusal.POLICY, 403)


def test_a_preflight_without_a_session_is_403():
    assert refused(decided(WIKI, request(**PREFLIGHT))) == (Refusal.PREFLIGHT, 403)
    assert refused(decided(SERVICE_ONLY, request(**PREFLIGHT))) == (Refusal.PREFLIGHT, 403)


def test_a_preflight_with_a_session_is_an_ordinary_request():
    assert isinstance(visited(WIKI, with_cookies(token(), **PREFLIGHT)), Allow)


def test_a_preflight_goes_to_the_origin_where_that_is_set():
    open_preflights = application(STAFF_ONLY, options_preflight_bypass=True)
    assert decided(open_preflights, request(**PREFLIGHT)) == Bypass(open_preflights, None)
    assert isinstance(decided(WIKI, request(**PREFLIGHT)), Deny)


@pytest.mark.parametrize(
    "not_one",
    [{"origin": ""}, {"preflight_method": ""}, {"has_body": True}, {"method": "GET"}, {"method": "options"}],
    ids=str,
)
def test_g4_56_what_only_looks_like_a_preflight_is_not_let_through(not_one: dict[str, object]):
    open_preflights = application(STAFF_ONLY, options_preflight_bypass=True)
    assert isinstance(decided(open_preflights, request(**(PREFLIGHT | not_one))), LoginRequired)


def test_where_cors_headers_are_set_the_door_answers_preflights_itself():
    cors = {"allowed_origins": ("https://shop.example.com",), "allowed_methods": ("PUT",)}
    app = application(STAFF_ONLY, cors_headers=cors)
    expected = (
        ("access-control-allow-origin", "https://shop.example.com"),
        ("access-control-allow-methods", "PUT"),
        ("vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
    )
    assert decided(app, request(**PREFLIGHT)) == AnswerPreflight(app, expected)
    assert visited(app, with_cookies(token(), **PREFLIGHT)) == AnswerPreflight(app, expected)
    assert isinstance(decided(app), LoginRequired)


@pytest.mark.parametrize("method", ["TRACE", "CONNECT"])
def test_g4_55_trace_and_connect_are_refused_before_anything_else(method: str):
    everyone = application(policy("bypass"), options_preflight_bypass=True)
    for app in (WIKI, everyone, None):
        assert refused(decided(app, request(method=method))) == (Refusal.METHOD, 405)
    assert refused(visited(WIKI, with_cookies(token(), method=method))) == (Refusal.METHOD, 405)


def test_what_no_application_covers_is_closed_unless_the_organization_opens_it():
    assert refused(decided(None)) == (Refusal.NO_APPLICATION, 404)
    assert decided(None, state=snapshot(deny_unmatched_requests=False)) == Bypass(None, None)


def test_bypass_comes_before_everything_and_carries_no_identity():
    lobby = application(policy("bypass", OFFICE), policy("deny", EVERYONE), STAFF_ONLY)
    inside = request(ip=ip_address(INSIDE))
    decision = decided(lobby, inside, credential=credential(), session=session())
    assert isinstance(decision, Bypass)
    assert not hasattr(decision, "claims")
    assert isinstance(decided(lobby, replace(inside, **PREFLIGHT)), Bypass)
    assert refused(decided(lobby)) == (Refusal.POLICY, 403)


# --- with a token ---------------------------------------------------------------------------------------------------


def test_a_valid_token_of_a_live_session_is_let_through_and_is_the_very_token():
    given = credential()
    decision = decided(WIKI, credential=given, session=session())
    assert isinstance(decision, Allow)
    assert decision.token is given.token
    assert decision.claims is given.claims
    assert decision.verdict.policy == STAFF_ONLY
    assert decision.application is WIKI


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(None, id="missing"),
        pytest.param(session(revoked_at=NOW - 1), id="revoked"),
        pytest.param(session(expires_at=NOW), id="expired"),
        pytest.param(session(user_id="somebody-else"), id="of another user"),
        pytest.param(session(nonce="Other0Other0Othe"), id="another session"),
    ],
)
def test_a_token_without_its_live_session_means_login(broken):
    assert isinstance(decided(WIKI, credential=credential(), session=broken), LoginRequired)


def test_a_session_without_a_token_opens_nothing():
    assert isinstance(decided(WIKI, session=session()), LoginRequired)


def test_g5_79_a_revoked_token_means_login_even_when_the_session_lives():
    state = snapshot(WIKI, revoked={WIKI.id: frozenset({app_claims().nonce})})
    assert isinstance(decided(WIKI, credential=credential(), session=session(), state=state), LoginRequired)
    assert isinstance(visited(WIKI, with_cookies(token()), state=state), LoginRequired)
    assert isinstance(visited(WIKI, with_cookies(token(nonce="1" * 64)), state=state), Allow)


def test_g6_91_claims_for_another_application_open_nothing():
    foreign = credential(app_claims(aud=OTHER_AUD))
    assert isinstance(decided(WIKI, credential=foreign, session=session()), LoginRequired)


def test_who_is_known_and_not_allowed_is_denied_with_the_trace():
    stranger = session(identity=identity(email="eve@elsewhere.test"))
    decision = decided(WIKI, credential=credential(), session=stranger)
    assert refused(decision) == (Refusal.POLICY, 403)
    assert isinstance(decision, Deny)
    assert decision.verdict is not None
    assert decision.verdict.identity_decided
    assert decision.verdict.trace


def test_address_and_country_are_looked_at_on_every_request():
    office_staff = application(policy("allow", STAFF, require=[OFFICE]))
    given = {"credential": credential(), "session": session()}
    assert isinstance(decided(office_staff, request(ip=ip_address(INSIDE)), **given), Allow)
    assert refused(decided(office_staff, request(), **given)) == (Refusal.POLICY, 403)
    dutch = application(policy("allow", STAFF, require=[{"geo": {"country_code": "NL"}}]))
    assert isinstance(decided(dutch, request(country="NL"), **given), Allow)
    assert refused(decided(dutch, request(country="BE"), **given)) == (Refusal.POLICY, 403)


def test_the_identity_is_that_of_the_session_not_of_the_token():
    renamed = session(identity=identity(email="ada@elsewhere.test"))
    assert isinstance(decided(WIKI, credential=credential(), session=renamed), Deny)


# --- rules that changed since the token was issued ------------------------------------------------------------------


def test_a_token_from_before_the_rules_changed_is_replaced_if_they_still_allow():
    changed = application(STAFF_ONLY, not_before=NOW + 1, session_duration="1h")
    decision = decided(changed, credential=credential(), session=session(), now=NOW + 5)
    assert isinstance(decision, Allow)
    assert decision.token is None
    claims = decision.claims
    assert (claims.nonce, claims.iat, claims.exp, claims.sub) == (FRESH, NOW + 5, NOW + 3605, session().user_id)
    minted = mint_app(claims, signing_key())
    assert verify_app(minted, ring(), issuer=ISSUER, aud=changed.aud, now=NOW + 5) == claims


def test_a_token_from_that_very_second_is_kept():
    assert decided(application(STAFF_ONLY, not_before=NOW), credential=credential(), session=session()).token


def test_a_token_from_before_the_rules_changed_is_not_replaced_if_they_deny_now():
    changed = application(policy("allow", {"email": {"email": "bob@example.com"}}), not_before=NOW + 1)
    assert refused(decided(changed, credential=credential(), session=session(), now=NOW + 5)) == (Refusal.POLICY, 403)


# --- service policies -----------------------------------------------------------------------------------------------


def test_a_service_policy_lets_in_without_a_user():
    decision = decided(
        application(policy("non_identity", OFFICE), session_duration="1h"), request(ip=ip_address(INSIDE))
    )
    assert isinstance(decision, Allow)
    assert decision.token is None
    claims = decision.claims
    assert (claims.sub, claims.email, claims.identity_nonce) == ("", "", "")
    assert (claims.nonce, claims.policy_id, claims.exp) == (FRESH, "non_identity-policy", NOW + 3600)


def test_a_service_policy_does_not_let_in_who_it_does_not_match():
    assert refused(decided(application(policy("non_identity", OFFICE)))) == (Refusal.SERVICE_AUTH_ONLY, 403)


def test_the_token_of_a_service_is_used_again_as_long_as_the_policy_matches():
    robots = application(policy("non_identity", OFFICE), STAFF_ONLY)
    given = credential(service_claims(common_name=""))
    inside = request(ip=ip_address(INSIDE))
    decision = decided(robots, inside, credential=given)
    assert isinstance(decision, Allow)
    assert decision.token is given.token
    assert decision.claims is given.claims
    assert isinstance(decided(robots, credential=given), LoginRequired)


@pytest.mark.parametrize("case", ["too old", "revoked", "of another application", "of a user", "of a named program"])
def test_a_token_that_does_not_count_is_replaced_for_a_service(case: str):
    robots = application(policy("non_identity", OFFICE), not_before=NOW + 1 if case == "too old" else 0)
    nameless = service_claims(common_name="")
    claims = {
        "of another application": service_claims(aud=OTHER_AUD, common_name=""),
        "of a user": app_claims(),
        "of a named program": service_claims(),
    }.get(case, nameless)
    revoked = {robots.id: frozenset({claims.nonce})} if case == "revoked" else {}
    decision = decided(
        robots, request(ip=ip_address(INSIDE)), credential=credential(claims), state=snapshot(robots, revoked=revoked)
    )
    assert isinstance(decision, Allow)
    assert decision.token is None
    assert decision.claims.nonce == FRESH
    assert decision.claims.sub == ""


def test_g5_70_a_service_token_is_never_taken_for_a_user():
    given = credential(service_claims())
    assert isinstance(decided(WIKI, credential=given, session=session()), LoginRequired)
    blank = session(user_id="", nonce="")
    assert isinstance(decided(WIKI, credential=given, session=session(user_id="")), LoginRequired)
    assert not isinstance(decided(SERVICE_ONLY, credential=given, session=session()), Allow)
    assert isinstance(decided(WIKI, credential=given, session=blank), LoginRequired)


# --- whatever else --------------------------------------------------------------------------------------------------


def test_an_allow_without_an_identity_would_still_not_open_the_door(monkeypatch: pytest.MonkeyPatch):
    """The evaluator never says so; if it ever did, nobody enters."""
    monkeypatch.setattr("doorward.access.decide.evaluate", lambda *_: Verdict(outcome=Outcome.ALLOW, policy=STAFF_ONLY))
    assert refused(decided(WIKI)) == (Refusal.POLICY, 403)
    assert isinstance(decided(WIKI, credential=credential(), session=session()), Allow)


def test_only_allow_carries_claims():
    for kind in (Bypass, LoginRequired, Deny, AnswerPreflight):
        assert "claims" not in kind.__slots__
        assert "token" not in kind.__slots__


def test_deciding_twice_says_the_same():
    arguments = (request(), WIKI, credential(), session(), snapshot(WIKI), NOW, FRESH)
    assert decide(*arguments) == decide(*arguments)


@pytest.mark.parametrize("tokens", [("rubbish",), (token(), token(nonce="1" * 64)), ("", "", ""), ("x" * 100_000,)])
def test_g6_87_bad_cookies_end_at_the_login_never_at_the_origin(tokens: tuple[str, ...]):
    assert isinstance(visited(WIKI, with_cookies(*tokens)), LoginRequired)


def test_a_session_of_a_provider_that_the_application_no_longer_takes_means_login():
    partners = application(STAFF_ONLY, allowed_idps=("idp-2",))
    both = snapshot(partners, providers=("idp-1", "idp-2"))
    assert isinstance(visited(partners, with_cookies(token()), state=both), LoginRequired)
    ours = application(STAFF_ONLY, allowed_idps=("idp-1",))
    assert isinstance(visited(ours, with_cookies(token()), state=snapshot(ours, providers=("idp-1", "idp-2"))), Allow)


def test_a_session_of_a_provider_that_was_removed_means_login():
    assert isinstance(visited(WIKI, with_cookies(token()), state=snapshot(WIKI, providers=("idp-2",))), LoginRequired)
    assert isinstance(visited(WIKI, with_cookies(token()), state=snapshot(WIKI)), Allow)
