"""Encrypted assertions (XML Encryption 1.1): AES in CBC or GCM mode, its key by RSA-OAEP. PKCS #1 v1.5 does not exist here.

Whatever fails after the algorithms were found acceptable fails in the same words, so that nobody learns from the
answer what was wrong. Nothing decrypted is believed before a signature was verified over it, or over the response around it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import quoteattr

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from lxml import etree

from doorward.providers.failure import Failure
from doorward.providers.saml.document import children, only_child, read_document, standalone, whole_text
from doorward.providers.saml.flaw import Flaw, flawed
from doorward.providers.saml.names import ENCRYPTION, ENCRYPTION_11, SIGNATURE, encryption, signature

MOST_KEYS: Final = 4
"""Encrypted keys in one assertion that are tried; providers send one for each recipient they know."""
_BLOCK: Final = 16
_GCM_NONCE: Final = 12
_CBC: Final = {f"{ENCRYPTION}aes{bits}-cbc": bits // 8 for bits in (128, 192, 256)}
_GCM: Final = {f"{ENCRYPTION_11}aes{bits}-gcm": bits // 8 for bits in (128, 192, 256)}
_OAEP_SHA1: Final = f"{ENCRYPTION}rsa-oaep-mgf1p"
_OAEP: Final = f"{ENCRYPTION_11}rsa-oaep"
_DIGESTS: Final[dict[str, type[hashes.HashAlgorithm]]] = {
    f"{SIGNATURE}sha1": hashes.SHA1,  # inside OAEP nothing rests on collisions; it is what most providers send
    f"{ENCRYPTION}sha256": hashes.SHA256,
    "http://www.w3.org/2001/04/xmldsig-more#sha384": hashes.SHA384,
    f"{ENCRYPTION}sha512": hashes.SHA512,
}
_SHA1: Final = f"{ENCRYPTION_11}mgf1sha1"
_MASKS: Final[dict[str, type[hashes.HashAlgorithm]]] = {
    _SHA1: hashes.SHA1,
    f"{ENCRYPTION_11}mgf1sha256": hashes.SHA256,
    f"{ENCRYPTION_11}mgf1sha384": hashes.SHA384,
    f"{ENCRYPTION_11}mgf1sha512": hashes.SHA512,
}


@dataclass(frozen=True, slots=True)
class _Sealed:
    """What an encrypted assertion is made of."""

    algorithm: str
    content: bytes
    keys: tuple[tuple[padding.OAEP, bytes], ...]


def decrypted(encrypted: etree._Element, keys: Sequence[RSAPrivateKey]) -> etree._Element:
    """The assertion inside a ``saml:EncryptedAssertion``, as a document of its own.

    Raises:
        Failure: ENCRYPTION_ALGORITHM, SHAPE, DECRYPTION.
    """
    sealed = _sealed(encrypted)
    size = (_CBC | _GCM)[sealed.algorithm]
    for oaep, wrapped in sealed.keys:
        for key in keys:
            plain = _opened(sealed, size, oaep, wrapped, key)
            if plain is not None and (found := _element(plain, encrypted)) is not None:
                return found
    raise flawed(Flaw.DECRYPTION, "it cannot be decrypted with any key of ours")


def _opened(sealed: _Sealed, size: int, oaep: padding.OAEP, wrapped: bytes, key: RSAPrivateKey) -> bytes | None:
    try:
        secret = key.decrypt(wrapped, oaep)
        if len(secret) != size:
            return None
        return _gcm(sealed.content, secret) if sealed.algorithm in _GCM else _cbc(sealed.content, secret)
    except (ValueError, InvalidTag):
        return None


def _gcm(content: bytes, secret: bytes) -> bytes:
    return AESGCM(secret).decrypt(content[:_GCM_NONCE], content[_GCM_NONCE:], None)


def _cbc(content: bytes, secret: bytes) -> bytes:
    decryptor = Cipher(AES(secret), CBC(content[:_BLOCK])).decryptor()
    padded = decryptor.update(content[_BLOCK:]) + decryptor.finalize()
    if not padded or not 1 <= padded[-1] <= _BLOCK:  # ISO 10126: only the last byte says something
        raise ValueError("padding")
    return padded[: -padded[-1]]


def _element(plain: bytes, encrypted: etree._Element) -> etree._Element | None:
    """Read in the place where it stood: it may use namespaces that are declared around it (XML Encryption, 4.4)."""
    declared = "".join(
        f" xmlns{':' + prefix if prefix else ''}={quoteattr(uri)}" for prefix, uri in encrypted.nsmap.items()
    )
    try:
        around = read_document(f"<around{declared}>".encode() + plain + b"</around>")
        if len(around) != 1:
            return None
        return read_document(etree.tostring(standalone(around[0])))
    except Failure:
        return None


def _sealed(encrypted: etree._Element) -> _Sealed:
    data = only_child(encrypted, encryption("EncryptedData"))
    if data is None:
        raise flawed(Flaw.SHAPE, "an encrypted assertion without EncryptedData")
    algorithm = _algorithm(data)
    if algorithm not in _CBC and algorithm not in _GCM:
        raise flawed(Flaw.ENCRYPTION_ALGORITHM, f"the assertion is encrypted by {algorithm[:100]}")
    inside = [
        one for info in children(data, signature("KeyInfo")) for one in children(info, encryption("EncryptedKey"))
    ]
    wrapped = inside + children(encrypted, encryption("EncryptedKey"))
    if not 1 <= len(wrapped) <= MOST_KEYS:
        raise flawed(Flaw.SHAPE, f"{len(wrapped)} encrypted keys; 1 to {MOST_KEYS} are read")
    return _Sealed(algorithm, _content(data), tuple((_oaep(one), _content(one)) for one in wrapped))


def _oaep(wrapped: etree._Element) -> padding.OAEP:
    method = only_child(wrapped, encryption("EncryptionMethod"))
    algorithm = _algorithm(wrapped)
    if method is None or algorithm not in (_OAEP_SHA1, _OAEP):
        raise flawed(Flaw.ENCRYPTION_ALGORITHM, f"the key is encrypted by {algorithm[:100]}; RSA-OAEP is read")
    digest = _hash(only_child(method, signature("DigestMethod")), _DIGESTS)
    mask = _MASKS[_SHA1]() if algorithm == _OAEP_SHA1 else _hash(only_child(method, f"{{{ENCRYPTION_11}}}MGF"), _MASKS)
    if only_child(method, encryption("OAEPparams")) is not None:
        raise flawed(Flaw.ENCRYPTION_ALGORITHM, "RSA-OAEP with parameters")
    return padding.OAEP(padding.MGF1(mask), digest, None)


def _hash(element: etree._Element | None, known: dict[str, type[hashes.HashAlgorithm]]) -> hashes.HashAlgorithm:
    if element is None:
        return _MASKS[_SHA1]()  # what the specification says where nothing is said
    name = element.get("Algorithm", "")
    if name not in known:
        raise flawed(Flaw.ENCRYPTION_ALGORITHM, f"RSA-OAEP with {name[:100]}")
    return known[name]()


def _algorithm(element: etree._Element) -> str:
    method = only_child(element, encryption("EncryptionMethod"))
    return str(method.get("Algorithm", "")) if method is not None else ""


def _content(element: etree._Element) -> bytes:
    """The cipher text, which stands in the document: nothing is fetched from elsewhere."""
    data = only_child(element, encryption("CipherData"))
    value = only_child(data, encryption("CipherValue")) if data is not None else None
    if value is None:
        raise flawed(Flaw.SHAPE, "encrypted data without its value")
    try:
        return base64.b64decode("".join(whole_text(value).split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise flawed(Flaw.DECRYPTION, "it cannot be decrypted with any key of ours") from error
