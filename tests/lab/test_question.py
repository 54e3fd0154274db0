from __future__ import annotations

import pytest

from doorward.lab.question import Question, Target, UnusableQuestion, read_target


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://wiki.example.com", Target("wiki.example.com", "/", "")),
        ("http://WIKI.example.com.:8443/Admin?a=b&c", Target("wiki.example.com", "/Admin", "a=b&c")),
        ("wiki.example.com/a/b", Target("wiki.example.com", "/a/b", "")),
        ("https://wiki.example.com/a%3Ab/", Target("wiki.example.com", "/a%3Ab/", "")),
        ("https://wiki.example.com/über", Target("wiki.example.com", "/%C3%BCber", "")),
        ("https://wiki.example.com/a;b=c,d~(e)'!$&*+@", Target("wiki.example.com", "/a;b=c,d~(e)'!$&*+@", "")),
    ],
)
def test_an_address_is_read_as_the_door_compares_it(url, target):
    assert read_target(url) == target


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "not a web address"),
        ("ftp://wiki.example.com/", "not a web address"),
        ("https://user@wiki.example.com/", "not a web address"),
        ("https:///path", "not a web address"),
        ("https://wiki.example.com:port/", "not a web address"),
        ("https://[wiki/", "not a web address"),
        ("https://a b.example.com/", "not a web address"),
        ("https://wiki.example.com/\x1b[2J", "not a web address"),
        ("https://wiki.example.com/a/../b", "'..'"),
        ("https://wiki.example.com/./b", "'.'"),
        ("https://wiki.example.com//b", "empty segment"),
        ("https://wiki.example.com/b//", "empty segment"),
        ("https://wiki.example.com/%", "'%'"),
        ("https://wiki.example.com/%2fadmin", "refuses a path with %2f"),
        ("https://wiki.example.com/%5Cadmin", "refuses a path with %5C"),
        ("https://wiki.example.com/%61dmin", "%61 for 'a'"),
    ],
)
def test_a_path_that_the_door_would_change_or_refuse_is_not_guessed_at(url, says):
    with pytest.raises(UnusableQuestion, match=r".") as refused:
        read_target(url)
    assert says in str(refused.value)


@pytest.mark.parametrize("method", ["", "get", "GET POST", "GET\n"])
def test_a_method_is_a_word_in_capitals(method):
    with pytest.raises(UnusableQuestion):
        Question(read_target("wiki.example.com"), method)
