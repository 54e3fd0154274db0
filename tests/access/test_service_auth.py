"""Which service token a request proves, and what the decision makes of it (access.md 1.2, 3.3, 3.4)."""

from __future__ import annotations

import json
from ipaddress import ip_address
from typing import Any

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
    policy,
    request,
    snapshot,
)
from tests.service_tokens.build import CLIENT_ID, NEW_SECRET, SECRET, YEAR, token
from tests.sessions.build import session
from tests.tokens.material import ISSUER, NOW, OTHER_AUD, app_claims, ring, service_claims, signing_key

from doorward.access.credential import Credential
from doorward.access.decide import decide
from doorward.access.decision import Allow, AnswerPreflight, Bypass, Decision, Deny, LoginRequired, Refusal
from doorward.access.service_auth import (
    NO_SERVICE,
    ServiceCredential,
    by_app_token,
    by_headers,
    presented,
    replayed,
)
from doorward.applications import Application
from doorward.service_tokens import Authenticated, Presented, Rejection, ServiceToken, secret_hash
from doorward.tokens.jwt import mint_app, verify_app

CI = token()
PAIR = Presented(CLIENT_ID, SECRET)
MEANT = policy("non_identity", {"service_token": {"token_id": CI.id}})
ANY = policy("non_identity", {"any_valid_service_token": {}})
ANOTHER = policy("non_identity", {"service_token": {"token_id": "another"}})
ROBOTS = application(MEANT)
MIXED = application(MEANT, STAFF_ONLY)
PREFLIGHT = {"method": "OPTIONS", "origin": "https://shop.example.com", "preflight_method": "PUT"}
EARNED = service_claims(common_name=CLIENT_ID)


def shown(secret: str = SECRET, of: ServiceToken | None = CI, now: int = NOW) -> ServiceCredential:
    return by_headers(Presented(CLIENT_ID, secret), of, now)


MALFORMED = by_headers(Rejection.MALFORMED, None, NOW)
BAD = {
    "malformed": MALFORMED,
    "unknown": shown(of=None),
    "wrong secret": shown("wrong"),
    "disabled": shown(of=token(enabled=False)),
    "expired": shown(of=token(expires_at=NOW)),
}


def decided(
    app: Application,
    service: ServiceCredential = NO_SERVICE,
    *,
    strict: bool,
    given: Credential | None = None,
    revoked: dict[str, frozenset[str]] | None = None,
    now: int = NOW,
    known: Any = None,
    **fields: Any,
) -> Decision:
    state = snapshot(app, revoked=revoked, strict_service_token_auth=strict)
    return decide(request(**fields), app, given, known, state, now, FRESH, service)


def refused(decision: Decision) -> tuple[Refusal, int]:
    assert isinstance(decision, Deny)
    return decision.refusal, decision.status


# --- what a request proves ------------------------------------------------------------------------------------------


def test_headers_are_taken_from_the_request() -> None:
    assert presented(request()) is None
    assert presented(request(client_id=CLIENT_ID, client_secret=SECRET)) == PAIR
    one = json.dumps({"cf-access-client-id": CLIENT_ID, "cf-access-client-secret": SECRET})
    assert presented(request(service_header=one)) == PAIR
    assert presented(request(client_id=CLIENT_ID)) is Rejection.MALFORMED
    assert presented(request(client_id=CLIENT_ID, client_secret=SECRET, service_header=one)) is Rejection.MALFORMED


def test_a_secret_in_a_request_does_not_show() -> None:
    asked = request(client_id=CLIENT_ID, client_secret=SECRET, service_header=SECRET)
    assert SECRET not in repr(asked)


def test_the_right_secret_proves_the_token() -> None:
    found = shown()
    assert found == ServiceCredential(presented=True, proven=Authenticated(CI, 1), known=CI)
    assert found.client_id == CLIENT_ID


@pytest.mark.parametrize(
    ("case", "rejection", "known"),
    [
        ("malformed", Rejection.MALFORMED, False),
        ("unknown", Rejection.UNKNOWN, False),
        ("wrong secret", Rejection.SECRET, True),
        ("disabled", Rejection.DISABLED, True),
        ("expired", Rejection.EXPIRED, True),
    ],
)
def test_anything_else_proves_nothing_and_says_why(case: str, rejection: Rejection, known: bool) -> None:
    found = BAD[case]
    assert (found.presented, found.proven, found.rejection) == (True, None, rejection)
    assert (found.known is not None) is known
    assert found.client_id == ""


# --- strict: the headers alone --------------------------------------------------------------------------------------


