"""How long sessions and tokens hold, and who says so, against ``tests.sessions.model``."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.access.world import credential, decided, snapshot
from tests.access.world import policy as access_policy
from tests.access.world import request as asked
from tests.sessions import model
from tests.sessions.build import application, organization, session
from tests.tokens.material import NOW, ring, signing_key
from tests.tokens.material import app_claims as claims_of

from doorward.access.credential import find_credential
from doorward.access.decision import Allow, LoginRequired
from doorward.durations import format_duration, parse_duration
from doorward.policy.model import Policy
from doorward.sessions import app_claims, app_cookies, app_session_lifetime, org_claims, service_claims
from doorward.tokens.jwt import Reason, TokenRefused, mint_app, verify_app

NONCE = "7" * 64
NUMBER = st.one_of(
    st.integers(0, 999).map(str),
    st.tuples(st.integers(0, 99), st.integers(0, 999)).map(lambda pair: f"{pair[0]}.{pair[1]}"),
    st.integers(0, 99).map(lambda number: f"{number}."),
    st.integers(0, 999).map(lambda number: f".{number}"),
)
PART = st.tuples(NUMBER, st.sampled_from(["ns", "us", "µs", "μs", "ms", "s", "m", "h"])).map("".join)
WRITTEN = st.one_of(
    st.just("0"),
    st.tuples(st.sampled_from(["", "+"]), st.lists(PART, min_size=1, max_size=4).map("".join)).map("".join),
)
SHORT = st.sampled_from(
    ["0", "0s", "1ns", "999ms", "1s", "9s", "9.999s", "10s", "10.5s", "11s", "15m", "1h30m", "24h", "730h"]
)
MAYBE = st.none() | SHORT
ORGANIZATION = st.sampled_from(["15m", "15m0.5s", "24h", "730h"])


def policy(duration: str | None) -> Policy:
    fields = {"id": "p", "name": "p", "decision": "allow", "include": [{"everyone": {}}], "session_duration": duration}
    return Policy.model_validate(fields)


@given(WRITTEN)
@settings(max_examples=400)
def test_a_duration_is_read_as_go_reads_it_to_the_microsecond(text):
    exact = model.nanoseconds(text)
    assume(exact <= 366 * 10 * 86_400 * 10**9)
    assert abs(parse_duration(text) / timedelta(microseconds=1) - float(exact / 1000)) <= 1


@given(WRITTEN)
def test_a_duration_that_was_written_down_is_the_same_when_it_is_read_again(text):
    assume(model.nanoseconds(text) <= 366 * 10 * 86_400 * 10**9)
    duration = parse_duration(text)
    assert parse_duration(format_duration(duration)) == duration


@given(MAYBE, MAYBE, ORGANIZATION)
def test_the_policy_goes_before_the_application_before_the_organization(of_policy, of_application, of_organization):
    seconds = model.token_seconds(of_policy, of_application, of_organization)
    app, org = application(session_duration=of_application), organization(session_duration=of_organization)
    assert int(app_session_lifetime(app, policy(of_policy), org).total_seconds()) == seconds
    claims = app_claims(session(), app, policy(of_policy), org, NOW, NONCE)
    assert claims.exp - claims.iat == seconds
    program = service_claims(app, policy(of_policy), org, NOW, NONCE)
    assert program.exp - program.iat == seconds


@given(MAYBE, ORGANIZATION)
def test_without_a_policy_the_application_decides_and_without_both_the_organization(of_application, of_organization):
    app, org = application(session_duration=of_application), organization(session_duration=of_organization)
    seconds = model.token_seconds(None, of_application, of_organization)
    assert int(app_session_lifetime(app, None, org).total_seconds()) == seconds


@given(MAYBE, MAYBE, ORGANIZATION, st.integers(1, 10**6))
def test_a_programs_token_ends_with_the_service_token_that_earns_it(of_policy, of_application, of_organization, left):
    app, org = application(session_duration=of_application), organization(session_duration=of_organization)
    claims = service_claims(app, policy(of_policy), org, NOW, NONCE, until=NOW + left)
    assert claims.exp == NOW + min(left, model.token_seconds(of_policy, of_application, of_organization))


SECONDS = st.integers(0, 120)
MOMENTS = st.integers(0, 150)


@given(SECONDS, MOMENTS, st.none() | MOMENTS)
def test_a_session_holds_until_its_last_second_and_not_at_all_when_it_was_revoked(seconds, passed, revoked):
    lived = session(created_at=NOW, expires_at=NOW + seconds, revoked_at=None if revoked is None else NOW + revoked)
    assert lived.live(NOW + passed) is model.holds(NOW, seconds, revoked, NOW + passed)


@given(ORGANIZATION, MOMENTS)
def test_the_org_token_ends_with_the_session_however_late_it_was_issued(of_organization, passed):
    org = organization(session_duration=of_organization)
    lived = session(created_at=NOW, expires_at=NOW + int(model.nanoseconds(of_organization) // 10**9))
    claims = org_claims(lived, org, NOW + passed)
    assert (claims.iat, claims.exp) == (NOW + passed, lived.expires_at)


@given(st.sampled_from(["0", "9s", "10s", "11s", "60s"]), MAYBE, MOMENTS)
@settings(max_examples=60, deadline=None)
def test_a_token_and_its_cookie_hold_exactly_as_long_as_was_said(of_policy, of_application, passed):
    app, org = application(session_duration=of_application), organization()
    seconds = model.token_seconds(of_policy, of_application, "24h")
    claims = app_claims(session(), app, policy(of_policy), org, NOW, NONCE)
    token = mint_app(claims, signing_key())
    if model.holds(NOW, seconds, None, NOW + passed):
        assert verify_app(token, ring(), issuer=org.issuer, aud=app.aud, now=NOW + passed) == claims
    else:
        with pytest.raises(TokenRefused) as refused:
            verify_app(token, ring(), issuer=org.issuer, aud=app.aud, now=NOW + passed)
        assert refused.value.reason is Reason.EXPIRED
    (cookie,) = app_cookies(app, token, claims, org.public, "wiki.example.com", NOW)
    assert f"Max-Age={seconds};" in cookie + ";"


@given(SECONDS, SECONDS, MOMENTS, st.none() | MOMENTS, st.booleans())
@settings(max_examples=150, deadline=None)
def test_who_may_go_on_is_who_has_a_token_and_a_session_that_both_hold(
    token_seconds, session_seconds, passed, session_revoked, token_revoked
):
    """Where the control plane is asked: neither alone is enough, and revoking either is."""
    now = NOW + passed
    app = application(policies=(access_policy("allow"),))
    lived = session(
        created_at=NOW,
        expires_at=NOW + session_seconds,
        revoked_at=None if session_revoked is None else NOW + session_revoked,
    )
    claims = claims_of(iat=NOW, exp=NOW + token_seconds, sub=lived.user_id, identity_nonce=lived.nonce)
    state = snapshot(app, revoked={app.id: frozenset({claims.nonce})} if token_revoked else None)
    token = credential(claims).token
    visit = asked(cookies=(("CF_Authorization", token),))
    found = find_credential(visit, app, state, now)
    decision = decided(app, visit, credential=found, session=lived, state=state, now=now)
    holds = model.holds(NOW, token_seconds, 0 if token_revoked else None, now) and model.holds(
        NOW, session_seconds, session_revoked, now
    )
    assert isinstance(decision, Allow if holds else LoginRequired)
