"""Codes of authenticator apps (RFC 6238): SHA-1, 30 seconds, 6 digits (access.md 4.7)."""

from __future__ import annotations

import base64
import hmac
import re
from typing import Final

from pyotp import TOTP

PERIOD: Final = 30
"""Seconds of a time step."""
DRIFT: Final = 1
"""Steps that a clock may be off, in either direction."""
SECRET_BYTES: Final = 20
"""RFC 4226 section 4: 160 bits."""

_CODE: Final = re.compile(r"[0-9]{6}")


def new_secret(random: bytes) -> str:
    """``SECRET_BYTES`` random bytes as base32, the form in which they are typed."""
    if len(random) != SECRET_BYTES:
        raise ValueError(f"a TOTP secret is {SECRET_BYTES} bytes, got {len(random)}")
    return base64.b32encode(random).decode()


def enrollment_uri(secret: str, email: str, organization: str) -> str:
    """``otpauth://…``: what the QR code holds."""
    return str(TOTP(secret).provisioning_uri(name=email, issuer_name=organization))


def matching_step(secret: str, typed: str, after: int, now: int) -> int | None:
    """The time step whose code was typed; None: it is wrong, too old, or was used.

    Args:
        secret: base32.
        typed: what the visitor typed; spaces do not count.
        after: the newest step that was used; no step up to it is taken (docs/attacks.md, 111).
        now: Unix seconds.
    """
    code = "".join(typed.split())
    if not _CODE.fullmatch(code):
        return None
    current, found = now // PERIOD, None
    for step in range(current - DRIFT, current + DRIFT + 1):  # all of them, however early one fits
        right = hmac.compare_digest(TOTP(secret).generate_otp(step), code)
        if right and step > after:
            found = step
    return found
