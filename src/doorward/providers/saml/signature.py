"""Proves one element. What comes back is read from the very bytes that were signed; nothing else may be believed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from doorward.providers.saml.document import children, parser, standalone
from doorward.providers.saml.flaw import Flaw, flawed
from doorward.providers.saml.names import signature
from doorward.providers.saml.shape import DIGEST_METHODS, SIGNATURE_METHODS

_METHODS: Final = frozenset(SignatureMethod(name) for name in SIGNATURE_METHODS)
_DIGESTS: Final = frozenset(DigestAlgorithm(name) for name in DIGEST_METHODS)


def proven(element: etree._Element, certificates: Sequence[x509.Certificate], now: int) -> etree._Element:
    """The element as it was signed by the key of one of ``certificates``: a new tree, without the signature.

    Args:
        element: the response or the assertion, of the shape that ``shape`` demands.
        certificates: those of the configuration. What the document says about keys does not matter.
        now: Unix seconds; a certificate counts within its dates only.

    Raises:
        Failure: CERTIFICATE, SIGNATURE.
    """
    time = datetime.fromtimestamp(now, tz=UTC)
    current = [one for one in certificates if one.not_valid_before_utc <= time <= one.not_valid_after_utc]
    if not current:
        raise flawed(Flaw.CERTIFICATE, "every configured certificate of the provider has expired or is not valid yet")
    alone = standalone(element)
    for found in children(alone, signature("Signature")):
        for key_info in children(found, signature("KeyInfo")):
            found.remove(key_info)
    data = etree.tostring(alone)
    complaints = []
    for certificate in current:
        try:
            return _as_signed(_verified(data, certificate, time), alone, certificate)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in there, nothing was proven
            complaints.append(f"{type(error).__name__}: {str(error)[:120]}")
    raise flawed(Flaw.SIGNATURE, f"none of {len(current)} certificates verifies it ({'; '.join(complaints[:4])})")


def _verified(data: bytes, certificate: x509.Certificate, time: datetime) -> VerifyResult:
    configuration = SignatureConfiguration(
        require_x509=True,
        location="./",
        expect_references=1,
        signature_methods=_METHODS,
        digest_algorithms=_DIGESTS,
        verification_time=time,
    )
    result = XMLVerifier().verify(
        data,
        x509_cert=certificate,
        parser=parser(),
        id_attribute="ID",
        validate_schema=False,  # ``shape`` is stricter, and the schema does not know exclusive canonical XML
        expect_config=configuration,
    )
    if isinstance(result, list):
        raise TypeError("several results where one reference was expected")
    return result


def _as_signed(result: VerifyResult, alone: etree._Element, certificate: x509.Certificate) -> etree._Element:
    """See what is signed: it must be the whole element, by the key that was asked for."""
    pem = certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    found = result.signed_xml
    if found is None or found.tag != alone.tag or found.get("ID") != alone.get("ID") or result.signature_key != pem:
        raise ValueError("something else was signed")
    return found
