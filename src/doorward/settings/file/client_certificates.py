"""Authorities for client certificates in the file (access.md 3.5), in the API's field names."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final

from pydantic import AfterValidator, BeforeValidator, Field

from doorward.settings.file.base import HostName, MaybeEmpty, Name, Part

PEM: Final = "-----BEGIN CERTIFICATE-----"
_KEPT: Final = "it follows from the certificate; remove it"
_LONGEST_PATH: Final = 4096


def _several(value: Any) -> Any:
    """One entry may stand without a list."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else value


def _file(text: str) -> str:
    text = text.strip()
    if not text:
        raise ValueError("it is empty; write the name of a PEM file")
    if PEM not in text and ("\n" in text or "\0" in text or len(text) > _LONGEST_PATH):
        raise ValueError(f"that is neither the name of a file nor a PEM certificate; one begins with {PEM}")
    return text


def _no_china(value: bool) -> bool:
    if value:
        raise ValueError("there is no China network here; remove it, or write false")
    return value


Files = Annotated[tuple[Annotated[str, AfterValidator(_file)], ...], BeforeValidator(_several), Field(max_length=100)]


class MtlsCertificatePart(Part):
    """One of ``mtls_certificates``: an authority and the hosts where its certificates count."""

    UNSUPPORTED: ClassVar[dict[str, str]] = dict.fromkeys(
        ("created_at", "expires_on", "fingerprint", "id", "updated_at"), _KEPT
    )

    name: Name
    certificate: Annotated[Files, Field(min_length=1)]
    """PEM files, or PEM text as in the API. Relative paths start at the configuration file."""
    crl: Files = ()
    """Files with revocation lists, PEM or DER."""
    associated_hostnames: Annotated[tuple[HostName, ...], MaybeEmpty] = ()


class MtlsSettingPart(Part):
    """One of ``mtls_settings``: the API's settings of a hostname."""

    hostname: HostName
    client_certificate_forwarding: bool = False
    china_network: Annotated[bool, AfterValidator(_no_china)] = False