@pytest.mark.parametrize("app", [ROBOTS, MIXED, application(ANY), application(ANY, policy("deny", EVERYONE))])
def test_strict_a_good_token_that_a_policy_means_enters(app: Application) -> None:
    decision = decided(app, shown(), strict=True)
    assert isinstance(decision, Allow)
    assert (decision.token, decision.cookie, decision.service) == (None, False, Authenticated(CI, 1))
    claims = decision.claims
    assert (claims.sub, claims.email, claims.identity_nonce, claims.common_name) == ("", "", "", CLIENT_ID)
    minted = mint_app(claims, signing_key())
    assert verify_app(minted, ring(), issuer=ISSUER, aud=app.aud, now=NOW) == claims


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize(
    "app",
    [ROBOTS, MIXED, application(STAFF_ONLY), application(policy("bypass", EVERYONE)), application()],
    ids=["services", "mixed", "people", "bypass", "no policies"],
)
def test_strict_what_cannot_be_authenticated_is_401_whatever_the_policies_say(case: str, app: Application) -> None:
    assert refused(decided(app, BAD[case], strict=True)) == (Refusal.SERVICE_TOKEN, 401)


@pytest.mark.parametrize(
    "app",
    [application(ANOTHER), application(STAFF_ONLY), application(policy("allow", EVERYONE)), application(),
     application(policy("allow", {"service_token": {"token_id": CI.id}})),
     application(policy("non_identity", EVERYONE, exclude=[{"any_valid_service_token": {}}]))],
    ids=["another token", "people", "everyone who logs in", "no policies", "named in an allow policy", "excluded"],
)  # fmt: skip
def test_strict_a_good_token_that_no_service_policy_means_is_403(app: Application) -> None:
    assert refused(decided(app, shown(), strict=True)) == (Refusal.SERVICE_TOKEN_NOT_PERMITTED, 403)


def test_strict_a_session_beside_the_headers_does_not_count() -> None:
    people = application(STAFF_ONLY)
    with_session: dict[str, Any] = {"given": credential(), "known": session()}
    assert isinstance(decided(people, strict=True, **with_session), Allow)
    assert refused(decided(people, shown(), strict=True, **with_session)) == (Refusal.SERVICE_TOKEN_NOT_PERMITTED, 403)
    assert refused(decided(people, BAD["wrong secret"], strict=True, **with_session)) == (Refusal.SERVICE_TOKEN, 401)


def test_strict_an_app_token_beside_the_headers_is_not_used_again() -> None:
    decision = decided(ROBOTS, shown(), strict=True, given=credential(EARNED))
    assert isinstance(decision, Allow)
    assert decision.token is None
    assert decision.claims.nonce == FRESH


def test_strict_a_script_gets_no_login_answer_either() -> None:
    asked = {"requested_with": "XMLHttpRequest"}
    assert refused(decided(MIXED, BAD["wrong secret"], strict=True, **asked)) == (Refusal.SERVICE_TOKEN, 401)


def test_strict_bypass_and_other_facts_count_beside_the_token() -> None:
    lobby = application(policy("bypass", OFFICE), ANOTHER)
    assert isinstance(decided(lobby, shown(), strict=True, ip=ip_address(INSIDE)), Bypass)
    assert refused(decided(lobby, shown(), strict=True)) == (Refusal.SERVICE_TOKEN_NOT_PERMITTED, 403)
    here = application(policy("non_identity", {"any_valid_service_token": {}}, require=[OFFICE]))
    assert isinstance(decided(here, shown(), strict=True, ip=ip_address(INSIDE)), Allow)
    assert refused(decided(here, shown(), strict=True)) == (Refusal.SERVICE_TOKEN_NOT_PERMITTED, 403)


def test_strict_preflights_and_methods_come_first() -> None:
    open_preflights = application(MEANT, options_preflight_bypass=True)
    assert isinstance(decided(open_preflights, MALFORMED, strict=True, **PREFLIGHT), Bypass)
    assert refused(decided(ROBOTS, shown(), strict=True, method="TRACE")) == (Refusal.METHOD, 405)
    cors = application(MEANT, cors_headers={"allowed_origins": ("https://shop.example.com",)})
    assert isinstance(decided(cors, strict=True, **PREFLIGHT), AnswerPreflight)


def test_strict_changes_nothing_for_requests_without_the_headers() -> None:
    for strict in (True, False):
        assert isinstance(decided(MIXED, strict=strict), LoginRequired)
        assert refused(decided(ROBOTS, strict=strict)) == (Refusal.SERVICE_AUTH_ONLY, 403)
        asked = application(MEANT, service_auth_401_redirect=True)
        assert refused(decided(asked, strict=strict)) == (Refusal.SERVICE_AUTH_ONLY, 401)


