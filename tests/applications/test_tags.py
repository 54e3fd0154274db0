from __future__ import annotations

from tests.applications.build import application

from doorward.applications import Applications
from doorward.applications.index import TAG


def test_the_beginning_of_a_tag_names_its_application():
    wiki, notes = application("wiki.a"), application("notes.a")
    index = Applications.of([wiki, notes])
    assert index.by_tag(wiki.aud[:TAG]) is wiki
    assert index.by_tag(notes.aud[:TAG]) is notes
    assert index.by_tag(wiki.aud) is None
    assert index.by_tag("") is None


def test_two_that_begin_alike_are_named_by_neither():
    wiki = application("wiki.a")
    twin = application("twin.a").model_copy(update={"aud": wiki.aud[:TAG] + "0" * (64 - TAG)})
    assert Applications.of([wiki, twin]).by_tag(wiki.aud[:TAG]) is None
