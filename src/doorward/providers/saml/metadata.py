"""What a provider is told about us (SAML metadata 2.4.4). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lxml import etree

from doorward.providers.saml.names import (
    EMAIL_ADDRESS,
    ENCRYPTION,
    ENCRYPTION_11,
    METADATA,
    POST_BINDING,
    PROTOCOL,
    SIGNATURE,
    metadata,
    signature,
)
from doorward.tokens.keys import SigningKey

MEDIA_TYPE: Final = "application/samlmetadata+xml"


def sp_metadata(
    our_url: str, signing: Sequence[SigningKey], encryption: SigningKey | None, *, signs_requests: bool
) -> str:
    """An ``EntityDescriptor``.

    Args:
        our_url: our entity id and the address of the answers, which are one.
        signing: keys that sign our requests now or soon.
        encryption: for assertions; None: they come in clear.
        signs_requests: whether we sign every request.
    """
    entity = etree.Element(metadata("EntityDescriptor"), {"entityID": our_url}, nsmap={"md": METADATA, "ds": SIGNATURE})
    ours = etree.SubElement(
        entity,
        metadata("SPSSODescriptor"),
        {
            "protocolSupportEnumeration": PROTOCOL,
            "AuthnRequestsSigned": "true" if signs_requests else "false",
            "WantAssertionsSigned": "true",
        },
    )
    for key in signing:
        _key(ours, "signing", key)
    if encryption is not None:
        descriptor = _key(ours, "encryption", encryption)
        for algorithm in (f"{ENCRYPTION_11}aes256-gcm", f"{ENCRYPTION}aes256-cbc", f"{ENCRYPTION}rsa-oaep-mgf1p"):
            etree.SubElement(descriptor, metadata("EncryptionMethod"), {"Algorithm": algorithm})
    etree.SubElement(ours, metadata("NameIDFormat")).text = EMAIL_ADDRESS
    etree.SubElement(
        ours,
        metadata("AssertionConsumerService"),
        {"Binding": POST_BINDING, "Location": our_url, "index": "0", "isDefault": "true"},
    )
    return etree.tostring(entity, xml_declaration=True, encoding="UTF-8", pretty_print=True).decode()


def _key(parent: etree._Element, use: str, key: SigningKey) -> etree._Element:
    descriptor = etree.SubElement(parent, metadata("KeyDescriptor"), {"use": use})
    info = etree.SubElement(descriptor, signature("KeyInfo"))
    data = etree.SubElement(info, signature("X509Data"))
    lines = key.certificate.strip().splitlines()[1:-1]
    etree.SubElement(data, signature("X509Certificate")).text = "".join(lines)
    return descriptor
