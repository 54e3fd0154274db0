from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from doorward.applications import Pattern


@pytest.mark.parametrize(
    ("text", "covered", "not_covered"),
    [
        ("example.com", ["example.com/", "example.com/a", "example.com/a/b"], ["a.example.com/", "example.org/"]),
        ("example.com/", ["example.com/", "example.com/a"], []),
        ("example.com/*", ["example.com/", "example.com/a"], ["a.example.com/"]),
        ("*.example.com", ["a.example.com/", "b.example.com/x"], ["example.com/", "a.b.example.com/", ".example.com/"]),
        ("*.test.example.com", ["a.test.example.com/"], ["test.example.com/", "example.com/", "a.example.com/"]),
        ("*test.example.com", ["test.example.com/", "alphatest.example.com/"], ["b.test.example.com/", "tes.example.com/"]),
        ("*-dev.example.com", ["a-dev.example.com/", "a-b-dev.example.com/"], ["dev.example.com/", "a-dev.x.example.com/"]),
        ("a*c.example.com", ["ac.example.com/", "abc.example.com/"], ["a.c.example.com/", "ab.example.com/", "bc.example.com/"]),
        ("aba*aba.example.com", ["abaaba.example.com/"], ["aba.example.com/", "ababa.example.com/"]),
        ("*.*.example.com", ["a.b.example.com/"], ["a.example.com/", "a.b.c.example.com/"]),
        ("app.*", ["app.localhost/"], ["app.example.com/", "app/"]),
        ("example.com/a", ["example.com/a", "example.com/a/", "example.com/a/b"], ["example.com/", "example.com/ab", "example.com/A"]),
        ("example.com/a/", ["example.com/a", "example.com/a/b"], ["example.com/ab"]),
        ("example.com/alpha/*", ["example.com/alpha/one", "example.com/alpha/", "example.com/alpha/a/b"], ["example.com/alpha", "example.com/"]),
        ("example.com/foo*/bar", ["example.com/foo/bar", "example.com/food/bar", "example.com/food/stuff/bar", "example.com/food/bar/x", "example.com/foo/bar/bar"], ["example.com/foobar", "example.com/food/barn", "example.com/food", "example.com/foo/x"]),
        ("example.com/a*", ["example.com/a", "example.com/ab", "example.com/a/b"], ["example.com/b"]),
        ("example.com/*.css", ["example.com/a.css", "example.com/x/y.css"], ["example.com/a.css/x", "example.com/a.cssx", "example.com/acss"]),
        ("example.com/a*/b*/c", ["example.com/a/b/c", "example.com/ax/y/bz/c/d"], ["example.com/a/c", "example.com/b/a/c"]),
    ],
)  # fmt: skip
def test_a_pattern_covers_what_the_documentation_says_and_nothing_else(
    text: str, covered: list[str], not_covered: list[str]
) -> None:
    pattern = Pattern.parse(text)
    for url in covered + not_covered:
        host, slash, rest = url.partition("/")
        assert pattern.matches(host, slash + rest) == (url in covered), url


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Example.COM", "example.com"),
        ("example.com/", "example.com"),
        ("example.com/*", "example.com"),
        ("example.com/A/b/", "example.com/A/b"),
        ("*.example.com/a*/b", "*.example.com/a*/b"),
    ],
)
def test_a_pattern_is_read_into_its_one_form(text: str, written: str) -> None:
    assert str(Pattern.parse(text)) == written


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/a",
        "*",
        "*/a",
        "https://example.com",
        "example.com:8080",
        "user@example.com",
        "[::1]",
        "example.com.",
        ".example.com",
        "a..example.com",
        "a b.example.com",
        "foo*bar*baz.example.com",
        "**.example.com",
        "münchen.example.com",
        "a" * 64 + ".example.com",
        ".".join(["a" * 63] * 4),
        "example.com//a",
        "example.com/a//b",
        "example.com/a?b=c",
        "example.com/a#b",
        "example.com/a*b*c",
        "example.com/./a",
        "example.com/../a",
        "example.com/%61",
        "example.com/a;b",
        "example.com/a\\b",
        "example.com/ä",
        "example.com/a b",
        "example.com/a\n",
        "example.com\n",
    ],
)
def test_what_is_not_a_pattern_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="write it like"):
        Pattern.parse(text)


def test_most_specific_patterns_sort_first() -> None:
    order = [
        "a.example.com/admin/users",
        "a.example.com/admin/*",
        "a.example.com/admin",
        "a.example.com/foo*/bar",
        "a.example.com/foo",
        "a.example.com/foo*",
        "a.example.com/*.css",
        "a.example.com",
        "aa-*.example.com",
        "a-*.example.com",
        "*.example.com/admin",
        "*.example.com",
        "*.*.com",
    ]
    mixed = order[::2] + order[1::2]
    assert sorted(mixed, key=lambda text: Pattern.parse(text).specificity) == order


def test_g1_9_the_query_takes_no_part_in_matching() -> None:
    # The request's path is cut at the question mark before it comes here; what is left of one would be a letter like any other.
    admin = Pattern.parse("example.com/admin")
    assert admin.matches("example.com", "/admin")
    assert not admin.matches("example.com", "/public?/admin")
    assert not Pattern.parse("example.com/*.css").matches("example.com", "/admin?x=.css&y")


