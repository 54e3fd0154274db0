"""A SAML provider made of strings: everything in its responses can be bent, and what should be signed is signed."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache

import signxml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from lxml import etree

from doorward.providers.saml.assertion import Expected
from doorward.providers.saml.document import parser
from doorward.providers.saml.response import Trust

NOW = 1_800_000_000
ISSUER = "https://idp.example/entity"
OURS = "https://login.example.com/cdn-cgi/access/callback"
REQUEST = "_request-1"
EXPECTED = Expected(
    issuer=ISSUER,
    audience=OURS,
    recipient=OURS,
    request_id=REQUEST,
    requested_at=NOW - 30,
    fresh=False,
    now=NOW,
)
NAMESPACES = (
    'xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" '
    'xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)
SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
SUCCESS = '<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>'
ATTRIBUTES = {"email": ("ada@example.com",), "groups": ("staff", "engineering"), "department": ("R&D",)}


def at(seconds: int) -> str:
    return datetime.fromtimestamp(NOW + seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


@dataclass(frozen=True)
class Signer:
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()


def signer(key=None, *, begin: int = -86_400, end: int = 86_400) -> Signer:
    key = key or rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.example")])
    moment = datetime.fromtimestamp(NOW, tz=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment + timedelta(seconds=begin))
        .not_valid_after(moment + timedelta(seconds=end))
        .sign(key, hashes.SHA256())
    )
    return Signer(key, certificate)


@cache
def provider() -> Signer:
    return signer()


@cache
def stranger() -> Signer:
    return signer()


@cache
def ours() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def trust(*, encrypted: bool = False) -> Trust:
    return Trust((provider().certificate,), (ours(),) if encrypted else ())


@dataclass(frozen=True)
class Answer:
    """A response before it is signed."""

    response_id: str = "_response-1"
    assertion_id: str = "_assertion-1"
    response_issuer: str = f"<saml:Issuer>{ISSUER}</saml:Issuer>"
    assertion_issuer: str = f"<saml:Issuer>{ISSUER}</saml:Issuer>"
    response_version: str = "2.0"
    assertion_version: str = "2.0"
    destination: str | None = OURS
    in_response_to: str | None = REQUEST
    confirmed_request: str | None = REQUEST
    response_issued: str = field(default_factory=lambda: at(-5))
    assertion_issued: str = field(default_factory=lambda: at(-5))
    status: str = SUCCESS
    name_id: str = "ada@example.com"
    recipient: str | None = OURS
    confirmed_until: str | None = field(default_factory=lambda: at(300))
    confirmed_from: str | None = None
    method: str = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
    subject: str | None = None
    begin: str | None = field(default_factory=lambda: at(-60))
    end: str | None = field(default_factory=lambda: at(300))
    audience: str = f"<saml:AudienceRestriction><saml:Audience>{OURS}</saml:Audience></saml:AudienceRestriction>"
    conditions: str | None = None
    sign_in: str | None = None
    attributes: object = field(default_factory=lambda: dict(ATTRIBUTES))
    more: str = ""
    """Further elements in the assertion."""
    beside: str = ""
    """Further elements in the response."""

    def assertion(self) -> str:
        confirmation = _attributes(
            Recipient=self.recipient,
            NotOnOrAfter=self.confirmed_until,
            NotBefore=self.confirmed_from,
            InResponseTo=self.confirmed_request,
        )
        subject = self.subject
        if subject is None:
            subject = (
                f"<saml:Subject><saml:NameID>{self.name_id}</saml:NameID>"
                f'<saml:SubjectConfirmation Method="{self.method}"><saml:SubjectConfirmationData{confirmation}/>'
                "</saml:SubjectConfirmation></saml:Subject>"
            )
        conditions = self.conditions
        if conditions is None:
            window = _attributes(NotBefore=self.begin, NotOnOrAfter=self.end)
            conditions = f"<saml:Conditions{window}>{self.audience}</saml:Conditions>"
        sign_in = self.sign_in
        if sign_in is None:
            sign_in = (
                f'<saml:AuthnStatement AuthnInstant="{at(-10)}"><saml:AuthnContext><saml:AuthnContextClassRef>'
                "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
                "</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
            )
        return (
            f'<saml:Assertion {NAMESPACES} ID="{self.assertion_id}" Version="{self.assertion_version}" '
            f'IssueInstant="{self.assertion_issued}">{self.assertion_issuer}{subject}{conditions}{sign_in}'
            f"{_statement(self.attributes)}{self.more}</saml:Assertion>"
        )

    def response(self, assertion: str) -> str:
        head = _attributes(Destination=self.destination, InResponseTo=self.in_response_to)
        return (
            f'<samlp:Response {NAMESPACES} ID="{self.response_id}" Version="{self.response_version}" '
            f'IssueInstant="{self.response_issued}"{head}>{self.response_issuer}'
            f"<samlp:Status>{self.status}</samlp:Status>{assertion}{self.beside}</samlp:Response>"
        )


def _attributes(**values: str | None) -> str:
    return "".join(f' {name}="{value}"' for name, value in values.items() if value is not None)


def _statement(attributes) -> str:
    if not attributes:
        return ""
    parts = []
    for name, values in attributes.items():
        inner = "".join(
            f'<saml:AttributeValue xsi:type="xs:string">{escape(value)}</saml:AttributeValue>' for value in values
        )
        parts.append(f'<saml:Attribute Name="{escape(name)}">{inner}</saml:Attribute>')
    return f"<saml:AttributeStatement>{''.join(parts)}</saml:AttributeStatement>"


def sign(xml: str, by: Signer | None = None, *, reference: str | None = None, method: str = "rsa-sha256", **options):
    """The element with an enveloped signature behind its issuer."""
    by = by or provider()
    root = etree.fromstring(xml, parser())
    root.insert(1, etree.Element(f"{DS}Signature", {"Id": "placeholder"}, nsmap={"ds": DS[1:-1]}))
    maker = signxml.XMLSigner(
        signature_algorithm=method,
        digest_algorithm=options.pop("digest", "sha256"),
        c14n_algorithm=options.pop("c14n", "http://www.w3.org/2001/10/xml-exc-c14n#"),
    )
    signed = maker.sign(
        root, key=by.key, cert=[by.certificate], reference_uri=reference or root.get("ID"), id_attribute="ID", **options
    )
    return etree.tostring(signed).decode()


def encrypt(assertion: str, *, algorithm: str = "gcm", bits: int = 256, transport: str = "rsa-oaep-mgf1p", key=None):
    """A ``saml:EncryptedAssertion``."""
    secret = os.urandom(bits // 8)
    plain = assertion.encode()
    if algorithm == "gcm":
        nonce = os.urandom(12)
        content = nonce + AESGCM(secret).encrypt(nonce, plain, None)
        method = f"http://www.w3.org/2009/xmlenc11#aes{bits}-gcm"
    else:
        nonce = os.urandom(16)
        length = 16 - len(plain) % 16
        encryptor = Cipher(AES(secret), CBC(nonce)).encryptor()
        content = nonce + encryptor.update(plain + os.urandom(length - 1) + bytes([length])) + encryptor.finalize()
        method = f"http://www.w3.org/2001/04/xmlenc#aes{bits}-cbc"
    public = (key or ours()).public_key()
    if transport == "rsa-1_5":
        wrapped, details = public.encrypt(secret, padding.PKCS1v15()), ""
        name = "http://www.w3.org/2001/04/xmlenc#rsa-1_5"
    elif transport == "rsa-oaep":
        wrapped = public.encrypt(secret, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None))
        name = "http://www.w3.org/2009/xmlenc11#rsa-oaep"
        details = (
            '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
            '<xenc11:MGF xmlns:xenc11="http://www.w3.org/2009/xmlenc11#" '
            'Algorithm="http://www.w3.org/2009/xmlenc11#mgf1sha256"/>'
        )
    else:
        wrapped = public.encrypt(secret, padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None))
        name, details = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p", ""
    return (
        '<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" '
        'xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" xmlns:ds="http://www.w3.org/2000/09/xmldsig#">'
        f'<xenc:EncryptedData Type="http://www.w3.org/2001/04/xmlenc#Element"><xenc:EncryptionMethod Algorithm="{method}"/>'
        f'<ds:KeyInfo><xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="{name}">{details}</xenc:EncryptionMethod>'
        f"<xenc:CipherData><xenc:CipherValue>{b64(wrapped)}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>"
        f"</ds:KeyInfo><xenc:CipherData><xenc:CipherValue>{b64(content)}</xenc:CipherValue></xenc:CipherData>"
        "</xenc:EncryptedData></saml:EncryptedAssertion>"
    )


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def encoded(xml: str | bytes) -> str:
    return b64(xml.encode() if isinstance(xml, str) else xml)


def assertion_signed(answer: Answer | None = None, by: Signer | None = None, **changes) -> str:
    answer = replace(answer or Answer(), **changes)
    return answer.response(sign(answer.assertion(), by))


def response_signed(answer: Answer | None = None, by: Signer | None = None, **changes) -> str:
    answer = replace(answer or Answer(), **changes)
    return sign(answer.response(answer.assertion()), by)


def both_signed(answer: Answer | None = None, by: Signer | None = None, **changes) -> str:
    answer = replace(answer or Answer(), **changes)
    return sign(answer.response(sign(answer.assertion(), by)), by)
