"""What a decision makes of a client certificate (access.md 1.2, 2.3, 3.5)."""

from __future__ import annotations

from dataclasses import replace
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
    decided,
    policy,
    request,
    snapshot,
)
from tests.client_certificates.authority import Authority
from tests.service_tokens.build import CLIENT_ID, SECRET, YEAR, token
from tests.sessions.build import session
from tests.tokens.material import NOW, service_claims

from doorward.access.client_certificate import common_name, good_until
from doorward.access.decide import decide, fast_path_allowed
from doorward.access.decision import Allow, Bypass, Deny, LoginRequired, Refusal
from doorward.access.deny_page import deny_url
from doorward.access.record import of_decision
from doorward.access.service_auth import NO_SERVICE, by_headers
from doorward.client_certificates import ClientAuthorities, ClientAuthority, Shown, read_certificate
from doorward.policy.evaluate import evaluate
from doorward.policy.model import Evidence
from doorward.service_tokens import Presented

HOST = "wiki.example.com"
DEVICES = Authority.make("Devices")
AUTHORITIES = ClientAuthorities.of([ClientAuthority("Devices", (HOST,), DEVICES.pem)])
CERTIFICATE = replace(read_certificate(DEVICES.issue("device-1").pem), not_before=NOW - 100, not_after=NOW + 100_000)
SHOWN = Shown(AUTHORITIES.at(HOST).version, CERTIFICATE)
ANY = policy("non_identity", {"certificate": {}})
TOKENS = policy("non_identity", {"any_valid_service_token": {}})
PROVEN = by_headers(Presented(CLIENT_ID, SECRET), token(), NOW)


def world(*applications: Any, **fields: Any) -> Any:
    return replace(snapshot(*applications, **fields), client_authorities=AUTHORITIES)


def asked(shown: Shown | None = SHOWN, **fields: Any) -> Any:
    return request(certificate=shown, **fields)


def decision(app: Any, shown: Shown | None = SHOWN, **more: Any) -> Any:
    return decided(app, asked(shown), state=world(app), **more)


def test_a_device_is_let_in_without_a_user() -> None:
    found = decision(application(ANY))
    assert isinstance(found, Allow)
    assert (found.token, found.cookie, found.service) == (None, True, None)
    assert (found.claims.sub, found.claims.email, found.claims.common_name) == ("", "", "device-1")
    assert found.claims.exp == NOW + 24 * 3600


def test_its_token_ends_with_the_certificate() -> None:
    ends = replace(SHOWN, certificate=replace(CERTIFICATE, not_after=NOW + 60))
    assert decision(application(ANY), ends).claims.exp == NOW + 61


NOT = {
    "none": None,
    "expired": replace(SHOWN, certificate=replace(CERTIFICATE, not_after=NOW - 1)),
    "checked by others": replace(SHOWN, checked_by="0" * 16),
}


@pytest.mark.parametrize("kind", NOT)
def test_without_one_that_counts_it_is_403(kind: str) -> None:
    found = decision(application(ANY), NOT[kind])
    assert isinstance(found, Deny)
    assert (found.refusal, found.status) == (Refusal.SERVICE_AUTH_ONLY, 403)
    required = decision(application(policy("allow", STAFF, require=[{"certificate": {}}])), NOT[kind])
    assert (required.refusal, required.status) == (Refusal.POLICY, 403)


def test_at_a_host_where_nobody_vouches_none_counts() -> None:
    app = application(ANY)
    assert isinstance(decided(app, asked(host="other.example.com"), state=world(app)), Deny)
    assert isinstance(decided(app, asked(), state=snapshot(app)), Deny)


def test_a_certificate_that_is_required_leads_to_a_login_and_is_asked_for_ever_after() -> None:
    app = application(policy("allow", STAFF, require=[{"certificate": {}}]))
    assert isinstance(decision(app), LoginRequired)
    assert isinstance(decision(app, credential=credential(), session=session()), Allow)
    assert isinstance(decision(app, None, credential=credential(), session=session()), Deny)


def test_its_own_token_goes_on_and_that_of_another_does_not() -> None:
    app = application(ANY)
    mine, other = (credential(service_claims(common_name=name)) for name in ("device-1", "device-2"))
    assert decision(app, credential=mine).token == mine.token
    assert decision(app, credential=other).token is None
    assert decision(app, credential=other).claims.common_name == "device-1"
    assert isinstance(decision(app, None, credential=mine), Deny)


