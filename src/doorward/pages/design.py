"""The organization's ``login_design`` as a stylesheet of its own: colours only, checked, and readable on each other."""

from __future__ import annotations

import re
from typing import Final

from doorward.organization import LoginDesign

LEAST_CONTRAST: Final = 4.5
"""WCAG 2.2 AA for text (success criterion 1.4.3)."""
_HEX: Final = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")

Rgb = tuple[int, int, int]

_LIGHT_PAGE: Final[Rgb] = (0xF5, 0xF6, 0xF8)
_DARK_PAGE: Final[Rgb] = (0x0D, 0x0F, 0x13)
"""``--page`` of the stylesheet in light and dark."""
_BLACK: Final[Rgb] = (0, 0, 0)
_WHITE: Final[Rgb] = (255, 255, 255)
"""One of these two can be read on any background: that is why it is no softer black."""


def read_colour(text: str) -> Rgb | None:
    """``#rgb`` or ``#rrggbb``; None for everything else, which is then left out."""
    if not _HEX.fullmatch(text):
        return None
    digits = text[1:] if len(text) == 7 else "".join(digit * 2 for digit in text[1:])
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def write_colour(colour: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def contrast(one: Rgb, other: Rgb) -> float:
    """The contrast ratio of WCAG 2.2: from 1 (the same) to 21 (black on white)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Rgb) -> float:
    red, green, blue = (_linear(channel / 255) for channel in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def design_css(design: LoginDesign) -> str:
    """Custom properties for the page around the card; empty when the organization chose no colour.

    A background is kept in light and dark. A text colour that cannot be read on it, or on ours, gives way to black or white.
    """
    background, text = read_colour(design.background_color), read_colour(design.text_color)
    if background is not None:
        return _rule(background, _readable(text, background))
    if text is None:
        return ""
    in_light = _rule(_LIGHT_PAGE, _readable(text, _LIGHT_PAGE))
    in_dark = _rule(_DARK_PAGE, _readable(text, _DARK_PAGE))
    return f"{in_light}@media (prefers-color-scheme: dark) {{\n{in_dark}}}\n"


def _readable(text: Rgb | None, background: Rgb) -> Rgb:
    if text is not None and contrast(text, background) >= LEAST_CONTRAST:
        return text
    return max(_BLACK, _WHITE, key=lambda colour: contrast(colour, background))


def _rule(background: Rgb, text: Rgb) -> str:
    back, front = write_colour(background), write_colour(text)
    return f":root {{\n  --page: {back};\n  --page-text: {front};\n  --mark: {front};\n  --on-mark: {back};\n}}\n"
