"""What a visitor sees of an application's settings, as decisions."""

from __future__ import annotations

import pytest
from tests.access.world import FRESH, NOW, OFFICE, STAFF_ONLY, application, policy, request, snapshot
from tests.service_tokens.build import token

from doorward.access.credential import Credential
from doorward.access.decide import decide
from doorward.access.decision import AnswerPreflight, Bypass, Deny, LoginRequired, Refusal
from doorward.access.service_auth import ServiceCredential
from doorward.service_tokens import Authenticated, Rejection

PREFLIGHT = {"method": "OPTIONS", "origin": "https://shop.example.com", "preflight_method": "PUT"}
CORS = {"allowed_origins": ("https://shop.example.com",), "allowed_methods": ("PUT",)}
PROGRAMS = policy("non_identity", OFFICE)
FETCH = {"fetch_mode": "cors", "fetch_dest": "empty"}


def decided(app, asked=None, *, service=None, **organization):
    given = service or ServiceCredential()
    return decide(asked or request(), app, Credential(), None, snapshot(app, **organization), NOW, FRESH, given)


def refusal(decision):
    assert isinstance(decision, Deny)
    return decision.refusal, decision.status


def test_with_cors_headers_the_door_answers_preflights_whoever_else_would_be_let_through():
    lobby = application(policy("bypass"), cors_headers=CORS)
    assert isinstance(decided(lobby, request(**PREFLIGHT)), AnswerPreflight)
    assert isinstance(decided(lobby), Bypass)
    assert isinstance(decided(application(policy("bypass")), request(**PREFLIGHT)), Bypass)


@pytest.mark.parametrize("fields", [FETCH, FETCH | {"fetch_mode": "same-origin"}, {"requested_with": "XmlHttpRequest"}])
def test_a_script_is_told_401(fields):
    assert refusal(decided(application(STAFF_ONLY), request(**fields))) == (Refusal.LOGIN_BY_SCRIPT, 401)


@pytest.mark.parametrize(
    "fields",
    [{}, {"fetch_mode": "cors"}, {"fetch_dest": "empty"}, FETCH | {"fetch_mode": "no-cors"},
     FETCH | {"fetch_mode": "websocket"}, FETCH | {"fetch_dest": "image"}, {"requested_with": "x"}],
)  # fmt: skip
def test_everybody_else_is_sent_to_the_login(fields):
    assert isinstance(decided(application(STAFF_ONLY), request(**fields)), LoginRequired)


def failed(*, proven=False):
    if proven:
        known = token()
        return ServiceCredential(presented=True, proven=Authenticated(known, 1), known=known)
    return ServiceCredential(presented=True, rejection=Rejection.UNKNOWN)


@pytest.mark.parametrize(
    ("proven", "reason"), [(False, Refusal.SERVICE_TOKEN), (True, Refusal.SERVICE_TOKEN_NOT_PERMITTED)]
)
def test_classic_a_service_token_that_fails_beside_allow_policies_is_401_where_that_is_set(proven, reason):
    mixed = application(PROGRAMS, STAFF_ONLY, service_auth_401_redirect=True)
    classic = {"strict_service_token_auth": False}
    assert refusal(decided(mixed, service=failed(proven=proven), **classic)) == (reason, 401)
    assert isinstance(decided(mixed, **classic), LoginRequired)
    assert isinstance(
        decided(application(PROGRAMS, STAFF_ONLY), service=failed(proven=proven), **classic), LoginRequired
    )
    people = application(STAFF_ONLY, service_auth_401_redirect=True)
    assert isinstance(decided(people, service=failed(proven=proven), **classic), LoginRequired)


ZONES = {"deny_unmatched_requests_exempted_zone_names": ("example.org", "b.example.net")}


@pytest.mark.parametrize(
    "host", ["example.org", "a.example.org", "a.b.example.org", "b.example.net", "c.b.example.net"]
)
def test_an_unmatched_host_in_an_exempted_zone_is_let_through(host):
    assert decide(request(host=host), None, None, None, snapshot(**ZONES), NOW, FRESH) == Bypass(None, None)


@pytest.mark.parametrize(
    "host", ["badexample.org", "example.org.evil.test", "exampleXorg", "example.net", "xb.example.net", "org", ""]
)
def test_g2_26_any_other_is_closed(host):
    state = snapshot(**ZONES)
    assert refusal(decide(request(host=host), None, None, None, state, NOW, FRESH)) == (Refusal.NO_APPLICATION, 404)


def test_g2_23_a_host_header_that_names_nothing_is_closed_even_where_unmatched_hosts_are_open():
    state = snapshot(deny_unmatched_requests=False)
    assert isinstance(decide(request(host=""), None, None, None, state, NOW, FRESH), Deny)
    assert isinstance(decide(request(host="any.test"), None, None, None, state, NOW, FRESH), Bypass)


def test_a_refusal_by_policy_says_what_was_asked_about():
    decision = decided(application(policy("allow", OFFICE, require=[OFFICE])))
    assert isinstance(decision, Deny)
    assert decision.evidence is not None
    assert decision.evidence.ip == request().ip
