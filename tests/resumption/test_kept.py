from __future__ import annotations

import pytest

from doorward.resumption import kept_id, kept_path, recorded_path

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


@pytest.mark.parametrize("rest", [ID, f"{ID}/", f"{ID}x", ID[:-1], f"x/{ID}", ""])
def test_g10_154_whatever_is_below_the_place_is_left_out_of_records(rest):
    assert recorded_path(f"/cdn-cgi/access/resume/{rest}") == "/cdn-cgi/access/resume/"


@pytest.mark.parametrize("path", ["", "/", "/cdn-cgi/access/resume", "/cdn-cgi/access/login/x", f"/a/{ID}"])
def test_every_other_path_is_recorded_as_it_is(path):
    assert recorded_path(path) == path
