"""How signing in at a provider fails: why, the sentence the visitor reads, and the detail for the log."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from doorward.errors import DoorwardError
from doorward.providers.one_line import one_line


class Reason(StrEnum):
    """Why a provider gave no identity."""

    UNAVAILABLE = "unavailable"
    """It could not be reached in time, or says that it is out of order."""
    REFUSED = "refused"
    """It said no: the visitor cancelled, may not use it, or came with a used code."""
    INVALID_ANSWER = "invalid_answer"
    """Its answer is malformed, forged, stale or meant for somebody else."""
    NO_EMAIL = "no_email"
    """The answer is genuine and names no e-mail address that could be used."""
    EMAIL_NOT_VERIFIED = "email_not_verified"
    CONFIGURATION = "configuration"
    """It does not accept what our configuration says, or the configuration does not fit it."""


_SENTENCES: Final = {
    Reason.UNAVAILABLE: "{name} did not answer, so it cannot sign anyone in at the moment. "
    "Try again in a minute or choose another way to sign in.",
    Reason.REFUSED: "{name} did not sign you in{said}. Try again or use another account.",
    Reason.INVALID_ANSWER: "{name} sent an answer that cannot be trusted, so you were not signed in. "
    "Start again; if this happens once more, tell your administrator.",
    Reason.NO_EMAIL: "{name} signed you in but did not say your e-mail address, which is needed here. "
    "Ask your administrator to let {name} pass it on.",
    Reason.EMAIL_NOT_VERIFIED: "{name} has not verified your e-mail address. Verify it there, then sign in again.",
    Reason.CONFIGURATION: "{name} and this site are not set up to work together{said}. "
    "Nothing you do here can change that: tell your administrator.",
}
_LONGEST_QUOTE: Final = 200


class Failure(Exception):  # noqa: N818 - not an error of the program, and never seen outside this package
    """What the pure parts raise. They do not know the provider's name; ``Providers`` adds it."""

    def __init__(self, reason: Reason, detail: str, said: str = "") -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.said = said


class ProviderError(DoorwardError):
    """An identity provider said no, is down or answered nonsense.

    ``str()`` is for the visitor and names the provider. It may quote the provider's own words, which anybody may have
    put into the address bar: pages must escape it. ``detail`` is for the log and holds no secret.
    """

    code = "provider"

    def __init__(self, name: str, reason: Reason, detail: str, said: str = "") -> None:
        quote = f" (it said: {quotable(said)})" if quotable(said) else ""
        super().__init__(_SENTENCES[reason].format(name=name, said=quote))
        self.reason = reason
        self.detail = detail


def quotable(text: str) -> str:
    """Foreign text made fit to stand in a sentence: one line, printable, at most 200 characters."""
    line = one_line(text, len(text))
    return line if len(line) <= _LONGEST_QUOTE else line[: _LONGEST_QUOTE - 1] + "…"
