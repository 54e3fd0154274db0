from __future__ import annotations

import re
from importlib.resources import files

import pytest

from doorward.organization import LoginDesign
from doorward.pages.design import contrast, design_css, read_colour

CSS = files("doorward.pages").joinpath("door.css").read_text()
BLOCKS = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
THEMES = {
    name: dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))
    for name, block in zip(("light", "dark"), BLOCKS, strict=True)
}
TEXT = [
    ("ink", "card"),
    ("quiet", "card"),
    ("quiet", "choice-over"),
    ("ink", "choice-over"),
    ("page-text", "page"),
    ("on-mark", "mark"),
    ("on-accent", "accent"),
    ("on-accent", "accent-over"),
    ("accent", "card"),
    ("accent-over", "card"),
    ("bad", "bad-back"),
    ("good", "good-back"),
    ("attention", "attention-back"),
]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("front", "back"), TEXT)
def test_text_can_be_read_in_light_and_dark(theme: str, front: str, back: str) -> None:
    colours = THEMES[theme]
    assert contrast(read_colour(colours[front]), read_colour(colours[back])) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("front", ["edge-strong", "accent", "bad"])
def test_the_edges_of_fields_and_of_the_focus_can_be_seen(theme: str, front: str) -> None:
    colours = THEMES[theme]
    assert contrast(read_colour(colours[front]), read_colour(colours["card"])) >= 3


def test_both_themes_define_the_same_colours() -> None:
    assert THEMES["light"].keys() == THEMES["dark"].keys()


def test_every_colour_that_is_used_is_defined() -> None:
    assert set(re.findall(r"var\(--([a-z-]+)\)", CSS)) <= {*THEMES["light"], "shadow"}


def test_the_stylesheet_loads_nothing_from_anywhere() -> None:
    assert "url(" not in CSS
    assert "@import" not in CSS
    assert ":focus-visible" in CSS


def test_the_backgrounds_that_a_text_colour_is_judged_on_are_those_of_the_stylesheet() -> None:
    judged_on = re.findall(r"--page: (#[0-9a-f]{6});", design_css(LoginDesign(text_color="#123456")))
    assert judged_on == [THEMES["light"]["page"], THEMES["dark"]["page"]]
