"""Which web addresses a provider may have. Pure; nothing is resolved or fetched here."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

_LOOKS_LIKE_A_URL: Final = re.compile(r"https?://[\x21-\x7e]+", re.IGNORECASE)
_HOST_NAME: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?")
_LONGEST: Final = 2048
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def check_web_address(text: str) -> str:
    """Return ``text`` if it is an absolute https address, or an http one on this machine.

    No user name, no fragment, no white space, no backslash; ASCII host names only (``xn--`` for others).

    Raises:
        ValueError: with a sentence that says what is wrong.
    """
    if len(text) > _LONGEST or not _LOOKS_LIKE_A_URL.fullmatch(text) or "\\" in text:
        raise ValueError(f"{text[:100]!r} is not a web address; write it like https://login.example.com/path")
    parts = _split(text)
    if "@" in parts.netloc:
        raise ValueError("a provider's address must not hold a user name or password")
    if parts.fragment or text.endswith("#"):
        raise ValueError(f"{text!r} ends in a fragment; leave out the # and what follows")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError(f"{text!r} is not encrypted; use https (http is for providers on this machine only)")
    return text


def is_loopback(host: str) -> bool:
    """True for loopback addresses, ``localhost`` and every name under it (RFC 6761): they never leave this machine."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def is_inside(url: str) -> bool:
    """True if the address names this machine, or a private, link-local or otherwise not public IP address."""
    host = _split(url).hostname or ""
    if is_loopback(host):
        return True
    try:
        return not ip_address(host).is_global
    except ValueError:
        return False


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port (RFC 6454), for comparison."""
    parts = _split(url)
    return parts.scheme, (parts.hostname or "").rstrip("."), parts.port or _DEFAULT_PORTS[parts.scheme]


def _split(url: str) -> SplitResult:
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        usable = bool(_HOST_NAME.fullmatch(host)) or ip_address(host).version in {4, 6}
        usable = usable and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(f"{url[:100]!r} has no usable host name or port; write it like https://login.example.com/path")
    return parts
