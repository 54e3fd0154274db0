"""Everything about the machine: listeners, public address, mail and log."""

from __future__ import annotations

import re
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.utils import parseaddr
from ipaddress import ip_address
from typing import Annotated, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag

from doorward.settings.file.base import Line, Part, Port, Secret


def _address(text: str) -> str:
    try:
        return str(ip_address(text.strip("[]")))
    except ValueError as error:
        raise ValueError(f"{text!r} is not an IP address; write 0.0.0.0 for every interface, or 127.0.0.1") from error


def _header(text: str) -> str:
    name = text.lower()
    if not name or not all(char.isascii() and (char.isalnum() or char == "-") for char in name):
        raise ValueError(f"{text!r} is not a header name; write it like x-forwarded-for")
    if name.startswith(("cf-access-", "x-doorward-")):
        raise ValueError(f"{text!r} is a header the door sets itself; name the one that the balancer sets")
    return name


def _sender(text: str) -> str:
    name, address = parseaddr(text)
    try:
        Address(display_name=name, addr_spec=address)
    except (ValueError, HeaderParseError, IndexError):
        address = ""
    if not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", address) or address not in text:
        raise ValueError(f"{text!r} is not a sender; write login@example.com or Example <login@example.com>")
    return text


IpAddress = Annotated[str, AfterValidator(_address)]


class TlsPart(Part):
    """``listen.tls`` with files; relative paths start at the configuration file."""

    certificate: Annotated[Line, Field(min_length=1)]
    key: Annotated[Line, Field(min_length=1)]


def _tls_form(value: object) -> str:
    return "<local>" if isinstance(value, str) else "<files>"


class ListenPart(Part):
    """``listen``: at least one of ``http`` and ``https``."""

    address: IpAddress = "127.0.0.1"
    http: Port | None = None
    https: Port | None = None
    workers: Annotated[int, Field(ge=1, le=1024)] | None = None
    tls: (
        Annotated[
            Annotated[Literal["local"], Tag("<local>")] | Annotated[TlsPart, Tag("<files>")], Discriminator(_tls_form)
        ]
        | None
    ) = None
    http3: bool = False


class PublicPart(Part):
    """``public``: the scheme and port that browsers see."""

    scheme: Literal["http", "https"] | None = None
    port: Port | None = None


class ClientAddressPart(Part):
    """``client_address``: which header of the balancer in front is believed."""

    header: Annotated[str, AfterValidator(_header)]
    trusted_hops: Annotated[int, Field(ge=1, le=16)] = 1


class StatusPart(Part):
    """``status``: liveness, readiness and metrics, on loopback."""

    address: IpAddress = "127.0.0.1"
    port: Port = 9901


class MailPart(Part):
    """``mail``: the SMTP server that one-time PINs leave through."""

    host: Annotated[Line, Field(min_length=1)]
    port: Port | None = None
    username: Line = ""
    password: Secret | None = None
    security: Literal["none", "starttls", "tls"] = "starttls"
    sender: Annotated[Line, AfterValidator(_sender)]
    """``login@example.com`` or ``Example <login@example.com>``."""


class LogPart(Part):
    """``log``."""

    format: Literal["json", "text"] = "text"
    level: Literal["debug", "info", "warning", "error"] = "info"
