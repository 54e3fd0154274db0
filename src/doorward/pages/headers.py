"""The response headers that keep our pages ours, for every one of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

NOT_CACHED: Final[tuple[tuple[str, str], ...]] = (
    ("cache-control", "private, max-age=0, no-store, no-cache, must-revalidate, post-check=0, pre-check=0"),
    ("expires", "Thu, 01 Jan 1970 00:00:01 GMT"),
)
"""On every answer of the door (access.md 1.1)."""
_ORIGIN: Final = re.compile(r"https?://(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:]+\])(?::[0-9]{1,5})?")


def security_headers(form_targets: Iterable[str] = ()) -> tuple[tuple[str, str], ...]:
    """Lower-case names and values. Caching is not among them: every answer of the door forbids it, page or not.

    Nothing may run, frame the page, or learn from its address where it was called from. Forms lead to our own origin and
    to ``form_targets``: browsers hold ``form-action`` against the redirects after a POST too, so a page whose form ends
    at an application has to name the application's origin.

    Raises:
        ValueError: a form target is not an origin such as ``https://app.example.com``.
    """
    targets = tuple(form_targets)
    for target in targets:
        if not _ORIGIN.fullmatch(target):
            raise ValueError(f"{target!r} is not an origin; write it like https://app.example.com")
    policy = (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self' https: data:",
        " ".join(("form-action", "'self'", *targets)),
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
    return (
        ("content-security-policy", "; ".join(policy)),
        # Not no-referrer: that turns the Origin of our own forms into null, which is how a stranger's form looks.
        ("referrer-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
        ("x-robots-tag", "noindex, nofollow"),
    )
