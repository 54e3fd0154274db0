from __future__ import annotations

import pytest

from doorward.login.answers import continued, redirect


@pytest.mark.parametrize("answer", [redirect, continued])
@pytest.mark.parametrize("character", ["\r", "\n", "\r\n", "\0", "\t", "\x7f", "\x85"])
def test_g3_47_no_redirect_begins_another_header(world, answer, character):
    """They are kept out long before; a redirect that has one all the same is not sent."""
    with pytest.raises(ValueError, match="a redirect to"):
        answer(world.pages, world.organization, f"https://wiki.example.com/{character}set-cookie: evil=1")
    assert answer(world.pages, world.organization, "https://wiki.example.com/").status_code in {200, 302}
