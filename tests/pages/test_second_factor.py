"""The pages that ask for a passkey: the only ones with a script, which is a file of ours."""

from __future__ import annotations

import json

import pytest
from tests.pages.build import Document, organization

from doorward.pages import EnrollPasskey, EnrollTotp, Pages, Passkey, ShowFactor

PAGES = Pages()
HOSTILE = """'"><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7 * 7 }}"""


def passkey(text: str) -> Passkey:
    return Passkey("/cdn-cgi/access/x", text, json.dumps({"challenge": text}), text, PAGES.script[0])


def pages(text: str) -> list[ShowFactor | EnrollPasskey]:
    asked = passkey(text)
    return [
        ShowFactor(text, text, "/cdn-cgi/access/y", text, asked, "/z", other=False, error=text),
        ShowFactor(text, text, "", "", asked, "/z", other=True),
        EnrollPasskey(text, text, text, text, asked, "/z", text),
    ]


@pytest.mark.parametrize("number", range(3))
def test_g7_114_nothing_runs_but_our_file_whatever_the_words_are(number):
    found = Document(PAGES.render(pages(HOSTILE)[number], organization()))
    calm = Document(PAGES.render(pages("Wiki")[number], organization()))
    assert [name for name, _ in found.elements] == [name for name, _ in calm.elements]
    (script,) = found.all("script")
    assert script == {"src": PAGES.script[0], "defer": ""}
    assert not [name for _, attributes in found.elements for name in attributes if name.startswith("on")]
    assert not found.all("style")
    assert found.open == []


def test_what_the_browser_is_asked_arrives_as_it_was_written():
    found = Document(PAGES.render(pages(HOSTILE)[0], organization()))
    (form,) = [one for one in found.all("form") if one.get("id") == "passkey-form"]
    assert json.loads(form["data-options"]) == {"challenge": HOSTILE}


def test_the_form_for_codes_is_there_where_a_code_helps():
    with_code, without = (Document(PAGES.render(page, organization())) for page in pages("x")[:2])
    assert [form.get("id") for form in with_code.all("form")] == ["passkey-form", "factor-form"]
    assert [form.get("id") for form in without.all("form")] == ["passkey-form"]


@pytest.mark.parametrize(("uri", "links"), [("otpauth://totp/x?secret=A", 1), ("javascript:alert(1)", 0)])
def test_an_app_on_the_same_device_is_opened_by_its_own_kind_of_address_only(uri, links):
    page = EnrollTotp("x", "x", "data:image/svg+xml;base64,AA==", uri, "AAAA", "/y", "x", "")
    found = Document(PAGES.render(page, organization()))
    assert len([one for one in found.all("a") if one["href"] == uri]) == links


def test_the_script_is_strict_and_asks_nobody_else():
    path, script = PAGES.script
    assert path.startswith("/cdn-cgi/access/assets/passkey.")
    assert path.endswith(".js")
    for word in (b"eval", b"innerHTML", b"fetch", b"http:", b"https:", b"document.write"):
        assert word not in script
