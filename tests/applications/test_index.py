from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.applications.build import application

from doorward.applications import Application, Applications, Pattern
from doorward.organization import Ingress, OriginRequest


def name_of(found: Application | None) -> str | None:
    return found and found.name


def test_without_applications_nothing_matches() -> None:
    nothing = Applications.of(())
    assert nothing.match("example.com", "/") is None
    assert nothing.ordered("example.com") == ()
    assert nothing.wildcards() == ()
    assert len(nothing) == 0


def test_the_most_specific_path_wins_and_inherits_nothing() -> None:
    index = Applications.of([application("a.b"), application("a.b/eng"), application("a.b/eng/exec")])
    assert name_of(index.match("a.b", "/")) == "a.b"
    assert name_of(index.match("a.b", "/engine")) == "a.b"
    assert name_of(index.match("a.b", "/eng/x")) == "a.b/eng"
    assert name_of(index.match("a.b", "/eng/exec/x")) == "a.b/eng/exec"
    assert name_of(index.match("a.b", "/eng/executive")) == "a.b/eng"


def test_an_exact_host_without_the_path_leaves_the_rest_to_the_wildcard() -> None:
    index = Applications.of([application("*.b.c"), application("a.b.c/admin")])
    assert name_of(index.match("a.b.c", "/admin/x")) == "a.b.c/admin"
    assert name_of(index.match("a.b.c", "/other")) == "*.b.c"


def test_ordered_holds_every_pattern_for_a_host_most_specific_first() -> None:
    index = Applications.of(
        [application(text) for text in ("*.b.c", "a.b.c", "*.b.c/x", "a*.b.c", "a.b.c/x", "z.b.c", "a.*.c", "a.b.*")]
    )
    found = [str(pattern) for pattern, _ in index.ordered("a.b.c")]
    assert found == ["a.b.c/x", "a.b.c", "a*.b.c", "*.b.c/x", "*.b.c", "a.*.c", "a.b.*"]
    assert [str(pattern) for pattern, _ in index.wildcards()] == found[2:]


def test_everything_can_be_found_by_what_names_it() -> None:
    wiki, docs = application("wiki.b.c", "docs.b.c"), application("*.b.c")
    index = Applications.of([wiki, docs])
    assert list(index) == [wiki, docs]
    assert len(index) == 2
    assert index.by_id(wiki.id) is wiki
    assert index.by_aud(docs.aud) is docs
    assert index.by_id("other") is None
    assert index.by_aud("other") is None
    assert index.exact_hosts == {"wiki.b.c", "docs.b.c"}


def test_two_applications_cannot_be_the_same_or_cover_the_same() -> None:
    one = application("a.b", name="one")
    for twin in (
        one.model_copy(update={"id": "2", "domain": "c.d", "self_hosted_domains": ()}),
        one.model_copy(update={"aud": "2" * 64, "domain": "c.d", "self_hosted_domains": ()}),
        application("A.b/*", name="two"),
    ):
        with pytest.raises(ValueError, match="have the same"):
            Applications.of([one, twin])


def test_g1_10_what_a_closed_path_covers_no_looser_pattern_opens() -> None:
    index = Applications.of([application("a.b/admin"), application("a.b/public"), application("a.b/*.css")])
    assert name_of(index.match("a.b", "/admin/public.css")) == "a.b/admin"
    assert name_of(index.match("a.b", "/public.css")) == "a.b/*.css"
    assert index.match("a.b", "/publicx") is None
    assert index.match("a.b", "/xpublic") is None


def test_g1_19_the_client_path_is_matched_whatever_the_origin_will_be_sent() -> None:
    # An ingress that sends /app to an origin which calls it /admin does not make it the application that covers /admin.
    index = Applications.of([application("a.b/app"), application("a.b/admin")])
    ingress = Ingress(
        hostname="a.b", path="/app", service="http://origin:80", originRequest=OriginRequest(httpHostHeader="admin.b")
    )
    found = index.match(ingress.hostname, f"{ingress.path}/admin")
    assert name_of(found) == "a.b/app"
    assert found is index.by_aud(application("a.b/app").aud)


@pytest.mark.parametrize(
    "host",
    [
        "ADMIN.example.com",
        "Admin.Example.Com",
        "admin.example.com.",
        "admin.example.com:443",
        "admin.example.com:80",
        "user@admin.example.com",
        "admin.example.com@x.example.com",
        "[::1]",
        "ａdmin.example.com",
        "admin .example.com",
        ".admin.example.com",
        "",
    ],
)
def test_g2_25_another_spelling_of_a_closed_host_never_reaches_the_open_wildcard(host: str) -> None:
    # The edge makes names canonical; one that was not is no application at all, never a different one.
    index = Applications.of(
        [application("*.example.com", name="open"), application("admin.example.com", name="closed")]
    )
    assert name_of(index.match("admin.example.com", "/")) == "closed"
    assert name_of(index.match("any.example.com", "/")) == "open"
    assert index.match(host, "/") is None


@pytest.mark.parametrize("host", ["badexample.com", "example.com.evil.org", "examplexcom", "a.b.example.com", "com"])
def test_g2_26_a_name_that_only_ends_alike_is_no_application(host: str) -> None:
    index = Applications.of([application("*.example.com"), application("example.com")])
    assert index.match(host, "/") is None


PATTERNS = st.lists(
    st.sampled_from(
        [host + path for host in ("a.b", "b.b", "*.b", "a*.b", "*", "*.*") if host != "*" for path in ("", "/a", "/a/*", "/a*/b", "/*/b")]
    ),
    unique=True,
    max_size=8,
)  # fmt: skip


@given(
    PATTERNS,
    st.sampled_from(["a.b", "b.b", "aa.b", "b", "c.d"]),
    st.sampled_from(["/", "/a", "/a/", "/a/b", "/ab/b", "/b"]),
)
def test_the_index_finds_what_looking_at_every_pattern_finds(texts: list[str], host: str, path: str) -> None:
    index = Applications.of([application(text) for text in texts])
    patterns = sorted(map(Pattern.parse, texts), key=lambda pattern: pattern.specificity)
    found = next((str(pattern) for pattern in patterns if pattern.matches(host, path)), None)
    assert name_of(index.match(host, path)) == found


def test_ten_thousand_applications_are_searched_at_once() -> None:
    many = [application(f"app{number}.example.com") for number in range(5_000)]
    many += [application(f"*.team{number}.example.com") for number in range(5_000)]
    index = Applications.of(many)
    began = time.perf_counter()
    for number in range(0, 5_000, 10):
        assert name_of(index.match(f"app{number}.example.com", "/a/b")) == f"app{number}.example.com"
        assert name_of(index.match(f"x.team{number}.example.com", "/a/b")) == f"*.team{number}.example.com"
    assert time.perf_counter() - began < 1  # a search through all would take minutes


def test_the_place_is_the_match_with_the_pattern_by_which_it_was_found() -> None:
    outer, inner = application("wiki.example.com"), application("*.example.com/a*")
    index = Applications.of((outer, inner))
    for host, path in (
        ("wiki.example.com", "/"),
        ("x.example.com", "/ab"),
        ("x.example.com", "/b"),
        ("example.com", "/"),
    ):
        place = index.place(host, path)
        assert (place[1] if place is not None else None) is index.match(host, path)
        assert place is None or place[0].matches(host, path)
    assert str(index.place("x.example.com", "/ab")[0]) == "*.example.com/a*"
