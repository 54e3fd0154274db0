from __future__ import annotations

import re

import pytest
from tests.pages.build import REFERENCE, Document, every_page, organization

from doorward.pages import Chooser, ConfirmCode, Denied, EnterCode, Method, Page, Pages, PinForm, Problem, SignedOut

PAGES = Pages()
EXAMPLE = organization()
HOSTILE = """<script>alert('x')</script>"><img src=x onerror=alert(1)>{{ 7 * 7 }}&amp;</title></main>"""


def show(page: Page, **design: str) -> Document:
    return Document(PAGES.render(page, organization(**design)))


def name_of(page: Page) -> str:
    return type(page).__name__


@pytest.mark.parametrize("page", every_page(), ids=name_of)
def test_every_page_is_a_whole_document_with_language_and_title(page: Page) -> None:
    html = PAGES.render(page, EXAMPLE)
    assert html.startswith("<!doctype html>\n")
    document = Document(html)
    assert document.open == []
    assert document.one("html")["lang"] == "en"
    assert len(document.all("title")) == 1
    assert len(document.all("h1")) == 1


@pytest.mark.parametrize("page", every_page(), ids=name_of)
def test_no_page_carries_script_or_inline_style(page: Page) -> None:
    document = show(page, background_color="#123456", logo_path="https://example.com/logo.png")
    for tag, attributes in document.elements:
        assert tag not in {"script", "style", "iframe", "object", "embed", "base"}
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]


@pytest.mark.parametrize("page", every_page(HOSTILE), ids=name_of)
def test_g7_114_hostile_words_stay_words(page: Page) -> None:
    """Application and provider names, error texts, error_description, addresses: all through the same escaping."""
    harmless = next(other for other in every_page("word") if isinstance(other, type(page)) and same_shape(other, page))
    hostile_organization = organization(HOSTILE, header_text=HOSTILE, footer_text=HOSTILE)
    calm_organization = organization("word", header_text="word", footer_text="word")
    hostile = Document(PAGES.render(page, hostile_organization))
    calm = Document(PAGES.render(harmless, calm_organization))
    assert [tag for tag, _ in hostile.elements] == [tag for tag, _ in calm.elements]
    assert [sorted(attributes) for _, attributes in hostile.elements] == [sorted(each) for _, each in calm.elements]
    assert "49" not in hostile.text
    if "word" in calm.text:
        assert "<script>alert('x')</script>" in hostile.text


def same_shape(one: Page, other: Page) -> bool:
    return not isinstance(one, Denied) or bool(one.message) == bool(other.message)


BAD_LINKS = [
    "javascript:alert(1)",
    "JAVASCRIPT:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,x",
    "//evil.example",
    "/\\evil",
    "",
]


@pytest.mark.parametrize("url", BAD_LINKS)
def test_g7_114_an_address_that_is_no_web_address_is_not_linked(url: str) -> None:
    for page in every_page(url=url):
        document = show(page, logo_path=url)
        assert document.all("a") == []
        assert document.all("img") == []


@pytest.mark.parametrize("action", BAD_LINKS)
def test_g7_114_no_form_posts_to_what_is_no_web_address(action: str) -> None:
    for page in (
        Chooser("a", "b", (), PinForm(action)),
        EnterCode("a", "b", action, "n", "/"),
        ConfirmCode("a", "b", action, "n", "123456"),
    ):
        with pytest.raises(ValueError, match="is not an address a form may post to"):
            PAGES.render(page, EXAMPLE)