def test_a_token_that_names_nobody_is_not_the_devices() -> None:
    app = application(ANY)
    nameless = credential(service_claims(common_name=""))
    assert decision(app, credential=nameless).token is None


def test_a_certificate_that_calls_itself_like_a_service_token_is_not_named() -> None:
    posing = replace(CERTIFICATE, common_name=CLIENT_ID)
    assert common_name(NO_SERVICE, posing) == ""
    assert decision(application(ANY), replace(SHOWN, certificate=posing)).claims.common_name == ""


def test_a_service_token_goes_before_the_certificate() -> None:
    assert common_name(PROVEN, CERTIFICATE) == CLIENT_ID
    assert common_name(PROVEN, None) == CLIENT_ID
    assert common_name(NO_SERVICE, None) == ""


def test_whatever_ends_first_ends_it() -> None:
    assert good_until(NO_SERVICE, None) is None
    assert good_until(NO_SERVICE, CERTIFICATE) == CERTIFICATE.not_after + 1
    assert good_until(PROVEN, None) == NOW + YEAR
    assert good_until(PROVEN, CERTIFICATE) == CERTIFICATE.not_after + 1
    assert good_until(PROVEN, replace(CERTIFICATE, not_after=NOW + 2 * YEAR)) == NOW + YEAR


@pytest.mark.parametrize("strict", [True, False])
def test_a_policy_may_want_both(strict: bool) -> None:
    app = application(policy("non_identity", {"any_valid_service_token": {}}, require=[{"certificate": {}}]))
    state = world(app, strict_service_token_auth=strict)

    def with_both(shown: Shown | None) -> Any:
        return decide(asked(shown), app, None, None, state, NOW, FRESH, PROVEN)

    assert isinstance(with_both(SHOWN), Allow)
    assert isinstance(with_both(None), Deny)


def test_a_bypass_by_certificate_carries_no_identity() -> None:
    app = application(policy("bypass", {"certificate": {}}), STAFF_ONLY)
    assert isinstance(decision(app), Bypass)
    assert isinstance(decision(app, None), LoginRequired)


def test_envoy_decides_alone_only_about_people_whom_no_certificate_concerns() -> None:
    for policies, alone in (
        ((ANY, STAFF_ONLY), True),
        ((policy("bypass", {"common_name": {"common_name": "x"}}), STAFF_ONLY), True),
        ((policy("allow", STAFF, require=[{"certificate": {}}]),), False),
        ((policy("allow", {"common_name": {"common_name": "x"}}), STAFF_ONLY), False),
        ((policy("deny", {"certificate": {}}), STAFF_ONLY), False),
        ((ANY,), False),
    ):
        app = application(*policies)
        assert fast_path_allowed(app, world(app)) is alone


def test_the_record_names_the_certificate_of_the_connection() -> None:
    found = decision(application(ANY))
    record = of_decision(asked(), found, None, NOW)
    assert record.evidence["client_certificate"] == {
        "common_name": "device-1",
        "fingerprint": CERTIFICATE.fingerprint,
        "serial": CERTIFICATE.serial,
        "issuer": "CN=Devices",
    }
    assert "client_certificate" not in of_decision(asked(None), found, None, NOW).evidence


def test_other_rules_are_as_they_were() -> None:
    office = application(policy("non_identity", OFFICE), policy("allow", EVERYONE))
    assert isinstance(decided(office, asked(), state=world(office)), LoginRequired)
    inside = decided(office, asked(ip=ip_address(INSIDE)), state=world(office))
    assert inside.claims.common_name == "device-1"


def test_g2_22_the_certificate_for_one_host_does_not_count_at_the_page_for_who_is_refused() -> None:
    """It could send a visitor to a page that sends them back."""
    nobody = policy("deny", EVERYONE)
    refused = application(nobody, custom_non_identity_deny_url="https://denied.example.com/")
    page = application(policy("bypass", {"certificate": {}}), id="page", aud="d" * 64, domain="denied.example.com")
    evidence = Evidence(client_certificate=CERTIFICATE)
    verdict = evaluate(refused.policies, evidence, snapshot(refused, page).directory)
    assert deny_url(refused, verdict, evidence, world(refused, page), "https://wiki.example.com/") == ""
    everybody = application(policy("bypass", EVERYONE), id="page", aud="d" * 64, domain="denied.example.com")
    assert deny_url(refused, verdict, evidence, world(refused, everybody), "https://wiki.example.com/") != ""
