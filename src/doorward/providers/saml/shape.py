"""What may stand where in a response, looked at before any signature: a wrapped, moved or second assertion ends here.

A signature counts only as the child of what it signs, with one reference, to that very element, by the two transforms
that every provider uses. What is in ``ds:KeyInfo`` is never looked at (docs/attacks.md, 118, 119, 124, 125).
"""

from __future__ import annotations

from typing import Final

from lxml import etree

from doorward.providers.saml.document import children, local_name, only_child
from doorward.providers.saml.flaw import Flaw, flawed
from doorward.providers.saml.names import ENVELOPED, EXCLUSIVE, assertion, protocol, signature

_MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
_PSS: Final = "http://www.w3.org/2007/05/xmldsig-more#"
SIGNATURE_METHODS: Final = frozenset(
    {f"{_MORE}{kind}-sha{bits}" for kind in ("rsa", "ecdsa") for bits in (256, 384, 512)}
    | {f"{_PSS}sha{bits}-rsa-MGF1" for bits in (256, 384, 512)}
)
"""No SHA-1, no DSA, and no HMAC: a shared secret that is somebody's public key is no secret."""
DIGEST_METHODS: Final = frozenset(
    {"http://www.w3.org/2001/04/xmlenc#sha256", f"{_MORE}sha384", "http://www.w3.org/2001/04/xmlenc#sha512"}
)
_LONGEST_PREFIXES: Final = 256
_RESPONSE: Final = tuple(
    {assertion("Issuer"), signature("Signature"), protocol("Extensions"), protocol("Status"),
     assertion("Assertion"), assertion("EncryptedAssertion")}
)  # fmt: skip
_ASSERTION: Final = tuple(
    {assertion(name) for name in
     ("Issuer", "Subject", "Conditions", "Advice", "AuthnStatement", "AuthzDecisionStatement", "AttributeStatement")}
    | {signature("Signature")}
)  # fmt: skip


def check_response(root: etree._Element) -> None:
    """Refuse anything but a ``samlp:Response`` with exactly one assertion (or encrypted one) as its child.

    Raises:
        Failure: SHAPE, ASSERTIONS, SIGNATURE_PLACE, SIGNATURE_FORM, SIGNATURE_ALGORITHM.
    """
    if root.tag != protocol("Response"):
        raise flawed(Flaw.SHAPE, f"the document is a {str(root.tag)[:100]}, not a SAML 2.0 response")
    _check_children(root, _RESPONSE)
    found = _named(root, "Assertion", "EncryptedAssertion")
    direct = children(root, assertion("Assertion")) + children(root, assertion("EncryptedAssertion"))
    if len(found) > 1 or (found and len(direct) != 1):
        raise flawed(Flaw.ASSERTIONS, f"{len(found)} assertions, {len(direct)} of them in their place; one is read")
    _check_signatures(root, (root, *children(root, assertion("Assertion"))))


def check_assertion(root: etree._Element) -> None:
    """The same for an assertion as a document of its own.

    Raises:
        Failure: as :func:`check_response`.
    """
    if root.tag != assertion("Assertion"):
        raise flawed(Flaw.ASSERTIONS, f"a {str(root.tag)[:100]} in place of an assertion")
    _check_children(root, _ASSERTION)
    if len(_named(root, "Assertion", "EncryptedAssertion", "Response")) != 1:
        raise flawed(Flaw.ASSERTIONS, "an assertion inside the assertion")
    _check_signatures(root, (root,))


def signed(element: etree._Element) -> bool:
    """Whether it has a signature of its own; nothing is proven by that."""
    return bool(children(element, signature("Signature")))


def _check_children(element: etree._Element, allowed: tuple[str, ...]) -> None:
    for child in element:
        if child.tag not in allowed:
            raise flawed(Flaw.SHAPE, f"{local_name(element)} holds a {str(child.tag)[:100]}")


def _named(root: etree._Element, *names: str) -> list[etree._Element]:
    """Every element with one of these names, in whatever namespace."""
    return [element for element in root.iter() if local_name(element) in names]


def _check_signatures(root: etree._Element, signable: tuple[etree._Element, ...]) -> None:
    expected = [(parent, only_child(parent, signature("Signature"))) for parent in signable]
    placed = [(parent, found) for parent, found in expected if found is not None]
    if len(_named(root, "Signature")) != len(placed):
        raise flawed(Flaw.SIGNATURE_PLACE, "a signature that is not the child of the response or of the assertion")
    for parent, found in placed:
        _check_form(found, parent)


def _check_form(found: etree._Element, parent: etree._Element) -> None:
    parts = [child.tag for child in found]
    needed = [signature("SignedInfo"), signature("SignatureValue")]
    if parts not in (needed, [*needed, signature("KeyInfo")]):
        raise flawed(Flaw.SIGNATURE_FORM, "a signature with other parts than SignedInfo, SignatureValue and KeyInfo")
    info = found[0]
    expected = [signature(name) for name in ("CanonicalizationMethod", "SignatureMethod", "Reference")]
    if [child.tag for child in info] != expected:
        raise flawed(Flaw.SIGNATURE_FORM, "a signature needs exactly one reference")
    canonical, method, reference = info
    _check_canonical(canonical)
    if method.get("Algorithm") not in SIGNATURE_METHODS or len(method):
        raise flawed(Flaw.SIGNATURE_ALGORITHM, f"the signature is by {str(method.get('Algorithm'))[:100]}")
    _check_reference(reference, parent)


def _check_reference(reference: etree._Element, parent: etree._Element) -> None:
    identifier = parent.get("ID")
    if not identifier or reference.get("URI") != f"#{identifier}":
        raise flawed(Flaw.SIGNATURE_FORM, "the reference is not to the element that the signature stands in")
    expected = [signature(name) for name in ("Transforms", "DigestMethod", "DigestValue")]
    if [child.tag for child in reference] != expected:
        raise flawed(Flaw.SIGNATURE_FORM, "the reference has other parts than Transforms, DigestMethod and DigestValue")
    transforms, digest, _ = reference
    algorithms = [child.get("Algorithm") for child in transforms]
    if algorithms != [ENVELOPED, EXCLUSIVE] or any(child.tag != signature("Transform") for child in transforms):
        raise flawed(Flaw.SIGNATURE_FORM, f"the transforms are {', '.join(str(name)[:80] for name in algorithms)}")
    if len(transforms[0]):
        raise flawed(Flaw.SIGNATURE_FORM, "a transform with content of its own")
    _check_canonical(transforms[1])
    if digest.get("Algorithm") not in DIGEST_METHODS or len(digest):
        raise flawed(Flaw.SIGNATURE_ALGORITHM, f"the digest is by {str(digest.get('Algorithm'))[:100]}")


def _check_canonical(method: etree._Element) -> None:
    """Exclusive canonical XML without comments, and at most a short list of prefixes to go with it."""
    if method.get("Algorithm") != EXCLUSIVE:
        raise flawed(Flaw.SIGNATURE_FORM, f"canonical XML by {str(method.get('Algorithm'))[:100]}")
    for child in method:
        prefixes = child.get("PrefixList", "")
        if child.tag != f"{{{EXCLUSIVE}}}InclusiveNamespaces" or len(prefixes) > _LONGEST_PREFIXES or len(method) > 1:
            raise flawed(Flaw.SIGNATURE_FORM, "canonical XML with parameters that are not known here")