def test_the_chooser_offers_every_way_and_names_where_it_leads() -> None:
    form = PinForm("/verify?x=1", "Email code", (("client_id", "7"),), "ann@example.com")
    methods = (
        Method("Demo directory", "oidc", "/start/1"),
        Method("Other", "saml", "/start/2"),
        Method("Hub", "github", "/start/3"),
    )
    document = show(Chooser("Wiki", "wiki.example.com", methods, form))
    assert "Sign in to Wiki wiki.example.com" in document.text
    assert [each["href"] for each in document.all("a")] == ["/start/1", "/start/2", "/start/3"]
    assert document.one("form") == {"id": "totp-form", "method": "post", "action": "/verify?x=1"}
    assert document.one("input", name="client_id")["value"] == "7"
    email = document.one("input", name="email")
    assert email["type"] == email["autocomplete"] == "email"
    assert email["value"] == "ann@example.com"
    assert "required" in email
    assert document.one("label")["for"] == email["id"]
    assert "or with Email code" in document.text


def test_the_chooser_without_a_form_or_without_buttons_shows_what_there_is() -> None:
    only_buttons = show(Chooser("Wiki", "w", (Method("Demo", "oidc", "/1"),), None))
    assert only_buttons.all("form") == []
    only_form = show(Chooser("Wiki", "Wiki", (), PinForm("/verify")))
    assert only_form.all("ul") == []
    assert " or " not in only_form.text
    assert "no way to sign in" in show(Chooser("Wiki", "w", (), None)).text
    assert "or with" not in show(Chooser("Wiki", "w", (Method("Demo", "oidc", "/1"),), PinForm("/verify"))).text


def test_an_error_is_announced_and_belongs_to_its_field() -> None:
    for page, name in (
        (Chooser("Wiki", "w", (), PinForm("/verify"), error="Not an address."), "email"),
        (EnterCode("a@b.c", "Wiki", "/x", "n", "/r", error="Not an address."), "code"),
    ):
        document = show(page)
        alert = document.one("p", role="alert")
        field = document.one("input", name=name)
        assert "Not an address." in document.text
        assert alert["id"] in field["aria-describedby"].split()
        assert field["aria-invalid"] == "true"
    assert "aria-invalid" not in show(Chooser("Wiki", "w", (), PinForm("/verify"))).one("input", name="email")


def test_somebody_signed_in_without_access_is_told_as_whom() -> None:
    assert "signed in as ann@example.com" in show(Chooser("Wiki", "w", (), None, signed_in_as="ann@example.com")).text


def test_the_code_page_asks_for_six_digits_that_phones_fill_in() -> None:
    document = show(
        EnterCode("ann@example.com", "Wiki", "/callback", "n-1", "/resend", tries_left=1, start_over_url="/login")
    )
    code = document.one("input", name="code")
    assert (code["autocomplete"], code["inputmode"], code["maxlength"], code["pattern"]) == (
        "one-time-code",
        "numeric",
        "6",
        "[0-9]{6}",
    )
    assert document.one("input", name="nonce")["value"] == "n-1"
    assert document.one("form")["action"] == "/callback"
    assert "If ann@example.com may sign in" in document.text
    assert "1 try left." in document.text
    assert [each["href"] for each in document.all("a")] == ["/resend", "/login"]
    assert "3 tries left." in show(EnterCode("a", "b", "/x", "n", "/r", tries_left=3)).text
    assert " left." not in show(EnterCode("a", "b", "/x", "n", "/r")).text


def test_the_mailed_link_needs_a_press_on_a_button() -> None:
    document = show(ConfirmCode("ann@example.com", "Wiki", "/callback", "n-1", "123456"))
    assert document.one("form")["method"] == "post"
    assert {each["name"]: each["value"] for each in document.all("input")} == {"nonce": "n-1", "code": "123456"}
    assert document.one("button")["type"] == "submit"
    assert document.all("a") == []


def test_a_refused_account_learns_who_it_is_what_to_quote_and_how_to_be_somebody_else() -> None:
    document = show(Denied("Wiki", "", "bob@example.com", REFERENCE, "https://w.example.com/", "/logout"))
    assert "That account does not have access." in document.text
    assert "bob@example.com" in document.text
    assert f"Reference {REFERENCE} Quote it" in document.text
    assert [each["href"] for each in document.all("a")] == ["/logout", "https://w.example.com/"]


