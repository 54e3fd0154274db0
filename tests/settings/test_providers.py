"""What the file allows for an identity provider is what the providers take."""

from __future__ import annotations

import pytest
from tests.settings.reading import changed, errors_of, settings_of
from tests.settings.test_resolution import ACCOUNT, identities

from doorward.providers.oidc.config import OidcConfig
from doorward.settings import resolve

CONFIG = "issuer: https://idp.example.com\n      client_id: doorward\n      client_secret: ${CLIENT_SECRET}\n"
THREE = "auth_url: https://i.example/a?tenant=1\n      token_url: https://i.example/t\n      certs_url: http://127.0.0.1:9/c\n"


def config_of(folder, text):
    settings = settings_of(folder, changed(CONFIG, text))
    company = next(iter(resolve(settings, identities(settings), ACCOUNT, {}).identity_providers.values()))
    return OidcConfig.model_validate(company.config)


@pytest.mark.parametrize(
    "text",
    [
        CONFIG,
        f"{THREE}      client_id: x\n",
        f"{CONFIG}      scopes: [openid, email]\n      claims: [groups, dept]\n      email_claim_name: upn\n",
        f"{CONFIG}      pkce_enabled: false\n      prompt: select_account\n      require_email_verified: true\n",
        f"{CONFIG}      allowed_algorithms: [ES256, PS256]\n      token_endpoint_auth_method: client_secret_basic\n",
        f"{CONFIG}      userinfo_url: http://idp.localhost:8000/me\n      require_email_verified: false\n",
        "issuer: http://idp.localhost:1234\n      client_id: x\n      token_url: http://[::1]:9/t\n",
    ],
)
def test_every_accepted_configuration_is_one_for_the_provider(tmp_path, text):
    assert config_of(tmp_path, text).client_id in {"doorward", "x"}


def test_the_defaults_are_the_providers_own(tmp_path):
    config = config_of(tmp_path, CONFIG)
    plain = OidcConfig(issuer="https://idp.example.com", client_id="doorward", client_secret="x")
    assert config.model_copy(update={"client_secret": None}) == plain.model_copy(update={"client_secret": None})
    assert config.client_secret.get_secret_value() == "correct-horse-battery"


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("client_id: x\n", ["auth_url", "token_url", "certs_url"]),
        ("auth_url: https://i.example/a\n      client_id: x\n", ["token_url", "certs_url"]),
        (f"{THREE}      client_id: x\n      pkce_enabled: false\n", ["client_secret"]),
        ("issuer: https://u:p@i.example\n      client_id: x\n", ["issuer"]),
        ("issuer: https://i.example/?x=1\n      client_id: x\n", ["issuer"]),
        ("issuer: https://i.example/#x\n      client_id: x\n", ["issuer"]),
        ("issuer: 'https://i.example\\evil'\n      client_id: x\n", ["issuer"]),
        ("issuer: https://i.example:0\n      client_id: x\n", ["issuer"]),
        ("issuer: https://ï.example\n      client_id: x\n", ["issuer"]),
        ("issuer: https://i.example\n      auth_url: https://i.example/a?state=1\n      client_id: x\n", ["auth_url"]),
        (f"{CONFIG}      scopes: ['openid email']\n", ["scopes[0]"]),
        (f"{CONFIG}      allowed_algorithms: []\n", ["allowed_algorithms"]),
        (f"{CONFIG}      allowed_algorithms: [none]\n", ["allowed_algorithms[0]"]),
        (f"{CONFIG}      claims: ['']\n", ["claims[0]"]),
    ],
)
def test_what_a_provider_would_refuse_is_refused_in_the_file(tmp_path, text, fields):
    found = {path for path, _ in errors_of(tmp_path, changed(CONFIG, text))}
    assert found == {f"identity_providers[0].config.{field}" for field in fields}
