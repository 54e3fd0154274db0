"""The operator's own pages for who is refused: HTML with placeholders (access.md 1.3, 7.2 ``custom_pages``). Pure.

There is no language in it: a placeholder is a name in double braces, and its value goes in escaped, as text or between the
double quotes of an attribute. Nothing runs on such a page (see ``content_security_policy``), so whatever an operator may
overlook, a visitor's name cannot become markup, and nothing of a login is there to be sent elsewhere.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from html import escape
from html.parser import HTMLParser
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

Type = Literal["identity_denied", "forbidden"]

LARGEST: Final = 256 * 1024
"""Characters of one page."""
PLACEHOLDERS: Final = (
    "application_name", "organization_name", "message", "email", "reference", "try_again_url", "sign_out_url",
)  # fmt: skip
_PLACEHOLDER: Final = re.compile(r"\{\{[ \t]*([a-z_]+)[ \t]*\}\}")
_QUOTED: Final = re.compile(r'"[^"]*"')
_INERT: Final = {
    "script": "scripts do not run here",
    "base": "it would change where links lead",
    "iframe": "other pages are not shown here",
    "frame": "other pages are not shown here",
    "object": "other documents are not shown here",
    "embed": "other documents are not shown here",
    "applet": "other documents are not shown here",
    "form": "forms lead nowhere here",
    "link": "other files are not loaded here; write styles into <style>",
}
_INERT_ATTRIBUTES: Final = {
    "style": "style attributes have no effect here; write it into <style>",
    "http-equiv": "it would act in place of our own headers",
    "referrerpolicy": "it could tell another site the address of a login",
    "ping": "it could tell another site who was here",
}


class CustomPage(BaseModel):
    """One of ``custom_pages``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    type: Type
    """``identity_denied``: refused for who they are; ``forbidden``: for anything else, before any login."""
    custom_html: str
    """Without problems (see :func:`problems`), line ends as LF."""

    def filled(self, values: Mapping[str, str]) -> str:
        """The page with the values of :data:`PLACEHOLDERS`; one that is missing is left empty."""
        return _PLACEHOLDER.sub(lambda found: escape(values.get(found[1], "")), self.custom_html)

    @property
    def content_security_policy(self) -> str:
        """Nothing runs, nothing is sent, pictures may come from anywhere, and styles are exactly those of the page."""
        styles = _styles(self.custom_html)
        return "; ".join(
            (
                "default-src 'none'",
                " ".join(["style-src", *(styles or ["'none'"])]),
                "img-src 'self' https: data:",
                "font-src data:",
                "form-action 'none'",
                "frame-ancestors 'none'",
                "base-uri 'none'",
            )
        )


def chosen(own: Sequence[CustomPage], everywhere: Sequence[CustomPage], *, by_identity: bool) -> CustomPage | None:
    """The page for a refusal: the application's ``own``, else the organization's; None for ours."""
    wanted: Type = "identity_denied" if by_identity else "forbidden"
    return next((page for page in (*own, *everywhere) if page.type == wanted), None)


def problems(html: str) -> Iterator[tuple[int, str]]:
    """What is wrong with a page: line (from 1) and sentence."""
    for number, line in enumerate(html.split("\n"), 1):
        rest = _PLACEHOLDER.sub("", line)
        for found in _PLACEHOLDER.finditer(line):
            if found[1] not in PLACEHOLDERS:
                yield number, f"{{{{ {found[1]} }}}} is not a placeholder; there are {', '.join(PLACEHOLDERS)}"
        if "{{" in rest or "{%" in rest:
            yield (
                number,
                "only placeholders such as {{ reference }} are possible, on one line, without filters and tags",
            )
    yield from _read(html).problems


class _Reader(HTMLParser):
    """Collects styles, and what has no place on such a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.styles: list[str] = []
        self.problems: list[tuple[int, str]] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "style":
            self._in_style = True
            self.styles.append("")
        icon = tag == "link" and (dict(attrs).get("rel") or "").lower() == "icon"
        if tag in _INERT and not icon:
            self._problem(f"<{tag}>: {_INERT[tag]}")
        for name, value in attrs:
            self._attribute(tag, name, value or "")
        if "{{" in _QUOTED.sub("", self.get_starttag_text() or ""):
            self._problem(f"<{tag}>: inside a tag a placeholder stands between double quotes, as (part of) a value")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == "style":
            self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.styles[-1] += data
            if "{{" in data:
                self._problem("<style>: there are no placeholders in styles")

    def _attribute(self, tag: str, name: str, value: str) -> None:
        if name.startswith("on"):
            self._problem(f"<{tag} {name}>: scripts do not run here")
        elif name in _INERT_ATTRIBUTES or (tag == "meta" and value.lower() == "referrer"):
            why = _INERT_ATTRIBUTES.get(name, _INERT_ATTRIBUTES["referrerpolicy"])
            self._problem(f"<{tag} {name}>: {why}")

    def _problem(self, sentence: str) -> None:
        self.problems.append((self.getpos()[0], sentence))


def _read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader


@lru_cache(maxsize=32)
def _styles(html: str) -> tuple[str, ...]:
    """The sources of ``style-src``. Reading a large page takes long enough not to do it for every refusal."""
    return tuple(f"'sha256-{_digest(style)}'" for style in _read(html).styles)


def _digest(style: str) -> str:
    return b64encode(hashlib.sha256(style.encode()).digest()).decode()
