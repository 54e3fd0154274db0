"""Who is asked and who asks, as text from a request: one reader for the check and for the login. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

_HOST: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?", re.ASCII)
_PORT: Final = re.compile(r":[0-9]{1,5}", re.ASCII)


def host_name(authority: str) -> str | None:
    """The name in a Host header: lower case, no port, no trailing dot. None when it is not a plain DNS name."""
    if not authority.isascii():
        return None  # before anything is made lower case: the Kelvin sign would become a plain k
    name = authority.lower()
    colon = name.find(":")
    if colon >= 0:
        if not _PORT.fullmatch(name[colon:]):
            return None
        name = name[:colon]
    name = name.removesuffix(".")
    return name if len(name) <= 253 and ".." not in name and _HOST.fullmatch(name) else None


@lru_cache(maxsize=4096)
def client_address(text: str) -> IPv4Address | IPv6Address | None:
    """The address that Envoy reports, IPv4-mapped ones as IPv4; None when there is none."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