@pytest.mark.parametrize("path", ["/xpublic", "/publicx", "/public.css", "/x/public", "/admin/public", "/publi", "/"])
def test_g1_10_a_path_is_anchored_at_both_ends(path: str) -> None:
    pattern = Pattern.parse("example.com/public")
    assert not pattern.matches("example.com", path)
    assert not re.fullmatch(pattern.path_regex or "", path)


@pytest.mark.parametrize("path", ["/ADMIN", "/Admin", "/%41dmin", "/%61dmin"])
def test_g1_11_paths_are_compared_letter_by_letter_in_the_matcher_and_in_the_data_plane_alike(path: str) -> None:
    pattern = Pattern.parse("example.com/admin")
    assert not pattern.matches("example.com", path)
    assert not re.fullmatch(pattern.path_regex or "", path)


@pytest.mark.parametrize(
    ("path", "covered"),
    [("/api/a/public", True), ("/api/a/b/public", True), ("/api/public", False), ("/apix/a/public", False)],
)
def test_g1_17_a_star_spans_segments_as_documented_in_the_matcher_and_in_the_data_plane_alike(
    path: str, covered: bool
) -> None:
    pattern = Pattern.parse("example.com/api/*/public")
    assert pattern.matches("example.com", path) is covered
    assert bool(re.fullmatch(pattern.path_regex or "", path)) is covered


@pytest.mark.parametrize(
    "host",
    [
        "badexample.com",
        "a.badexample.com",
        "example.com.evil.org",
        "a.example.com.evil.org",
        "aXexample.com",
        "a.exampleXcom",
        "a.example.com.",
        "A.example.com",
        "a.example.com:443",
        "u@a.example.com",
        "a/.example.com",
        "a\n.example.com",
        "ａ.example.com",
    ],
)
def test_g2_26_suffix_confusion_does_not_match(host: str) -> None:
    for text in ("*.example.com", "a.example.com", "a*.example.com"):
        pattern = Pattern.parse(text)
        assert not pattern.matches(host, "/")
        assert not re.fullmatch(pattern.host_regex or r"a\.example\.com", host)


LABELS = st.text("ab-", min_size=1, max_size=3)
LABEL_PATTERNS = st.one_of(
    LABELS, st.just("*"), st.tuples(LABELS, LABELS).map("*".join), LABELS.map(lambda text: text + "*")
)
HOST_PATTERNS = st.lists(LABEL_PATTERNS, min_size=2, max_size=3).map(".".join)
HOSTS = st.one_of(st.lists(LABELS, min_size=1, max_size=4).map(".".join), st.text("ab-.AB:\n*", max_size=8))
SEGMENT_PATTERNS = st.one_of(
    st.text("ab.+(", max_size=2), st.tuples(st.text("ab.", max_size=2), st.text("ab.", max_size=2)).map("*".join)
)
PATH_PATTERNS = st.lists(SEGMENT_PATTERNS.filter(lambda text: text not in {"", ".", ".."}), max_size=3).map(
    lambda parts: "".join("/" + part for part in parts)
)
PATHS = st.one_of(st.text("ab.+(/\n?", max_size=10).map(lambda text: "/" + text), st.text("ab/", max_size=4))  # fmt: skip


@given(HOST_PATTERNS, HOSTS)
@example("a*a.a", "a.a")
def test_the_host_regex_says_what_matches_says(text: str, host: str) -> None:
    pattern = Pattern.parse(text)
    by_regex = (
        host == pattern.host if pattern.host_regex is None else re.fullmatch(pattern.host_regex, host) is not None
    )
    assert pattern.matches_host(host) is by_regex


@given(PATH_PATTERNS, PATHS)
@example("/a*/b", "/a/b/b/c")
@example("/a*a", "/a")
@example("/a", "/a\n")
def test_the_path_regex_says_what_matches_says(text: str, path: str) -> None:
    pattern = Pattern.parse("a.b" + text)
    by_regex = (
        path.startswith("/") if pattern.path_regex is None else re.fullmatch(pattern.path_regex, path) is not None
    )
    assert pattern.matches_path(path) is by_regex


@given(PATH_PATTERNS, st.lists(st.text("ab.", min_size=1, max_size=2), min_size=1, max_size=4))
def test_what_stands_below_a_covered_path_without_a_final_star_is_covered(text: str, segments: list[str]) -> None:
    pattern = Pattern.parse("a.b" + text)
    path = "/" + "/".join(segments)
    if pattern.matches_path(path) and "*" not in pattern.path.rpartition("/")[2]:
        assert pattern.matches_path(path + "/below")


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("app.test/v1/x:admin", "/v1/x%3Aadmin"),
        ("app.test/v1/x:admin", "/v1/x%3aadmin/deeper"),
        ("app.test/@admin", "/%40admin"),
        ("app.test/a+b*", "/a%2Bb/c"),
        ("app.test/(closed)", "/%28closed%29"),
    ],
)
def test_g1_3_reserved_characters_mean_the_same_percent_encoded(pattern: str, path: str):
    parsed = Pattern.parse(pattern)
    assert parsed.matches("app.test", path)
    assert parsed.path_regex is not None
    assert re.fullmatch(parsed.path_regex, path)
    assert not parsed.plain_path


def test_other_escapes_stay_what_they_are():
    assert not Pattern.parse("app.test/a:b").matches("app.test", "/a%3Bb")
    assert not Pattern.parse("app.test/a").matches("app.test", "/a%2F")
    assert Pattern.parse("app.test/a").plain_path
