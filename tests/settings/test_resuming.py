"""The settings of kept forms and of cookies for several hosts."""

from __future__ import annotations

import pytest
from tests.settings.reading import GOOD, changed, refusal_of, settings_of
from tests.settings.test_resolution import resolved

from doorward.resumption import LONGEST_BODY

NAME = "  name: Example\n"
DOMAIN = "    domain: wiki.example.com\n"


def test_both_are_on_by_default(tmp_path):
    result = resolved(tmp_path, GOOD)
    assert (result.organization.resume_posts, result.organization.resume_posts_max_size) == (True, 65_536)
    assert all(one.resume_posts and one.eager_redirect_cookie_setting for one in result.applications)


def test_they_can_be_switched_off(tmp_path):
    off = changed(DOMAIN, DOMAIN + "    resume_posts: false\n    eager_redirect_cookie_setting: false\n")
    wiki = resolved(tmp_path, off).applications[0]
    assert not wiki.resume_posts
    assert not wiki.eager_redirect_cookie_setting
    assert not resolved(tmp_path, changed(NAME, NAME + "  resume_posts: false\n")).organization.resume_posts


@pytest.mark.parametrize("size", [1024, LONGEST_BODY])
def test_the_size_has_bounds(tmp_path, size):
    text = changed(NAME, NAME + f"  resume_posts_max_size: {size}\n")
    assert settings_of(tmp_path, text).organization.resume_posts_max_size == size
    beyond = size - 1 if size == 1024 else size + 1
    (problem,) = refusal_of(tmp_path, changed(NAME, NAME + f"  resume_posts_max_size: {beyond}\n")).problems
    assert "resume_posts_max_size" in str(problem)
