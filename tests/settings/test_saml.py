"""SAML providers in the file."""

from __future__ import annotations

import pytest
from tests.providers.saml.idp import provider
from tests.settings.reading import changed, errors_of, settings_of
from tests.settings.test_resolution import ACCOUNT, identities

from doorward.providers.saml.config import SamlConfig
from doorward.settings import resolve

OIDC = "type: oidc\n    config:\n      issuer: https://idp.example.com\n      client_id: doorward\n      client_secret: ${CLIENT_SECRET}\n"
BARE = "".join(provider().pem.strip().splitlines()[1:-1])
PEM = "|\n" + "".join(f"          {line}\n" for line in provider().pem.strip().splitlines())
SAML = (
    "type: saml\n    config:\n      issuer_url: urn:example:idp\n      sso_target_url: https://idp.example.com/sso\n"
    f"      idp_public_certs:\n        - {BARE}\n"
)


def saml(more="", text=SAML):
    return changed(OIDC, text + more)


def config_of(folder, text):
    settings = settings_of(folder, text)
    found = next(iter(resolve(settings, identities(settings), ACCOUNT, {}).identity_providers.values()))
    assert found.type == "saml"
    return SamlConfig.model_validate(found.config)


def test_the_defaults_are_the_providers_own(tmp_path):
    plain = SamlConfig(
        issuer_url="urn:example:idp", sso_target_url="https://idp.example.com/sso", idp_public_certs=(BARE,)
    )
    assert config_of(tmp_path, saml()) == plain


def test_everything_that_can_be_set_arrives(tmp_path):
    more = (
        f"        - {PEM}      attributes: [department, groups]\n      email_attribute_name: mail\n      sign_request: true\n"
        "      request_binding: post\n      force_authn: true\n      enable_encryption: true\n"
    )
    config = config_of(tmp_path, saml(more))
    assert config.certificates == (provider().certificate, provider().certificate)
    assert (config.attributes, config.email_attribute_name) == (("department", "groups"), "mail")
    assert (config.sign_request, config.request_binding, config.force_authn, config.enable_encryption) == (
        True, "post", True, True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (saml(text=SAML.replace(BARE, "AAAA")), "idp_public_certs[0]"),
        (saml(text=SAML.replace("https://idp.example.com/sso", "http://idp.example.com/sso")), "sso_target_url"),
        (saml(text=SAML.replace("/sso", "/sso?RelayState=x")), "sso_target_url"),
        (saml(text=SAML.replace(f"\n        - {BARE}", " []")), "idp_public_certs"),
        (saml("      request_binding: artifact\n"), "request_binding"),
        (saml("      header_attributes: []\n"), "header_attributes"),
        (saml("      isuer_url: x\n"), "isuer_url"),
        (saml(text=SAML.replace("      issuer_url: urn:example:idp\n", "")), "issuer_url"),
    ],
)
def test_a_mistake_is_reported_at_its_field(tmp_path, text, field):
    assert [path for path, _ in errors_of(tmp_path, text)] == [f"identity_providers[0].config.{field}"]
