"""Every page once, and organizations, for tests."""

from __future__ import annotations

from datetime import timedelta
from html.parser import HTMLParser

from doorward.organization import LoginDesign, Organization, PublicAddress
from doorward.pages import (
    Approve,
    AskReason,
    ChooseFactor,
    Chooser,
    ConfirmCode,
    Denied,
    EnrollTotp,
    EnterCode,
    FormField,
    Found,
    Method,
    Notice,
    Onward,
    Page,
    PinForm,
    Problem,
    Recover,
    RecoveryCodes,
    Resume,
    ShowFactor,
    SignedOut,
    Unauthorized,
    Waiting,
)

REFERENCE = "9f86d081884c7d65"


def organization(name: str = "Example", **design: str) -> Organization:
    return Organization(
        id="0" * 32,
        name=name,
        auth_domain="login.example.com",
        session_duration=timedelta(hours=24),
        login_design=LoginDesign(**design),
        public=PublicAddress(scheme="https", port=443),
    )


def every_page(
    text: str = "Wiki", url: str = "https://wiki.example.com/", action: str = "/cdn-cgi/access/x"
) -> list[Page]:
    """Each kind of page, with ``text`` wherever words from outside may stand and ``url`` wherever a link may."""
    return [
        Chooser(text, text, (Method(text, text, url), Method(text, "oidc", url)), PinForm(action, text, ((text, text),), text), text, text),
        EnterCode(text, text, action, text, url, text, 3, url),
        ConfirmCode(text, text, action, text, text),
        Onward(text, action, ((text, text),)),
        Denied(text, text, text, text, url, url),
        Denied(text, "", text, text, url, url),
        SignedOut(url, text),
        Problem(400, text, text, text, url, text, text),
        Notice(text, text, url, text),
        Resume(text, text, text, True, action, "multipart/form-data", (FormField(text, text, "hidden"), FormField(text, text, "file"), FormField(text, text, "empty-file")), 2, 9, url),
        AskReason(text, text, text, action, text, needs_approval=True, longest=500, reason=text, note=text, error=text),
        Waiting(text, text, text, 1, url, url),
        Approve(text, text, text, text, text, text, text, text, (text, text), 2, ((text, text, True), (text, text, False)), action, text, url),
        ShowFactor(text, text, action, text, None, url, other=True, error=text),
        Recover(text, text, action, text, url, text),
        ChooseFactor(text, text, ((text, text, url), (text, text, url))),
        EnrollTotp(text, text, url, text, text, action, text, url, text),
        RecoveryCodes(text, (text, text), url),
        Found(url),
        Unauthorized(),
    ]  # fmt: skip


class Document(HTMLParser):
    """The elements and words of a page, as a browser finds them."""

    VOID = frozenset({"meta", "link", "img", "input", "path", "rect", "circle", "br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"{tag} closes something else"

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def one(self, tag: str, **wanted: str) -> dict[str, str]:
        (found,) = [each for each in self.all(tag) if wanted.items() <= each.items()]
        return found
