"""A token of another application, shown on a person's behalf: what counts, and everything that does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.access.world import FRESH, STAFF_ONLY, application, policy, request, snapshot
from tests.sessions.build import identity, organization, session
from tests.tokens.material import AUD, ISSUER, NOW, OTHER_AUD, app_claims, ring, service_claims, signing_key

from doorward.access.decide import decide, fast_path_allowed
from doorward.access.decision import Allow, LoginRequired
from doorward.access.linked import Linked, find_linked
from doorward.access.snapshot import Snapshot
from doorward.applications import Application
from doorward.policy.learned import Learned
from doorward.tokens.claims import AppClaims
from doorward.tokens.jwt import mint_app, verify_app

LINK = policy("non_identity", {"linked_app_token": {"app_uid": "caller"}})
API = application(LINK, STAFF_ONLY)


def caller(**fields: Any) -> Application:
    values = {"id": "caller", "aud": OTHER_AUD, "name": "Caller", "domain": "caller.example.com"}
    return Application.model_validate(values | fields)


def world(other: Application | None = None, **fields: Any) -> Snapshot:
    return snapshot(API, other or caller(), **fields)


def shown(claims: AppClaims | str, state: Snapshot | None = None, app: Application = API) -> Linked | None:
    token = claims if isinstance(claims, str) else mint_app(claims, signing_key())
    return find_linked(request(access_token=token), app, state or world(), NOW)


GOOD = app_claims(aud=OTHER_AUD)


def test_a_token_of_the_named_application_counts() -> None:
    found = shown(GOOD)
    assert found is not None
    assert found.issued_for.id == "caller"
    assert found.claims.sub == GOOD.sub
    assert found.good(session(), world(), NOW)


def test_groups_may_name_the_application() -> None:
    assert shown(GOOD, app=application(policy("non_identity", {"group": {"id": "gone"}}))) is None


@pytest.mark.parametrize(
    "claims",
    [
        app_claims(aud=AUD),
        app_claims(aud="f" * 64),
        app_claims(aud=OTHER_AUD, exp=NOW),
        app_claims(aud=OTHER_AUD, iss="https://other.example.com"),
        service_claims(aud=OTHER_AUD),
    ],
    ids=["of the application itself", "of no application", "over", "of another team", "of a program"],
)
def test_other_tokens_do_not_count(claims: AppClaims) -> None:
    assert shown(claims) is None


def test_g5_60_g5_70_forged_tokens_and_tokens_of_another_type_do_not_count() -> None:
    assert shown("") is None
    assert shown("a.b.c") is None
    forged = mint_app(GOOD, signing_key("stranger"))
    assert shown(forged) is None


def test_a_token_in_a_cookie_is_not_shown_on_purpose() -> None:
    token = mint_app(GOOD, signing_key())
    assert find_linked(request(cookies=(("CF_Authorization", token),)), API, world(), NOW) is None
    assert find_linked(request(assertion=token), API, world(), NOW) is None


def test_an_application_that_names_nobody_takes_nothing() -> None:
    assert shown(GOOD, app=application(STAFF_ONLY)) is None
    named = application(policy("non_identity", {"linked_app_token": {"app_uid": "third"}}))
    assert shown(GOOD, app=named) is None


def test_a_revoked_token_does_not_count() -> None:
    assert shown(GOOD, replace(world(), revoked={"caller": frozenset({GOOD.nonce})})) is None
    assert shown(GOOD, replace(world(), revoked={API.id: frozenset({GOOD.nonce})})) is not None
    assert shown(GOOD, replace(world(), revoked_before={"caller": GOOD.iat + 1})) is None


def test_a_token_from_before_its_applications_rules_changed_does_not_count() -> None:
    assert shown(GOOD, world(caller(not_before=GOOD.iat + 1))) is None
    assert shown(GOOD, world(caller(not_before=GOOD.iat))) is not None


def test_g6_92_a_token_that_is_tied_to_a_browser_counts_there_only() -> None:
    assert shown(GOOD, world(caller(enable_binding_cookie=True))) is None


@pytest.mark.parametrize(
    "changed",
    [
        None,
        session(revoked_at=NOW - 1),
        session(expires_at=NOW),
        session(user_id="somebody else"),
        session(nonce="another"),
        session(identity=identity(idp_id="removed")),
    ],
    ids=["gone", "revoked", "over", "another person", "another login", "another provider"],
)
def test_a_login_that_no_longer_holds_takes_the_token_with_it(changed) -> None:
    found = shown(GOOD)
    assert found is not None
    assert not found.good(changed, world(), NOW)


def test_the_provider_must_still_be_one_of_the_calling_application() -> None:
    for allowed, good in ((("idp-1",), True), (("idp-2",), False)):
        state = world(caller(allowed_idps=allowed))
        found = shown(GOOD, state)
        assert found is not None
        assert found.good(session(), state, NOW) is good


def decided(learned: Learned) -> Any:
    token = mint_app(GOOD, signing_key())
    return decide(request(access_token=token), API, None, None, world(), NOW, FRESH, learned=learned)


def test_a_linked_token_lets_in_without_making_anybody_the_user() -> None:
    decision = decided(Learned(linked="caller"))
    assert isinstance(decision, Allow)
    assert decision.verdict.policy == LINK
    assert (decision.claims.sub, decision.claims.email) == ("", "")
    token = mint_app(decision.claims, signing_key())
    assert verify_app(token, ring(), issuer=ISSUER, aud=AUD, now=NOW).nonce == FRESH


def test_without_one_there_is_a_login() -> None:
    for learned in (Learned(), Learned(linked="third")):
        assert isinstance(decided(learned), LoginRequired)


def test_who_signs_in_still_takes_the_fast_path() -> None:
    assert fast_path_allowed(API, world())
    personal = application(policy("allow", {"linked_app_token": {"app_uid": "caller"}}))
    assert not fast_path_allowed(personal, snapshot(personal))


def test_the_organization_is_the_one_that_issued_it() -> None:
    assert shown(GOOD, replace(world(), organization=organization(auth_domain="other.example.com"))) is None
