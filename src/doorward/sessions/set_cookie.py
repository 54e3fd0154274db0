"""Set-Cookie header values (RFC 6265bis section 4.1; access.md 1.7)."""

from __future__ import annotations

import re
from email.utils import formatdate
from typing import Final, Literal

SameSite = Literal["none", "lax", "strict", ""]

_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE: Final = re.compile(r"[!#-+\--:<-\[\]-~]*")
_PATH: Final = re.compile(r"/[!-:<-~]*")


def set_cookie(
    name: str,
    value: str,
    *,
    expires_at: int | None,
    now: int,
    secure: bool,
    http_only: bool = True,
    same_site: SameSite = "none",
    path: str = "/",
) -> str:
    """The value of a Set-Cookie header.

    Args:
        name: of the cookie.
        value: of the cookie.
        expires_at: Unix seconds; both ``Expires`` (cloudflared reads only that) and ``Max-Age`` say so. None: ends with
            the browser's session.
        now: Unix seconds.
        secure: False on plain http only. Browsers refuse ``SameSite=None`` without it, so that becomes ``Lax``.
        http_only: hidden from scripts.
        same_site: empty: no such attribute, the browser's default.
        path: begins with a slash.

    Raises:
        ValueError: the name, the value or the path would break out of its place in the header.
    """
    if not (_NAME.fullmatch(name) and _VALUE.fullmatch(value) and _PATH.fullmatch(path)):
        raise ValueError(f"the cookie {name!r} has a name, value or path that a Set-Cookie header cannot carry")
    parts = [f"{name}={value}"]
    if expires_at is not None:
        parts += [f"Expires={formatdate(expires_at, usegmt=True)}", f"Max-Age={max(expires_at - now, 0)}"]
    parts.append(f"Path={path}")
    if secure:
        parts.append("Secure")
    if http_only:
        parts.append("HttpOnly")
    if same_site:
        parts.append(f"SameSite={_acceptable(same_site, secure).capitalize()}")
    return "; ".join(parts)


def clear_cookie(
    name: str, *, secure: bool, http_only: bool = True, same_site: SameSite = "none", path: str = "/"
) -> str:
    """Remove a cookie. Give the attributes that set it: browsers ignore a removal that differs in them."""
    return set_cookie(name, "", expires_at=0, now=0, secure=secure, http_only=http_only, same_site=same_site, path=path)


def _acceptable(same_site: str, secure: bool) -> str:
    return "lax" if same_site == "none" and not secure else same_site
