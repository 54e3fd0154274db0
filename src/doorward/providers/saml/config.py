"""``config`` of an identity provider of type ``saml`` (access.md 6.2), with what stands beside it here."""

from __future__ import annotations

from typing import Annotated, Final, Literal
from urllib.parse import parse_qsl, urlsplit

from cryptography import x509
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from doorward.providers.web_address import check_web_address
from doorward.saml_keys import certificate_of

_OURS: Final = frozenset({"SAMLRequest", "RelayState", "SigAlg", "Signature", "SAMLEncoding"})


def _certificate(text: str) -> str:
    certificate_of(text)
    return text


def _certificates(texts: tuple[str, ...]) -> tuple[str, ...]:
    if not 1 <= len(texts) <= 10:
        raise ValueError(f"{len(texts)} certificates; one to ten are needed")
    return texts


def _sign_in_address(text: str) -> str:
    check_web_address(text)
    taken = _OURS & {name for name, _ in parse_qsl(urlsplit(text).query, keep_blank_values=True)}
    if taken:
        raise ValueError(f"leave {', '.join(sorted(taken))} out of this address; it is added for each login")
    return text


Name = Annotated[str, Field(min_length=1, max_length=1024)]


class SamlConfig(BaseModel):
    """How to reach one SAML provider, whom to believe and what to take from its answer."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    issuer_url: Name
    """The provider's entity id, exactly as it writes it. Often an address; nothing is fetched from it."""
    sso_target_url: Annotated[str, AfterValidator(_sign_in_address)]
    """Where the browser is sent to sign in."""
    idp_public_certs: Annotated[tuple[Annotated[str, AfterValidator(_certificate)], ...], AfterValidator(_certificates)]
    """Any of them may have signed: that is how a provider changes its own without an outage."""
    attributes: Annotated[tuple[Name, ...], Field(max_length=100)] = ()
    """Go into the token, in this order, as long as there is room."""
    email_attribute_name: Annotated[str, Field(max_length=1024)] = ""
    """Empty: the usual attributes, then the NameID."""
    sign_request: bool = False
    request_binding: Literal["redirect", "post"] = "redirect"
    force_authn: bool = False
    """Have everybody sign in again, however well the provider knows them."""
    enable_encryption: bool = False
    """Our certificate for encryption is in the metadata, and encrypted assertions are read."""

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        return tuple(map(certificate_of, self.idp_public_certs))