def test_the_operators_own_message_takes_the_place_of_ours() -> None:
    document = show(Denied("Wiki", "Ask finance.", "bob@example.com", REFERENCE, "", "/logout"))
    assert "Ask finance." in document.text
    assert "the rules of this application" not in document.text
    assert "bob@example.com" in document.text


def test_who_is_refused_without_a_login_is_not_told_about_an_account() -> None:
    document = show(Denied("Wiki", "", "", REFERENCE, "", ""))
    assert "account" not in document.text
    assert "You do not have access from here." in document.text
    assert document.all("a") == []
    assert "You are signed in, but" in show(Denied("Wiki", "", "", REFERENCE, "", "/logout")).text


def test_a_signed_out_visitor_may_go_back() -> None:
    document = show(SignedOut("https://w.example.com/", "w.example.com"))
    assert "Back to w.example.com" in document.text
    assert show(SignedOut("", "")).all("a") == []
    assert "Back to where you were" in show(SignedOut("/", "")).text


def test_a_problem_says_what_happened_and_what_to_do_next() -> None:
    document = show(Problem(400, "Invalid login session", "It is over.", "Start again.", "/again", "Go", REFERENCE))
    assert "Error 400 Invalid login session It is over. Start again. Go" in document.text
    assert document.one("a")["href"] == "/again"
    bare = show(Problem(404, "Nothing here", "No application.", ""))
    assert "Reference" not in bare.text
    assert bare.all("a") == []


def test_the_organization_is_shown_with_its_name_or_its_logo_and_its_words() -> None:
    page = Problem(404, "x", "y", "z")
    plain = show(page)
    assert plain.text.count("Example") == 2  # title and head
    assert plain.all("img") == []
    design = {"logo_path": "https://example.com/logo.png", "header_text": "Welcome", "footer_text": "Call 4242"}
    own = show(page, **design)
    assert own.one("img") == {"class": "logo", "src": "https://example.com/logo.png", "alt": "Example"}
    assert "Welcome" in own.text
    assert "Call 4242" in own.text


def test_an_organization_without_a_name_still_has_a_page() -> None:
    assert Document(PAGES.render(Problem(404, "x", "y", "z"), organization(" "))).open == []


def test_the_stylesheets_a_page_names_are_the_ones_that_can_be_fetched() -> None:
    coloured = organization(background_color="#123456")
    for owner, count in ((EXAMPLE, 1), (coloured, 2)):
        html = PAGES.render(Problem(404, "x", "y", "z"), owner)
        paths = [each["href"] for each in Document(html).all("link") if each["rel"] == "stylesheet"]
        assert len(paths) == count
        assert all(re.fullmatch(r"/cdn-cgi/access/assets/(door|design)\.[0-9a-f]{16}\.css", path) for path in paths)
        assert all(PAGES.asset(path, owner) for path in paths)
        assert paths[0] == PAGES.stylesheet[0]
    assert PAGES.asset(paths[1], coloured) == PAGES.design_css(coloured).encode()
    assert PAGES.asset(paths[1], EXAMPLE) is None
    assert PAGES.asset("/cdn-cgi/access/assets/../page.py", coloured) is None


def test_another_design_gets_another_address() -> None:
    one, other = (
        Document(PAGES.render(Problem(404, "x", "y", "z"), organization(background_color=colour))).all("link")[-1][
            "href"
        ]
        for colour in ("#123456", "#654321")
    )
    assert one != other


def test_the_bodies_of_redirects_are_small() -> None:
    found, unauthorized = every_page()[-2:]
    assert len(PAGES.render(found, EXAMPLE)) < 300
    assert len(PAGES.render(unauthorized, EXAMPLE)) < 200
    assert "401 Unauthorized" in PAGES.render(unauthorized, EXAMPLE)
