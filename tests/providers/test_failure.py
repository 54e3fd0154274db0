from __future__ import annotations

import pytest

from doorward.errors import DoorwardError
from doorward.providers.failure import ProviderError, Reason, quotable


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_sentence_that_names_the_provider_and_the_next_step(reason):
    error = ProviderError("Company login", reason, "detail for the log", "their words")
    assert isinstance(error, DoorwardError)
    assert error.code == "provider"
    assert str(error).startswith("Company login ")
    assert "detail for the log" not in str(error)
    assert error.detail == "detail for the log"
    assert any(word in str(error).lower() for word in ("try", "start again", "verify", "administrator"))


def test_the_providers_words_are_quoted_when_it_says_no():
    error = ProviderError("Company login", Reason.REFUSED, "", "The user\r\ncancelled\x00")
    assert "(it said: The user cancelled)" in str(error)
    assert "it said" not in str(ProviderError("Company login", Reason.REFUSED, ""))
    assert "it said" not in str(ProviderError("Company login", Reason.REFUSED, "", "\x00\n"))


def test_foreign_text_becomes_one_short_line():
    assert quotable("a\u202eb\tc") == "a b c"
    assert len(quotable("x" * 5000)) == 200
