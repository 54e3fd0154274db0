"""The order in which a response is read: limits, shape, signature, and only then what it says (SAML profiles 4.1.4)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from lxml import etree

from doorward.providers.failure import Failure, Reason
from doorward.providers.saml.assertion import Assertion, Expected, check_issued, check_issuer, read_assertion
from doorward.providers.saml.decryption import decrypted
from doorward.providers.saml.document import MAX_BYTES, children, only_child, read_document, standalone, whole_text
from doorward.providers.saml.flaw import Flaw, flawed
from doorward.providers.saml.names import STATUS, assertion, protocol
from doorward.providers.saml.shape import check_assertion, check_response, signed
from doorward.providers.saml.signature import proven

_SUCCESS: Final = STATUS + "Success"
_OUR_MISTAKE: Final = frozenset(
    STATUS + name for name in ("Requester", "VersionMismatch", "InvalidNameIDPolicy", "NoAuthnContext",
                               "RequestUnsupported", "RequestDenied", "UnsupportedBinding")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom to believe, and what to open letters with."""

    certificates: tuple[x509.Certificate, ...]
    """Several while the provider changes its own."""
    keys: tuple[RSAPrivateKey, ...] = field(default=(), repr=False)
    """Ours, for encrypted assertions; none: those are not expected."""


def read_response(encoded: str, expected: Expected, trust: Trust) -> Assertion:
    """What a ``SAMLResponse`` of the POST binding proves. It may be read once: the caller refuses the id a second time.

    Raises:
        Failure: with one of the flaws of ``flaw``; REFUSED, CONFIGURATION or UNAVAILABLE when the provider says no.
    """
    root = read_document(_decoded(encoded))
    check_response(root)
    whole = signed(root)
    if whole:
        root = proven(root, trust.certificates, expected.now)
    _check_outside(root, expected, is_proven=whole)
    return read_assertion(_proven_assertion(root, expected, trust, whole=whole), expected)


def _decoded(encoded: str) -> bytes:
    text = "".join(encoded.split())
    if not text:
        raise flawed(Flaw.NO_RESPONSE, "no SAMLResponse")
    if len(text) > MAX_BYTES * 4 // 3 + 4:
        raise flawed(Flaw.TOO_LARGE, f"more than {MAX_BYTES} bytes")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise flawed(Flaw.NO_RESPONSE, "the SAMLResponse is not base64") from error


def _proven_assertion(root: etree._Element, expected: Expected, trust: Trust, *, whole: bool) -> etree._Element:
    """The one assertion, covered by a signature: its own, or that of the response. If it has its own, that must hold too."""
    sealed = children(root, assertion("EncryptedAssertion"))
    plain = children(root, assertion("Assertion"))
    if len(sealed) + len(plain) != 1:
        raise flawed(Flaw.ASSERTIONS, "no assertion")
    if sealed:
        if not trust.keys:
            raise flawed(
                Flaw.NOT_EXPECTED_ENCRYPTED,
                "the assertion is encrypted and enable_encryption is off",
                Reason.CONFIGURATION,
            )
        found = decrypted(sealed[0], trust.keys)
    else:
        found = standalone(plain[0])
    check_assertion(found)
    if signed(found):
        return proven(found, trust.certificates, expected.now)
    if not whole:
        raise flawed(Flaw.NOT_SIGNED, "neither the response nor the assertion is signed")
    return found


def _check_outside(root: etree._Element, expected: Expected, *, is_proven: bool) -> None:
    """The response itself. Without a signature of its own it can only speak against the sign-in, never for it."""
    if root.get("Version") != "2.0" or not root.get("ID"):
        raise flawed(Flaw.VERSION, "the response is not of version 2.0, or has no id")
    check_issuer(root, expected.issuer, required=False)
    destination = root.get("Destination")
    if (destination is None and is_proven) or (destination is not None and destination != expected.recipient):
        raise flawed(Flaw.DESTINATION, f"sent to {str(destination)[:200]!r}, not to {expected.recipient!r}")
    if root.get("InResponseTo") is None:
        raise flawed(Flaw.UNSOLICITED, "the response answers no request; sign-ins begin at the application")
    if root.get("InResponseTo") != expected.request_id:
        raise flawed(Flaw.IN_RESPONSE_TO, "the response answers another request")
    check_issued(root, expected)
    _check_status(root)


def _check_status(root: etree._Element) -> None:
    status = only_child(root, protocol("Status"))
    code = only_child(status, protocol("StatusCode")) if status is not None else None
    if status is None or code is None:
        raise flawed(Flaw.STATUS, "the response has no status")
    if code.get("Value") != _SUCCESS:
        raise _refusal(status, code)


def _refusal(status: etree._Element, code: etree._Element) -> Failure:
    codes = [code.get("Value", ""), *(one.get("Value", "") for one in children(code, protocol("StatusCode")))]
    message = only_child(status, protocol("StatusMessage"))
    said = whole_text(message)[:300] if message is not None else ""
    named = ", ".join(one.removeprefix(STATUS)[:60] for one in codes)
    reason = Reason.CONFIGURATION if _OUR_MISTAKE.intersection(codes) else Reason.REFUSED
    return flawed(Flaw.STATUS, f"the provider says {named}" + (f": {said}" if said else ""), reason, said or named)
