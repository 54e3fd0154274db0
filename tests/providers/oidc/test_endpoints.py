from __future__ import annotations

import pytest
from tests.providers.scripted import DISCOVERY, ISSUER, config

from doorward.providers.failure import Failure, Reason
from doorward.providers.oidc.config import OidcConfig
from doorward.providers.oidc.endpoints import discovery_address, endpoints

BY_ISSUER = OidcConfig(issuer=ISSUER, client_id="c", client_secret="s")


def test_discovery_fills_in_what_is_not_configured():
    where = endpoints(BY_ISSUER, {**DISCOVERY, "userinfo_endpoint": f"{ISSUER}/me"})
    assert (where.issuer, where.authorization, where.token) == (ISSUER, f"{ISSUER}/authorize", f"{ISSUER}/token")
    assert (where.key_set, where.userinfo) == (f"{ISSUER}/keys", f"{ISSUER}/me")
    assert not where.names_itself


def test_what_is_configured_wins():
    own = OidcConfig(issuer=ISSUER, client_id="c", client_secret="s", token_url="https://other.test/token")
    where = endpoints(own, DISCOVERY)
    assert where.token == "https://other.test/token"
    assert where.authorization == f"{ISSUER}/authorize"


@pytest.mark.parametrize("issuer", [f"{ISSUER}/", "https://IDP.test", "http://idp.test", "https://other.test", None, 7])
def test_g7_98_the_discovery_document_of_another_issuer_is_refused(issuer):
    with pytest.raises(Failure, match="exactly as the provider does") as refused:
        endpoints(BY_ISSUER, {**DISCOVERY, "issuer": issuer})
    assert refused.value.reason is Reason.CONFIGURATION


@pytest.mark.parametrize("member", ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"])
@pytest.mark.parametrize(
    "address",
    [
        None,
        7,
        "",
        "/keys",
        "http://idp.test/keys",
        "file:///etc/passwd",
        "http://127.0.0.1/keys",
        "http://localhost/keys",
        "https://localhost/keys",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/keys",
        "https://[fd00::1]/keys",
        "https://user:pass@idp.test/keys",
    ],
)
def test_g5_67_a_discovered_address_that_leads_inside_or_is_not_encrypted_is_refused(member, address):
    with pytest.raises(Failure, match=member) as refused:
        endpoints(BY_ISSUER, {**DISCOVERY, member: address})
    assert refused.value.reason is Reason.INVALID_ANSWER


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:9000", "http://idp.localhost:9000", "https://10.0.0.7"])
def test_a_provider_inside_may_point_inside(issuer):
    document = {name: address.replace(ISSUER, issuer) for name, address in DISCOVERY.items()}
    assert endpoints(OidcConfig(issuer=issuer, client_id="c", client_secret="s"), document).key_set == f"{issuer}/keys"


def test_an_internal_address_that_the_operator_wrote_is_used():
    own = OidcConfig(issuer=ISSUER, client_id="c", client_secret="s", certs_url="https://10.0.0.1/keys")
    assert endpoints(own, DISCOVERY).key_set == "https://10.0.0.1/keys"


@pytest.mark.parametrize(
    ("methods", "chosen"),
    [
        (None, "client_secret_post"),
        ([], "client_secret_post"),
        ("client_secret_basic", "client_secret_post"),
        (["client_secret_basic"], "client_secret_basic"),
        (["private_key_jwt", "client_secret_basic"], "client_secret_basic"),
        (["client_secret_basic", "client_secret_post"], "client_secret_post"),
    ],
)
def test_the_secret_is_posted_unless_the_provider_wants_it_in_the_header(methods, chosen):
    assert endpoints(BY_ISSUER, {**DISCOVERY, "token_endpoint_auth_methods_supported": methods}).auth_method == chosen


def test_a_provider_that_takes_no_secret_is_a_matter_of_configuration():
    with pytest.raises(Failure) as refused:
        endpoints(BY_ISSUER, {**DISCOVERY, "token_endpoint_auth_methods_supported": ["private_key_jwt"]})
    assert refused.value.reason is Reason.CONFIGURATION


def test_the_configured_way_to_send_the_secret_wins_and_a_public_client_sends_none():
    offer = {**DISCOVERY, "token_endpoint_auth_methods_supported": ["client_secret_post"]}
    own = OidcConfig(issuer=ISSUER, client_id="c", client_secret="s", token_endpoint_auth_method="client_secret_basic")
    assert endpoints(own, offer).auth_method == "client_secret_basic"
    assert endpoints(OidcConfig(issuer=ISSUER, client_id="c"), offer).auth_method == "none"


@pytest.mark.parametrize("iss", [f"{ISSUER}/", "https://other.test", "", None, 7, [ISSUER], ISSUER.upper()])
def test_g5_69_a_known_issuer_is_compared_character_by_character(iss):
    where = endpoints(BY_ISSUER, DISCOVERY)
    assert where.is_issuer(ISSUER)
    assert not where.is_issuer(iss)


@pytest.mark.parametrize(
    ("iss", "fits"),
    [
        ("https://idp.test", True),
        ("https://idp.test/realms/a", True),
        ("https://keys.test/pool", True),
        ("https://token.test", False),
        ("http://idp.test", False),
        ("https://idp.test:8443", False),
        ("https://idp.test.evil.test", False),
        ("https://evil.test/https://idp.test", False),
        ("https://idp.test@evil.test", False),
        ("idp.test", False),
        ("", False),
        (None, False),
        (7, False),
        (["https://idp.test"], False),
    ],
)
def test_g7_98_without_a_known_issuer_it_must_live_where_logins_or_keys_do(iss, fits):
    where = endpoints(config(certs_url="https://keys.test/k", token_url="https://token.test/t"), None)
    assert where.issuer is None
    assert where.is_issuer(iss) is fits


def test_the_discovery_document_is_beside_the_issuer():
    wanted = "https://idp.test/a/.well-known/openid-configuration"
    assert discovery_address("https://idp.test/a") == discovery_address("https://idp.test/a/") == wanted


def test_a_promise_to_name_itself_is_noted():
    promise = {**DISCOVERY, "authorization_response_iss_parameter_supported": True}
    assert endpoints(BY_ISSUER, promise).names_itself
    assert not endpoints(BY_ISSUER, {**promise, "authorization_response_iss_parameter_supported": "yes"}).names_itself
