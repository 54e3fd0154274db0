"""Own pages in the file: read, checked, and found by name."""

from __future__ import annotations

import pytest
from tests.settings.reading import GOOD, changed, errors_of, refusal_of, settings_of
from tests.settings.test_resolution import identities

from doorward.settings import resolve

PAGES = """
custom_pages:
  - {name: Refused, type: identity_denied, file: refused.html}
  - {name: Forbidden, type: forbidden, custom_html: "<p>{{ reference }}"}
"""
USED = changed("  - name: Wiki\n", "  - name: Wiki\n    custom_pages: [Refused]\n") + PAGES
EVERYWHERE = changed("  auth_domain: login", "  custom_pages: {forbidden: Forbidden}\n  auth_domain: login", USED)


@pytest.fixture
def page(tmp_path):
    file = tmp_path / "refused.html"
    file.write_bytes("\ufeff<p>{{ email }}\r\nü".encode())
    return file


def resolved(folder, text):
    settings = settings_of(folder, text)
    return resolve(settings, identities(settings), "0" * 32, {})


def test_pages_reach_the_applications_and_the_organization(tmp_path, page):
    found = resolved(tmp_path, EVERYWHERE)
    (refused,) = found.applications[0].custom_pages
    assert (refused.name, refused.type, refused.custom_html) == ("Refused", "identity_denied", "<p>{{ email }}\nü")
    assert [one.name for one in found.organization.custom_pages] == ["Forbidden"]
    assert found.applications[1].custom_pages == ()


def test_without_pages_there_are_none(tmp_path):
    found = resolved(tmp_path, GOOD)
    assert found.organization.custom_pages == ()
    assert settings_of(tmp_path).custom_pages == {}


def test_a_missing_file_is_a_problem_where_it_is_named(tmp_path):
    problems = refusal_of(tmp_path, USED).problems
    (found,) = [problem for problem in problems if problem.path == "custom_pages[0].file"]
    assert "does not exist" in found.message
    assert str(tmp_path / "refused.html") in found.message


def test_an_unreadable_one_as_well(tmp_path):
    (tmp_path / "refused.html").mkdir()
    assert errors_of(tmp_path, USED) == [("custom_pages[0].file", errors_of(tmp_path, USED)[0][1])]


@pytest.mark.parametrize(
    ("content", "about"),
    [
        (b"", "empty"), (b"  \n", "empty"), (b"x" * (256 * 1024 + 1), "larger than 256 KiB"), (b"\xff", "not UTF-8"),
        (b"<p>\n<script>x</script>", "line 2: <script>"), (b"{{ token }}", "not a placeholder"),
    ],
)  # fmt: skip
def test_a_bad_page_is_refused_with_the_reason(tmp_path, page, content, about):
    page.write_bytes(content)
    (problem,) = [one for one in refusal_of(tmp_path, USED).problems if one.severity.value == "error"]
    assert problem.path == "custom_pages[0].file"
    assert about in problem.message


def test_ten_problems_of_a_page_are_enough(tmp_path, page):
    page.write_text("\n".join(["<form>"] * 50))
    assert len(errors_of(tmp_path, USED)) == 10


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("file: refused.html", "file: refused.html, custom_html: x", "custom_pages[0].file"),
        (", file: refused.html", "", "custom_pages[0]"),
        ("type: identity_denied", "type: login", "custom_pages[0].type"),
        ("custom_pages: [Refused]", "custom_pages: [Refusal]", "applications[0].custom_pages[0]"),
        ("custom_pages: [Refused]", "custom_pages: [Nobody]", "applications[0].custom_pages[0]"),
        ("{forbidden: Forbidden}", "{forbidden: Refused}", "organization.custom_pages.forbidden"),
        ("{forbidden: Forbidden}", "{identity_denied: Other}", "organization.custom_pages.identity_denied"),
        ("{name: Forbidden, type: forbidden", "{name: Refused, type: forbidden", "custom_pages[1].name"),
    ],
)
def test_what_does_not_fit_is_refused_where_it_stands(tmp_path, page, old, new, path):
    found = [where for where, _ in errors_of(tmp_path, changed(old, new, EVERYWHERE))]
    assert any(where.startswith(path) for where in found), found


def test_an_application_has_one_page_of_each_type(tmp_path, page):
    text = changed("custom_pages: [Refused]", "custom_pages: [Refused, Also]", USED)
    text += '  - {name: Also, type: identity_denied, custom_html: "<p>x"}\n'
    assert [path for path, _ in errors_of(tmp_path, text)] == ["applications[0].custom_pages[1]"]


@pytest.mark.parametrize("zone", ["example.com", "Build.Example.COM."])
def test_zones_may_be_left_out_of_the_closing_of_unmatched_hosts(tmp_path, zone):
    text = changed(
        "  auth_domain: login", f"  deny_unmatched_requests_exempted_zone_names: [{zone}]\n  auth_domain: login"
    )
    settings = settings_of(tmp_path, text)
    assert settings.organization.deny_unmatched_requests_exempted_zone_names == (zone.lower().rstrip("."),)
    assert [one.path for one in settings.warnings if "open to everybody" in one.message] == [
        "organization.deny_unmatched_requests_exempted_zone_names[0]"
    ]


def test_a_zone_is_a_host_name(tmp_path):
    text = changed(
        "  auth_domain: login", "  deny_unmatched_requests_exempted_zone_names: ['*.example.com']\n  auth_domain: login"
    )
    assert errors_of(tmp_path, text)[0][0] == "organization.deny_unmatched_requests_exempted_zone_names[0]"
