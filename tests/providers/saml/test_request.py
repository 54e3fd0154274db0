"""What we ask a provider, and what we tell it about us."""

from __future__ import annotations

import base64
import zlib
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import signxml
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from lxml import etree
from tests.providers.saml.idp import NOW, OURS, SAML, provider
from tests.tokens.material import private_key

from doorward.providers.saml.config import SamlConfig
from doorward.providers.saml.metadata import sp_metadata
from doorward.providers.saml.request import departure, request_id
from doorward.signin import LoginAttempt
from doorward.tokens.keys import issue

KEY = issue(private_key("current"), "Doorward SAML signing", NOW)
NEXT = issue(private_key("other"), "Doorward SAML signing", NOW + 1)
ATTEMPT = LoginAttempt(
    state="s" * 43 + ".abcdefabcdefabcd",
    idp_id="idp-1",
    destination=None,
    browser_hash="",
    nonce="n-_" * 14,
    code_verifier="",
    created_at=NOW,
    expires_at=NOW + 3600,
)
MD = {"md": "urn:oasis:names:tc:SAML:2.0:metadata", "ds": "http://www.w3.org/2000/09/xmldsig#"}


def config(**fields):
    base = {"issuer_url": "urn:idp", "sso_target_url": "https://idp.example/sso", "idp_public_certs": (provider().pem,)}
    return SamlConfig.model_validate(base | fields)


def redirected(url):
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query, strict_parsing=True).items()}
    return query, etree.fromstring(zlib.decompress(base64.b64decode(query["SAMLRequest"]), -15))


def test_a_request_by_redirect_says_who_asks_and_where_to_answer():
    sent = departure(config(), ATTEMPT, OURS, None, force=False)
    query, request = redirected(sent.url)
    assert sent.fields == ()
    assert sent.url.startswith("https://idp.example/sso?SAMLRequest=")
    assert query.keys() == {"SAMLRequest", "RelayState"}
    assert query["RelayState"] == ATTEMPT.state
    assert dict(request.attrib) == {
        "ID": request_id(ATTEMPT),
        "Version": "2.0",
        "IssueInstant": "2027-01-15T08:00:00Z",
        "Destination": "https://idp.example/sso",
        "AssertionConsumerServiceURL": OURS,
        "ProtocolBinding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
    }
    assert request.findtext(f"{SAML}Issuer") == OURS


def test_the_id_of_a_request_is_an_xml_name_and_the_attempts_own():
    assert request_id(ATTEMPT) == "_" + ATTEMPT.nonce
    assert request_id(replace(ATTEMPT, nonce="other")) != request_id(ATTEMPT)


def test_an_address_with_a_query_keeps_it():
    sent = departure(config(sso_target_url="https://idp.example/sso?tenant=1"), ATTEMPT, OURS, None, force=False)
    assert sent.url.startswith("https://idp.example/sso?tenant=1&SAMLRequest=")


@pytest.mark.parametrize("force", [True, False])
def test_a_fresh_sign_in_is_asked_for(force):
    _, request = redirected(departure(config(), ATTEMPT, OURS, None, force=force).url)
    assert request.get("ForceAuthn") == ("true" if force else None)


def test_a_signed_request_by_redirect_carries_a_signature_over_the_query():
    url = departure(config(sign_request=True), ATTEMPT, OURS, KEY, force=False).url
    signed, _, signature = urlsplit(url).query.partition("&Signature=")
    assert [part.partition("=")[0] for part in signed.split("&")] == ["SAMLRequest", "RelayState", "SigAlg"]
    public = KEY.private_key.public_key()
    public.verify(base64.b64decode(unquote(signature)), signed.encode(), PKCS1v15(), hashes.SHA256())
    with pytest.raises(InvalidSignature):
        public.verify(base64.b64decode(unquote(signature)), signed.encode() + b"x", PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("signs", [True, False])
def test_a_request_by_form(signs):
    key = KEY if signs else None
    sent = departure(config(request_binding="post"), ATTEMPT, OURS, key, force=False)
    fields = dict(sent.fields)
    assert sent.url == "https://idp.example/sso"
    assert fields.keys() == {"SAMLRequest", "RelayState"}
    document = base64.b64decode(fields["SAMLRequest"])
    request = etree.fromstring(document)
    assert [etree.QName(child).localname for child in request] == [
        "Issuer", *(["Signature"] if signs else []), "NameIDPolicy",
    ]  # fmt: skip
    if signs:
        moment = datetime.fromtimestamp(NOW, tz=UTC)
        found = signxml.XMLVerifier().verify(
            document,
            x509_cert=x509.load_pem_x509_certificate(KEY.certificate.encode()),
            id_attribute="ID",
            expect_config=signxml.SignatureConfiguration(location="./", verification_time=moment),
        )
        assert found.signed_xml.get("ID") == request_id(ATTEMPT)


def test_a_relay_state_has_eighty_bytes():
    departure(config(), replace(ATTEMPT, state="s" * 80), OURS, None, force=False)
    with pytest.raises(ValueError, match="80"):
        departure(config(), replace(ATTEMPT, state="s" * 81), OURS, None, force=False)


def test_metadata_tells_a_provider_what_it_needs():
    root = etree.fromstring(sp_metadata(OURS, (KEY, NEXT), None, signs_requests=True).encode())
    assert root.get("entityID") == OURS
    (ours,) = root.findall("md:SPSSODescriptor", MD)
    assert ours.get("AuthnRequestsSigned") == ours.get("WantAssertionsSigned") == "true"
    assert [key.get("use") for key in ours.findall("md:KeyDescriptor", MD)] == ["signing", "signing"]
    first = ours.findtext("md:KeyDescriptor/ds:KeyInfo/ds:X509Data/ds:X509Certificate", None, MD)
    assert first == "".join(KEY.certificate.strip().splitlines()[1:-1])
    (acs,) = ours.findall("md:AssertionConsumerService", MD)
    assert acs.get("Location") == OURS
    assert ours.findtext("md:NameIDFormat", None, MD).endswith(":emailAddress")


def test_metadata_has_a_certificate_to_encrypt_to_where_that_is_wanted():
    root = etree.fromstring(sp_metadata(OURS, (KEY,), NEXT, signs_requests=False).encode())
    (descriptor,) = root.findall("md:SPSSODescriptor/md:KeyDescriptor[@use='encryption']", MD)
    methods = [method.get("Algorithm") for method in descriptor.findall("md:EncryptionMethod", MD)]
    assert methods[0].endswith("aes256-gcm")
    assert not any("1_5" in method for method in methods)
    assert root.find("md:SPSSODescriptor", MD).get("AuthnRequestsSigned") == "false"
