from __future__ import annotations

import pytest

from doorward.resumption import kept_id, kept_path

ID = "aB3_-" * 8 + "xyz"


def test_the_place_of_a_kept_form_names_it():
    assert kept_path(ID) == f"/cdn-cgi/access/resume/{ID}"
    assert kept_id(kept_path(ID)) == ID


@pytest.mark.parametrize(
    "path",
    ["", "/", ID, "/cdn-cgi/access/resume", "/cdn-cgi/access/resume/", f"/cdn-cgi/access/resume/{ID}x",
     f"/cdn-cgi/access/resume/{ID[:-1]}", f"/cdn-cgi/access/resume/{ID}?a=b", f"/cdn-cgi/access/resume/{ID}\n",
     f"/cdn-cgi/access/resume/../{ID}", f"//cdn-cgi/access/resume/{ID}"],
)  # fmt: skip
def test_nothing_else_is_one(path):
    assert kept_id(path) == ""
