"""The question to the provider: an ``AuthnRequest``, by redirect or by a form (SAML bindings 3.4, 3.5). Pure."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlencode

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner

from doorward.providers.saml.config import SamlConfig
from doorward.providers.saml.names import (
    ASSERTION,
    EMAIL_ADDRESS,
    POST_BINDING,
    PROTOCOL,
    SIGNATURE,
    assertion,
    protocol,
)
from doorward.signin import LoginAttempt
from doorward.tokens.keys import SigningKey

RSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
LONGEST_RELAY_STATE: Final = 80
"""Bytes (bindings 3.4.3)."""


@dataclass(frozen=True, slots=True)
class Departure:
    """Where the browser goes, and what it takes along."""

    url: str
    fields: tuple[tuple[str, str], ...] = ()
    """Of a form to post; none: the browser is redirected."""


def request_id(attempt: LoginAttempt) -> str:
    """The id of the request, which the answer must name. Derived from the attempt, so that there is nothing to keep."""
    return f"_{attempt.nonce}"


def departure(
    config: SamlConfig, attempt: LoginAttempt, our_url: str, key: SigningKey | None, *, force: bool
) -> Departure:
    """The way to the provider.

    Args:
        config: of the provider.
        attempt: just begun; its state is the RelayState.
        our_url: our entity id and the address of the answer, which are one.
        key: signs the request; None: it is not signed.
        force: have the visitor sign in again.

    Raises:
        ValueError: the state is too long for a RelayState.
    """
    if len(attempt.state.encode()) > LONGEST_RELAY_STATE:
        raise ValueError(f"a RelayState has at most {LONGEST_RELAY_STATE} bytes")
    request = _request(config, attempt, our_url, force=force)
    if config.request_binding == "post":
        signed = _signed(request, key) if key is not None else request
        encoded = base64.b64encode(etree.tostring(signed)).decode()
        return Departure(config.sso_target_url, (("SAMLRequest", encoded), ("RelayState", attempt.state)))
    packed = zlib.compressobj(wbits=-15)
    deflated = packed.compress(etree.tostring(request)) + packed.flush()
    query = urlencode(
        {"SAMLRequest": base64.b64encode(deflated).decode(), "RelayState": attempt.state}, quote_via=quote, safe=""
    )
    if key is not None:
        query += f"&SigAlg={quote(RSA_SHA256, safe='')}"
        signature = key.private_key.sign(query.encode(), PKCS1v15(), hashes.SHA256())
        query += f"&Signature={quote(base64.b64encode(signature).decode(), safe='')}"
    joint = "&" if "?" in config.sso_target_url else "?"
    return Departure(f"{config.sso_target_url}{joint}{query}")


def _request(config: SamlConfig, attempt: LoginAttempt, our_url: str, *, force: bool) -> etree._Element:
    issued = datetime.fromtimestamp(attempt.created_at, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    request = etree.Element(
        protocol("AuthnRequest"),
        {
            "ID": request_id(attempt),
            "Version": "2.0",
            "IssueInstant": issued,
            "Destination": config.sso_target_url,
            "AssertionConsumerServiceURL": our_url,
            "ProtocolBinding": POST_BINDING,
        },
        nsmap={"samlp": PROTOCOL, "saml": ASSERTION},
    )
    if force:
        request.set("ForceAuthn", "true")
    etree.SubElement(request, assertion("Issuer")).text = our_url
    etree.SubElement(request, protocol("NameIDPolicy"), {"Format": EMAIL_ADDRESS, "AllowCreate": "true"})
    return request


def _signed(request: etree._Element, key: SigningKey) -> etree._Element:
    """The signature goes behind the issuer, where the schema wants it."""
    request.insert(1, etree.Element(f"{{{SIGNATURE}}}Signature", {"Id": "placeholder"}, nsmap={"ds": SIGNATURE}))
    signer = XMLSigner(
        signature_algorithm=SignatureMethod.RSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    certificate = x509.load_pem_x509_certificate(key.certificate.encode())
    return signer.sign(
        request, key=key.private_key, cert=[certificate], reference_uri=request.get("ID"), id_attribute="ID"
    )
