from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.organization import LoginDesign
from doorward.pages.design import LEAST_CONTRAST, contrast, design_css, read_colour, write_colour

COLOURS = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


def chosen(css: str) -> list[tuple[str, str]]:
    return re.findall(r"--page: (#[0-9a-f]{6});\n  --page-text: (#[0-9a-f]{6});", css)


def test_colours_are_read_in_both_lengths() -> None:
    assert read_colour("#Fa0") == read_colour("#ffaa00") == (255, 170, 0)
    assert write_colour((255, 170, 0)) == "#ffaa00"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "red",
        "ffffff",
        "#ffff",
        "#12345",
        "#1234567",
        "#ggg",
        "rgb(0,0,0)",
        "#fff;}body{display:none",
        "#fff\n",
        "url(//x)",
        "#１２３",
    ],
)
def test_g7_114_what_is_no_hex_colour_never_reaches_the_stylesheet(text: str) -> None:
    assert read_colour(text) is None
    assert design_css(LoginDesign(background_color=text, text_color=text)) == ""


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((7, 7, 7), (7, 7, 7)) == pytest.approx(1)
    assert contrast((0x76, 0x76, 0x76), (255, 255, 255)) == pytest.approx(4.54, abs=0.01)


def test_no_colours_make_no_stylesheet() -> None:
    assert design_css(LoginDesign(header_text="Hello")) == ""


def test_colours_that_can_be_read_are_kept() -> None:
    assert chosen(design_css(LoginDesign(background_color="#123c2e", text_color="#FFF"))) == [("#123c2e", "#ffffff")]


def test_a_text_colour_that_cannot_be_read_gives_way() -> None:
    assert chosen(design_css(LoginDesign(background_color="#123c2e", text_color="#1f5f48"))) == [("#123c2e", "#ffffff")]
    assert chosen(design_css(LoginDesign(background_color="#ffee88", text_color="#ffffff"))) == [("#ffee88", "#000000")]
    assert chosen(design_css(LoginDesign(background_color="#ffee88", text_color="nonsense"))) == [
        ("#ffee88", "#000000")
    ]


def test_a_text_colour_alone_stands_on_our_own_backgrounds_in_light_and_dark() -> None:
    css = design_css(LoginDesign(text_color="#00308f"))
    assert [text for _, text in chosen(css)] == ["#00308f", "#ffffff"]
    assert css.index("@media (prefers-color-scheme: dark)") > css.index("#00308f")
    assert css.count("{") == css.count("}")


@given(st.one_of(st.just(""), COLOURS), st.one_of(st.just(""), COLOURS))
def test_whatever_is_chosen_can_be_read(background: str, text: str) -> None:
    for back, front in chosen(design_css(LoginDesign(background_color=background, text_color=text))):
        one, other = read_colour(back), read_colour(front)
        assert one
        assert other
        assert contrast(one, other) >= LEAST_CONTRAST
