"""Words from outside, made fit to stand in a header, a line or a sentence."""

from __future__ import annotations


def one_line(text: str, longest: int = 200) -> str:
    """The text without anything that breaks or turns a line, white space drawn together, at most ``longest`` characters."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:longest]
