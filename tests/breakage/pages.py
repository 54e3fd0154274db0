"""What a page that says something went wrong must have, and what it must not."""

from __future__ import annotations

import re

import httpx

_REFERENCE = re.compile(r'<dl class="reference">.*?([0-9a-f]{16})', re.DOTALL)
_INSIDE = ("Traceback", "sqlite", "SQL", "OSError", "doorward/", "disk I/O", "Exception", "line ", "eyJ")
"""Words that only somebody who knows how we are built can use."""


def reference_on(page: str) -> str:
    """What the visitor is asked to quote."""
    found = _REFERENCE.search(page)
    assert found, f"a page without a reference: {page}"
    return found.group(1)


def is_clear(response: httpx.Response, *statuses: int) -> None:
    """A person learns what happened, what to do and what to quote; nobody learns how we are built."""
    assert response.status_code in statuses, (response.status_code, response.text)
    assert response.headers["content-type"].startswith("text/html"), response.headers
    reference_on(response.text)
    shows_nothing_inside(response.text)


def shows_nothing_inside(text: str) -> None:
    for word in _INSIDE:
        assert word not in text, f"{word!r} stands on the page: {text}"
