"""What a person sees of a page: links and forms."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get").upper()))
        elif tag == "input" and self.forms and given.get("name"):
            self.forms[-1].fields[given["name"]] = given.get("value", "")
        elif tag == "a" and given.get("href"):
            self.links.append(given["href"])


def forms_of(page: str) -> list[Form]:
    return _read(page).forms


def links_of(page: str) -> list[str]:
    return _read(page).links


def _read(page: str) -> _Reader:
    reader = _Reader()
    reader.feed(page)
    return reader
