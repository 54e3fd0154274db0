"""The page that sends a kept form again, and the one that could not keep it."""

from __future__ import annotations

from dataclasses import replace

from tests.pages.build import Document, organization

from doorward.pages import FormField, Pages, Problem, Resume

PAGES = Pages()
PAGE = Resume(
    application_name="Wiki",
    target="https://wiki.example.com/edit?page=1",
    email="ann@example.com",
    known=True,
    action="/cdn-cgi/access/resume/x",
    enctype="multipart/form-data",
    fields=(
        FormField("note", "a\nb", "hidden"),
        FormField("scan", "a.pdf", "file"),
        FormField("more", "", "empty-file"),
    ),
    files=1,
    minutes=9,
    back_url="https://wiki.example.com/edit?page=1",
)


def show(page):
    return Document(PAGES.render(page, organization()))


def test_it_says_where_it_goes_and_as_whom_and_has_one_button():
    document = show(PAGE)
    assert "https://wiki.example.com/edit?page=1" in document.text
    assert "ann@example.com" in document.text
    assert "Send it now" in document.text
    assert len(document.all("button")) == 1
    assert "name" not in document.one("button")
    assert document.one("form") == {
        "id": "resume-form", "method": "post", "action": "/cdn-cgi/access/resume/x", "enctype": "multipart/form-data",
        "accept-charset": "utf-8", "autocomplete": "off",
    }  # fmt: skip


def test_the_values_are_in_the_form_and_not_on_the_page():
    document = show(PAGE)
    assert document.one("input", name="note") == {"type": "hidden", "name": "note", "value": "a\nb"}
    assert "a b" not in document.text


def test_files_are_chosen_again_and_those_left_empty_stay_so():
    document = show(PAGE)
    chosen = document.one("input", name="scan")
    assert (chosen["type"], "required" in chosen) == ("file", True)
    assert document.one("label", **{"for": chosen["id"]})
    assert "Choose a.pdf again" in document.text
    left = document.one("input", name="more")
    assert (left["type"], "hidden" in left, "required" in left) == ("file", True, False)
    assert "Files cannot be kept. Choose it again." in document.text
    assert "each of them" in show(replace(PAGE, files=2)).text
    assert "Files" not in show(replace(PAGE, files=0, fields=PAGE.fields[:1])).text


def test_who_is_not_known_is_asked():
    assert "Did you enter this?" not in show(PAGE).text
    asked = show(replace(PAGE, known=False)).text
    assert "Did you enter this?" in asked
    assert "Send it only if it was you who entered it" in asked


def test_time_is_told_in_words():
    assert "within 9 minutes" in show(PAGE).text
    assert "within 1 minute." in show(replace(PAGE, minutes=1)).text


def test_a_problem_may_open_its_way_out_beside_itself():
    problem = Problem(
        413, "Not sent", "Too large.", "Sign in.", "https://wiki.example.com/", "Sign in", "", new_tab=True
    )
    link = show(problem).one("a")
    assert (link["target"], link["rel"]) == ("_blank", "noopener")
    assert "target" not in show(replace(problem, new_tab=False)).one("a")
    assert show(replace(problem, action_url="javascript:alert(1)")).all("a") == []
