"""The pages of access for a time: what they say and what they send."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.pages.build import Document, organization

from doorward.pages import Approve, AskReason, Pages, Waiting

REASON = AskReason("Wiki", "ann@example.com", "Which ticket?", "/purpose", "proof", needs_approval=True, longest=500)
WAITS = Waiting(
    "Wiki", "ann@example.com", "why", 2, "https://login.example.com/approve/1", "https://login.example.com/p"
)
DECIDES = Approve(
    "Wiki", "wiki.example.com", "ann@example.com", "Ann", "why", "2026-11-25 10:00 UTC", "192.0.2.7 (NL)",
    "boss@example.com", (), 1, (("15m", "15 minutes", False), ("1h", "1 hour", True)), "/approve/1", "proof",
    "https://login.example.com/logout",
)  # fmt: skip


def shown(page) -> tuple[Document, str]:
    document = Document(Pages().render(page, organization()))
    return document, " ".join(" ".join(document.words).split())


def attributes(document, tag):
    return [attributes for name, attributes in document.elements if name == tag]


def test_the_form_asks_the_operator_s_question_or_ours():
    document, words = shown(REASON)
    assert "Which ticket?" in words
    assert "Your reason" in shown(replace(REASON, prompt=""))[1]
    (field,) = attributes(document, "textarea")
    assert (field["name"], field["maxlength"]) == ("reason", "500")
    assert "required" in field
    assert attributes(document, "form")[0]["action"] == "/purpose"
    assert {"type": "hidden", "name": "proof", "value": "proof"} in attributes(document, "input")


@pytest.mark.parametrize(("needs_approval", "said"), [(True, "Others decide"), (False, "is kept with your access")])
def test_the_form_says_who_reads_it(needs_approval, said):
    assert said in shown(replace(REASON, needs_approval=needs_approval))[1]


def test_a_mistake_is_announced_and_what_was_typed_is_still_there():
    document, words = shown(replace(REASON, reason="no", error="Too short.", note="Refused."))
    (field,) = attributes(document, "textarea")
    assert field["aria-invalid"] == "true"
    assert field["aria-describedby"] == "reason-error"
    for said in ("no", "Too short.", "Refused."):
        assert said in words


def test_waiting_says_what_is_missing_and_whom_to_ask():
    _, words = shown(WAITS)
    assert "2 approvals are missing" in words
    assert "https://login.example.com/approve/1" in words
    assert "One approval is missing" in shown(replace(WAITS, missing=1))[1]


def test_the_approver_sees_who_what_and_why_and_has_two_buttons():
    document, words = shown(DECIDES)
    for said in (
        "ann@example.com",
        "Ann asks for access",
        "why",
        "192.0.2.7 (NL)",
        "boss@example.com",
        "2026-11-25 10:00 UTC",
    ):
        assert said in words
    assert [(one["name"], one["value"]) for one in attributes(document, "button")] == [
        ("decision", "approve"), ("decision", "deny"),
    ]  # fmt: skip
    options = attributes(document, "option")
    assert [(one["value"], "selected" in one) for one in options] == [("15m", False), ("1h", True)]
    assert "Approved by" not in words


def test_the_approver_sees_who_agreed_already():
    _, words = shown(
        replace(DECIDES, approved_by=("chief@example.com",), missing=2, name="", place="", hostname="Wiki")
    )
    assert "chief@example.com" in words
    assert "2 approvals are missing" in words
    assert "ann@example.com asks for access" in words
