"""Addresses at an identity provider."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator

_HOST: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*\.?|[0-9a-f:.]+")


def is_local(host: str) -> bool:
    """True for names and addresses that never leave the machine: localhost, ``*.localhost``, loopback."""
    name = host.lower().removesuffix(".").strip("[]")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def check_endpoint(text: str) -> str:
    """``text`` if it is an https address, or an http one on this machine. Raises ``ValueError``."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    shaped = re.fullmatch(r"https?://[\x21-\x7e]{1,2000}", text) and "\\" not in text
    if not shaped or not host or port == 0 or not _HOST.fullmatch(host):
        raise ValueError(f"{text!r} is not a web address; write it like https://idp.example.com/authorize")
    if "@" in parts.netloc:
        raise ValueError("the address holds a user name or password; leave that out")
    if "#" in text:
        raise ValueError(f"{text!r} has a fragment; leave out everything from the '#'")
    if parts.scheme == "http" and not is_local(host):
        raise ValueError(f"{text!r} is plain http, so anyone on the way could sign in as anybody; use https")
    return text


Endpoint = Annotated[str, AfterValidator(check_endpoint)]
"""https, or http on this machine only."""
