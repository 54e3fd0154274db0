from __future__ import annotations

import pytest

from doorward.pages.links import form_target, link, picture

GOOD = [
    "https://app.example.com/a?b=c#d",
    "http://app.localhost:8080/",
    "HTTPS://app.example.com",
    "https://app.example.com?a=b",
    "/cdn-cgi/access/start?x=1",
    "/",
]
BAD = [
    "",
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    " javascript:alert(1)",
    "java\tscript:alert(1)",
    "\x01javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "//evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "https:evil.example",
    "https:///evil.example",
    "https:\\\\evil.example",
    "https://user@evil.example/",
    "https://evil.example/\n",
    "relative",
    "?query",
    "#fragment",
    "blob:https://a.b/1",
]


@pytest.mark.parametrize("url", GOOD)
def test_web_addresses_are_links(url: str) -> None:
    assert link(url) == picture(url) == form_target(url) == url


@pytest.mark.parametrize("url", BAD)
def test_g7_114_anything_else_is_no_link(url: str) -> None:
    assert link(url) == ""
    assert picture(url) == ""
    with pytest.raises(ValueError, match="is not an address a form may post to"):
        form_target(url)


def test_a_picture_may_be_in_its_address_and_nothing_else_may() -> None:
    assert picture("data:image/png;base64,AAAA")
    assert picture("data:image/svg+xml;base64,AAAA")
    assert not link("data:image/png;base64,AAAA")
    for url in (
        "data:text/html;base64,AAAA",
        "data:image/svg+xml,<svg onload=x>",
        'data:image/png;base64,AA"onerror=x',
    ):
        assert not picture(url)
