"""The operator's own pages: values go in as text, nothing else goes in, and what has no place there is named."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from doorward.custom_pages import PLACEHOLDERS, CustomPage, _read, chosen, problems

GOOD = """<!doctype html>
<html lang="en">
<head>
<title>{{ application_name }}</title>
<link rel="icon" href="data:,">
<style>body { color: #123; }</style>
</head>
<body>
<h1 title="{{ application_name }}">{{message}}</h1>
<p>{{ email }} <code>{{ reference }}</code> <a href="{{ try_again_url }}">Again</a> <br/>
</body>
</html>
"""


def page(html: str = GOOD, **fields: object) -> CustomPage:
    return CustomPage.model_validate({"name": "Ours", "type": "identity_denied", "custom_html": html} | fields)


class Seen(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, tuple(name for name, _ in attrs)))


def test_a_good_page_has_no_problems():
    assert list(problems(GOOD)) == []


def test_values_stand_where_their_placeholders_are():
    filled = page().filled({"application_name": "Wiki", "message": "No.", "reference": "0123", "email": "a@b.example"})
    assert '<h1 title="Wiki">No.</h1>' in filled
    assert "<p>a@b.example <code>0123</code>" in filled
    assert '<a href="">' in filled
    assert "{{" not in filled


@given(st.dictionaries(st.sampled_from(PLACEHOLDERS), st.text(max_size=60)))
def test_g7_114_no_value_becomes_markup(values):
    filled = page().filled(values)
    assert Seen(filled).tags == Seen(GOOD).tags


@pytest.mark.parametrize(
    "value",
    [
        "</title><script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "' onclick='x",
        "{{ email }}",
        "<!--",
        "&lt;b&gt;",
    ],
)
def test_g7_114_hostile_values_are_text(value):
    filled = page().filled(dict.fromkeys(PLACEHOLDERS, value))
    assert Seen(filled).tags == Seen(GOOD).tags
    assert "<script" not in filled


def test_a_value_is_not_looked_at_for_placeholders():
    filled = page("{{ message }}|{{ email }}").filled({"message": "{{ email }}", "email": "a@b.example"})
    assert filled == "{{ email }}|a@b.example"


def test_the_policy_names_exactly_the_styles_of_the_page():
    two = page("<style>a{}</style><p>x</p><style>\nb {}\n</style>")
    digests = [base64.b64encode(hashlib.sha256(css).digest()).decode() for css in (b"a{}", b"\nb {}\n")]
    assert f"style-src 'sha256-{digests[0]}' 'sha256-{digests[1]}'; " in two.content_security_policy
    assert "style-src 'none'; " in page("<p>x</p>").content_security_policy


def test_a_page_is_read_once_however_many_are_refused(monkeypatch):
    read: list[str] = []
    monkeypatch.setattr("doorward.custom_pages._read", lambda html, once=_read: read.append(html) or once(html))
    first, second = page("<style>once{}</style>"), page("<style>other{}</style>")
    policies = [one.content_security_policy for one in (first, second) * 3]
    assert read == [first.custom_html, second.custom_html]
    assert policies[:2] * 3 == policies
    assert policies[0] != policies[1]


def test_the_policy_lets_nothing_run_and_nothing_out():
    policy = dict(part.split(" ", 1) for part in page().content_security_policy.split("; "))
    assert policy["default-src"] == policy["form-action"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert not {"script-src", "connect-src", "frame-src"} & policy.keys()
    assert "unsafe" not in page().content_security_policy


@pytest.mark.parametrize(
    ("html", "line", "about"),
    [
        ("<p>\n{{ user }}", 2, "not a placeholder"),
        ("{{ email | upcase }}", 1, "without filters"),
        ("{{ email\n}}", 1, "on one line"),
        ("{{ Email }}", 1, "only placeholders"),
        ("\n\n{% if email %}x", 3, "only placeholders"),
        ("<script>1</script>", 1, "scripts do not run"),
        ("<svg><script>1</script></svg>", 1, "scripts do not run"),
        ("<p onclick='x'>", 1, "scripts do not run"),
        ("<p style='color:red'>", 1, "style attributes"),
        ("<base href=x>", 1, "<base>"),
        ("<iframe src=x>", 1, "<iframe>"),
        ("<form action=/x>", 1, "<form>"),
        ("<link rel=stylesheet href=x>", 1, "<link>"),
        ("<link href=x>", 1, "<link>"),
        ("<link rel>", 1, "<link>"),
        ("<meta http-equiv=refresh content='0;url=//evil'>", 1, "http-equiv"),
        ("<meta name=Referrer content=unsafe-url>", 1, "another site"),
        ("<img src=x referrerpolicy=unsafe-url>", 1, "another site"),
        ("<a href=/ ping=//evil>", 1, "another site"),
        ("<p title={{ message }}>", 1, "double quotes"),
        ("<p title='{{ message }}'>", 1, "double quotes"),
        ("<p {{ message }}>", 1, "double quotes"),
        ("<style>p { content: '{{ message }}' }</style>", 1, "no placeholders in styles"),
        ("<embed/>", 1, "<embed>"),
    ],
)
def test_what_has_no_place_there_is_named_with_its_line(html, line, about):
    found = list(problems(html))
    assert [number for number, sentence in found if about in sentence] == [line]


def test_a_page_is_of_one_of_two_types():
    with pytest.raises(ValidationError):
        page(type="login")


def test_the_applications_page_goes_before_the_organizations():
    own, everywhere, forbidden = page(name="own"), page(name="everywhere"), page(name="forbidden", type="forbidden")
    assert chosen((own,), (everywhere, forbidden), by_identity=True) is own
    assert chosen((), (forbidden, everywhere), by_identity=True) is everywhere
    assert chosen((own,), (everywhere, forbidden), by_identity=False) is forbidden
    assert chosen((own,), (), by_identity=False) is None


def test_a_reader_that_is_cut_off_says_nothing_new():
    for cut in range(len(GOOD)):
        assert all(re.search("double quotes|placeholders", sentence) for _, sentence in problems(GOOD[:cut]))