# --- classic --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("app", [ROBOTS, MIXED, application(ANY), application(policy("deny", EVERYONE), ANY)])
def test_classic_a_good_token_that_a_policy_means_enters_and_is_given_a_cookie(app: Application) -> None:
    decision = decided(app, shown(), strict=False)
    assert isinstance(decision, Allow)
    assert (decision.token, decision.cookie, decision.claims.common_name) == (None, True, CLIENT_ID)


@pytest.mark.parametrize("case", BAD)
def test_classic_what_cannot_be_authenticated_is_as_if_it_had_not_been_sent(case: str) -> None:
    assert refused(decided(ROBOTS, BAD[case], strict=False)) == (Refusal.SERVICE_AUTH_ONLY, 403)
    asked = application(MEANT, service_auth_401_redirect=True)
    assert refused(decided(asked, BAD[case], strict=False)) == (Refusal.SERVICE_AUTH_ONLY, 401)
    assert isinstance(decided(MIXED, BAD[case], strict=False), LoginRequired)
    assert isinstance(decided(application(policy("bypass", EVERYONE)), BAD[case], strict=False), Bypass)


def test_classic_a_token_that_no_policy_means() -> None:
    assert refused(decided(application(ANOTHER), shown(), strict=False)) == (Refusal.SERVICE_AUTH_ONLY, 403)
    assert isinstance(decided(application(ANOTHER, STAFF_ONLY), shown(), strict=False), LoginRequired)


def test_classic_a_token_named_in_an_allow_policy_leads_to_the_login_and_then_counts() -> None:
    together = application(policy("allow", STAFF, require=[{"service_token": {"token_id": CI.id}}]))
    assert isinstance(decided(together, shown(), strict=False), LoginRequired)
    person: dict[str, Any] = {"given": credential(), "known": session()}
    assert isinstance(decided(together, shown(), strict=False, **person), Allow)
    assert refused(decided(together, strict=False, **person)) == (Refusal.POLICY, 403)


def test_classic_a_person_beside_wrong_headers_is_still_that_person() -> None:
    decision = decided(MIXED, BAD["wrong secret"], strict=False, given=credential(), known=session())
    assert isinstance(decision, Allow)
    assert decision.claims.email
    assert decision.service is None


def test_classic_the_program_comes_before_the_person_and_has_its_own_token() -> None:
    decision = decided(MIXED, shown(), strict=False, given=credential(), known=session())
    assert isinstance(decision, Allow)
    assert (decision.token, decision.claims.sub, decision.claims.common_name) == (None, "", CLIENT_ID)


def test_classic_an_app_token_of_the_same_program_is_used_again_and_no_cookie_set() -> None:
    given = credential(EARNED)
    decision = decided(ROBOTS, shown(), strict=False, given=given)
    assert isinstance(decision, Allow)
    assert (decision.token, decision.cookie) == (given.token, False)


@pytest.mark.parametrize(
    "claims",
    [service_claims(common_name="1" * 32 + ".access"), service_claims(common_name=""), app_claims()],
    ids=["another program", "no program", "a person"],
)
def test_classic_an_app_token_of_somebody_else_never_goes_on_for_the_program(claims) -> None:
    decision = decided(ROBOTS, shown(), strict=False, given=credential(claims))
    assert isinstance(decision, Allow)
    assert decision.token is None
    assert decision.claims.common_name == CLIENT_ID


# --- an app token in place of the headers ---------------------------------------------------------------------------


def replay(app: Application, earned_by: Authenticated | None, *, strict: bool = False, **more: Any) -> Decision:
    """The decision about a request that brings only the app token, whatever policies the application has."""
    given = credential(more.pop("claims", EARNED))
    now = more.get("now", NOW)
    state = snapshot(app, strict_service_token_auth=strict)
    nonce = replayed(given, app, state)
    service = by_app_token(given, earned_by, now) if nonce else NO_SERVICE
    return decided(app, service, strict=strict, given=given, **more)


GOOD = Authenticated(CI, 1)


@pytest.mark.parametrize("app", [ROBOTS, MIXED, application(ANY)])
def test_classic_an_app_token_counts_as_long_as_its_service_token_does(app: Application) -> None:
    decision = replay(app, GOOD)
    assert isinstance(decision, Allow)
    assert decision.token == credential(EARNED).token
    assert not decision.cookie


