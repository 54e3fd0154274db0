from __future__ import annotations

import pytest
from pydantic import ValidationError
from tests.providers.scripted import CONFIG, ISSUER

from doorward.providers.oidc.config import DEFAULT_ALGORITHMS, OidcConfig

BY_ISSUER = {"issuer": ISSUER, "client_id": "c", "client_secret": "s"}


def test_three_addresses_are_enough():
    config = OidcConfig.model_validate(CONFIG)
    assert not config.needs_discovery
    assert config.scopes == ("openid", "email", "profile")
    assert config.pkce_enabled
    assert config.allowed_algorithms == DEFAULT_ALGORITHMS == ("RS256", "RS512", "PS512", "ES256", "ES384", "ES512")


def test_an_issuer_is_enough():
    assert OidcConfig.model_validate(BY_ISSUER).needs_discovery


def test_null_means_not_set():
    config = OidcConfig.model_validate({**BY_ISSUER, "claims": None, "scopes": None, "prompt": None, "auth_url": None})
    assert config == OidcConfig.model_validate(BY_ISSUER)


def test_the_secret_is_not_in_the_repr():
    assert "very-secret" not in repr(OidcConfig.model_validate({**CONFIG, "client_secret": "very-secret"}))


def test_a_public_client_needs_pkce():
    public = {"issuer": ISSUER, "client_id": "c"}
    assert OidcConfig.model_validate(public).client_secret is None
    with pytest.raises(ValidationError, match="proves nothing"):
        OidcConfig.model_validate({**public, "pkce_enabled": False})


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"auth_url": None}, "auth_url is missing"),
        ({"auth_url": None, "certs_url": None}, "auth_url and certs_url are missing"),
        ({"token_url": "http://idp.test/token"}, "not encrypted"),
        ({"auth_url": "https://idp.test/authorize?client_id=x&p=policy"}, "leave client_id out"),
        ({"auth_url": "https://idp.test/authorize?state"}, "leave state out"),
        ({"certs_url": "file:///etc/keys"}, "not a web address"),
        ({"issuer": "https://idp.test/?x=1"}, "no query"),
        ({"client_id": ""}, "at least 1"),
        ({"client_secret": ""}, "at least 1"),
        ({"scopes": ["openid email"]}, "its own item"),
        ({"scopes": ["email"]}, "lacks openid"),
        ({"scopes": []}, "lacks openid"),
        ({"allowed_algorithms": []}, "at least 1"),
        ({"allowed_algorithms": ["none"]}, "RS256"),
        ({"allowed_algorithms": ["RS256", "HS256"]}, "RS256"),
        ({"prompt": "login consent"}, "login"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "client_secret_post"),
        ({"pkce": True}, "Extra"),
        ({"claims": [""]}, "at least 1"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_mistake_is_named(changes, sentence):
    with pytest.raises(ValidationError, match=sentence):
        OidcConfig.model_validate({**CONFIG, **changes})


def test_an_error_does_not_repeat_the_secret():
    with pytest.raises(ValidationError) as refused:
        OidcConfig.model_validate({**CONFIG, "client_secret": ["very-secret"], "allowed_algorithms": ["none"]})
    assert "very-secret" not in str(refused.value)


def test_an_address_may_have_parameters_of_its_own():
    address = "https://idp.test/authorize?p=B2C_1_signin"
    assert OidcConfig.model_validate({**CONFIG, "auth_url": address}).auth_url == address
