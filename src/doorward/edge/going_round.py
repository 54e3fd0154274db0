"""The page for a visitor who was sent to the login again and again: what is probably wrong, and what helps. Pure."""

from __future__ import annotations

from typing import Final

from doorward.access.rounds import Why
from doorward.pages import Problem

_SENTENCES: Final = {
    Why.NOT_KEPT: (
        "You signed in, but your browser did not send the cookie that says so. It may block cookies for this address, or have thrown this one away because it is too large.",
        "Allow cookies for this site, and see that its address begins with {scheme}://. Extensions and private windows can be the cause as well.",
    ),
    Why.SEVERAL: (
        "You signed in, but your browser sends more than one cookie that says so, and they contradict each other. One may be left from before, or come from another site under the same domain.",
        "Delete the cookies of this site and of the domain above it, then try again.",
    ),
    Why.UNREADABLE: (
        "You signed in, but some other cookie of this site is written in a way that makes all of them ambiguous, so none of them counts.",
        "Delete the cookies of this site, then try again. If it comes back, tell whoever runs the application.",
    ),
    Why.CLOCK: (
        "You signed in, but what you were given is over already, or not valid yet, when it comes back. A clock is wrong.",
        "Tell whoever runs this site to look at the clocks of its servers, and give them the reference below.",
    ),
    Why.UNBOUND: (
        "You signed in, but your browser did not send the second cookie that this application wants beside the first.",
        "Delete the cookies of this site, allow new ones, then try again.",
    ),
    Why.NOT_TAKEN: (
        "You signed in, but the door did not take what you were given a moment ago.",
        "Try again. If it stays like this, give the reference below to whoever runs this site.",
    ),
}


def going_round_page(reason: Why, scheme: str, again: str, reference: str) -> Problem:
    """``again``: where a fresh login begins. ``scheme``: that of the site's addresses."""
    message, next_step = _SENTENCES[reason]
    return Problem(
        status=400,
        title="You were going round in circles",
        message=message,
        next_step=next_step.format(scheme=scheme),
        action_url=again,
        action_label="Try again",
        reference=reference,
    )
