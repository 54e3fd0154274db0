"""The configuration of a provider."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from tests.providers.saml.idp import provider, signer

from doorward.providers import config_problems
from doorward.providers.saml.config import SamlConfig
from doorward.saml_keys import certificate_of

BARE = "".join(provider().pem.strip().splitlines()[1:-1])
GOOD = {
    "issuer_url": "urn:example:idp",
    "sso_target_url": "https://idp.example/sso?tenant=1",
    "idp_public_certs": [BARE],
}


@pytest.mark.parametrize("text", [provider().pem, BARE, BARE[:64] + "\n  " + BARE[64:], "\n" + provider().pem + "\n"])
def test_a_certificate_may_be_pem_or_bare(text):
    assert certificate_of(text) == provider().certificate


def test_a_strong_elliptic_key_is_fine():
    assert isinstance(certificate_of(signer(ec.generate_private_key(ec.SECP256R1())).pem), x509.Certificate)


@pytest.mark.parametrize("text", ["", "x", "AAAA", provider().pem * 2, provider().pem[:300]])
def test_what_is_no_certificate_is_refused(text):
    with pytest.raises(ValueError, match=r"not one X\.509 certificate"):
        certificate_of(text)


@pytest.mark.parametrize(
    "key",
    [rsa.generate_private_key(public_exponent=65537, key_size=1024), ec.generate_private_key(ec.SECP192R1())],
    ids=["rsa-1024", "p-192"],
)
def test_a_weak_key_is_refused(key):
    with pytest.raises(ValueError, match="neither RSA"):
        certificate_of(signer(key).pem)


def test_defaults_are_the_careful_ones():
    config = SamlConfig.model_validate(GOOD)
    assert (config.sign_request, config.force_authn, config.enable_encryption) == (False, False, False)
    assert config.request_binding == "redirect"
    assert config.certificates == (provider().certificate,)
    assert config_problems("saml", GOOD) == ()


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"idp_public_certs": []}, ("idp_public_certs",)),
        ({"idp_public_certs": [BARE, "x"]}, ("idp_public_certs", 1)),
        ({"issuer_url": ""}, ("issuer_url",)),
        ({"sso_target_url": "http://idp.example/"}, ("sso_target_url",)),
        ({"sso_target_url": "javascript:alert(1)"}, ("sso_target_url",)),
        ({"sso_target_url": "https://idp.example/?RelayState=x"}, ("sso_target_url",)),
        ({"sso_target_url": "https://idp.example/?SAMLRequest="}, ("sso_target_url",)),
        ({"request_binding": "artifact"}, ("request_binding",)),
        ({"attributes": [""]}, ("attributes", 0)),
        ({"spelled_wrong": 1}, ("spelled_wrong",)),
    ],
)
def test_mistakes_are_named(changes, path):
    assert [problem.path for problem in config_problems("saml", GOOD | changes)] == [path]