@pytest.mark.parametrize(
    "ended",
    [
        None,
        Authenticated(token(enabled=False), 1),
        Authenticated(token(expires_at=NOW), 1),
        Authenticated(token().rotated(secret_hash(NEW_SECRET), None, NOW), 1),
        Authenticated(token().rotated(secret_hash(NEW_SECRET), NOW, NOW - 60), 1),
        Authenticated(token(client_id="1" * 32 + ".access"), 1),
    ],
    ids=["deleted", "disabled", "expired", "rotated", "overlap is over", "of another client id"],
)
def test_g10_149_classic_an_app_token_ends_with_its_service_token(ended: Authenticated | None) -> None:
    assert refused(replay(ROBOTS, ended)) == (Refusal.SERVICE_AUTH_ONLY, 403)
    assert isinstance(replay(MIXED, ended), LoginRequired)


def test_classic_during_the_overlap_what_the_old_secret_earned_counts() -> None:
    overlapping = Authenticated(token().rotated(secret_hash(NEW_SECRET), NOW + 60, NOW), 1)
    assert isinstance(replay(ROBOTS, overlapping), Allow)


def test_classic_policies_are_weighed_again_for_an_app_token() -> None:
    assert refused(replay(application(ANOTHER), GOOD)) == (Refusal.SERVICE_AUTH_ONLY, 403)
    here = application(policy("non_identity", {"any_valid_service_token": {}}, require=[OFFICE]))
    assert refused(replay(here, GOOD)) == (Refusal.SERVICE_AUTH_ONLY, 403)
    assert isinstance(replay(here, GOOD, ip=ip_address(INSIDE)), Allow)


def test_classic_an_app_token_from_before_the_rules_changed_does_not_count() -> None:
    assert refused(replay(application(MEANT, not_before=NOW + 1), GOOD)) == (Refusal.SERVICE_AUTH_ONLY, 403)
    assert isinstance(replay(application(MEANT, not_before=NOW), GOOD), Allow)


@pytest.mark.parametrize("app", [ROBOTS, MIXED])
def test_strict_an_app_token_is_not_taken_in_place_of_the_headers(app: Application) -> None:
    assert not isinstance(replay(app, GOOD, strict=True), Allow)
    assert isinstance(replay(app, GOOD, strict=False), Allow)


@pytest.mark.parametrize("claims", [app_claims(), service_claims(common_name="")], ids=["a person's", "nobody's"])
def test_an_app_token_that_no_service_token_earned_proves_none(claims) -> None:
    state = snapshot(ROBOTS, strict_service_token_auth=False)
    assert replayed(credential(claims), ROBOTS, state) == ""
    assert replayed(Credential(), ROBOTS, state) == ""
    assert by_app_token(Credential(), GOOD, NOW) == NO_SERVICE


def test_why_an_app_token_no_longer_counts_is_known_for_the_record() -> None:
    found = by_app_token(credential(EARNED), Authenticated(token(enabled=False), 1), NOW)
    assert (found.presented, found.rejection, found.known) == (False, Rejection.DISABLED, token(enabled=False))
    rotated = token().rotated(secret_hash(NEW_SECRET), None, NOW)
    assert by_app_token(credential(EARNED), Authenticated(rotated, 1), NOW).rejection is Rejection.SECRET


def test_a_revoked_app_token_or_one_of_another_application_is_replaced_for_the_program() -> None:
    for given, revoked in (
        (credential(EARNED), {ROBOTS.id: frozenset({EARNED.nonce})}),
        (credential(service_claims(aud=OTHER_AUD, common_name=CLIENT_ID)), None),
    ):
        decision = decided(ROBOTS, shown(), strict=False, given=given, revoked=revoked)
        assert isinstance(decision, Allow)
        assert decision.token is None


# --- how long it lasts ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strict", [True, False])
def test_what_is_earned_never_outlives_the_service_token(strict: bool) -> None:
    app = application(MEANT, session_duration="24h")
    for proven, end in (
        (token(), NOW + 86_400),
        (token(expires_at=None), NOW + 86_400),
        (token(expires_at=NOW + 60), NOW + 60),
        (token().rotated(secret_hash(NEW_SECRET), NOW + 60, NOW), NOW + 60),
    ):
        decision = decided(app, shown(of=proven), strict=strict)
        assert isinstance(decision, Allow)
        assert decision.claims.exp == end
    assert YEAR > 86_400


def test_g5_70_a_service_token_is_never_taken_for_a_user_whatever_else_comes_along() -> None:
    for strict in (True, False):
        decision = decided(application(STAFF_ONLY), shown(), strict=strict, given=credential(EARNED), known=session())
        assert not isinstance(decision, Allow)
