"""Addresses that may stand in an ``href``, ``action`` or ``src``. Escaping does not help there: ``javascript:`` is clean HTML."""

from __future__ import annotations

import re
from typing import Final

# Browsers drop tabs and line ends and read \ as /; whatever needs that to be harmless is not let in.
_UNCLEAN: Final = re.compile(r"[\x00-\x20\x7f-\x9f\\\u2028\u2029]")
_WEB: Final = re.compile(r"https?://[^/?#@]+(?:[/?#].*)?", re.IGNORECASE)
_OURS: Final = re.compile(r"/(?!/).*")
_IMAGE: Final = re.compile(r"data:image/(?:png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/=]+")


def link(url: str) -> str:
    """The address when it leads to a web page, ours or another; else empty, and the template leaves the link out."""
    clean = not _UNCLEAN.search(url) and (_WEB.fullmatch(url) or _OURS.fullmatch(url))
    return url if clean else ""


def picture(url: str) -> str:
    """The address when it can be the source of an image; else empty. A data: URL holds pictures, never a document."""
    return url if _IMAGE.fullmatch(url) else link(url)


def form_target(url: str) -> str:
    """The address a form posts to.

    Raises:
        ValueError: it is not a web address. Forms are made by us, so this is a mistake of ours and no page may hide it.
    """
    if not link(url):
        raise ValueError(f"{url!r} is not an address a form may post to; give a path or an http(s) URL")
    return url
