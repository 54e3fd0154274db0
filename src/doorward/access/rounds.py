"""Noticing that a visitor goes round in circles: signed in, sent back, and still without a token that counts. Pure.

A login that ends leaves a note in the browser beside the application's cookie: when it ended, and for which page. If that
very page is asked for again within seconds and there is still no token, this round was for nothing; the third in a row
is answered with a page that says what is probably wrong. The note decides nothing else. It opens nothing, it only takes
the place of one more redirect, and the page leads on to a fresh login and takes the note away: whoever could plant one
(on https nobody can from another host, ``__Host-``) would cost a visitor one click.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import unquote

from doorward.access.credential import Credential
from doorward.access.decision import Decision, Deny, LoginRequired, Refusal
from doorward.access.request import Request
from doorward.applications import Application
from doorward.organization import PublicAddress
from doorward.sessions import CF_AUTHORIZATION, SameSite, clear_cookie, set_cookie

MOST: Final = 3
"""Rounds in a row that are for nothing; browsers give up after twenty redirects, and a round may take six."""
SOON: Final = 8
"""Seconds between the end of a login and the request that follows it; the shortest token lives ten."""
NOTE_LIFETIME: Final = 120
"""Seconds; a round may lead to an identity provider."""
CF_ROUNDS: Final = "CF_Rounds"
_NOTE: Final = re.compile(r"([0-9]{1,12})-([0-9])-([0-9a-f]{16})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Note:
    """What the browser brings."""

    ended_at: int
    """Unix seconds: when the last login ended."""
    rounds: int
    """How many before it were for nothing."""
    page: str
    """A hash of the page's path."""


class Why(StrEnum):
    """What is probably wrong."""

    NOT_KEPT = "not_kept"
    """No token came: cookies are blocked, or it was too large, or the page was opened by http."""
    SEVERAL = "several"
    """More than one came, and which one is meant cannot be said."""
    UNREADABLE = "unreadable"
    """Some cookie of the site makes the whole header ambiguous."""
    CLOCK = "clock"
    """A token that was just issued is over already, or not valid yet."""
    UNBOUND = "unbound"
    """The token came without its CF_Binding."""
    NOT_TAKEN = "not_taken"
    """Anything else: revoked at once, of another key, of a session that nobody knows here."""


def ended(decision: Decision, request: Request, public: PublicAddress, now: int) -> Decision:
    """The same decision, or a refusal in place of the redirect that would begin one round too many."""
    if not isinstance(decision, LoginRequired):
        return decision
    if for_nothing(request, decision.application, public, now) < MOST:
        return decision
    return Deny(decision.application, Refusal.GOING_ROUND, 400, decision.verdict)


def for_nothing(request: Request, application: Application, public: PublicAddress, now: int) -> int:
    """How many rounds in a row ended without a token, this one included; 0 when this request ends none."""
    note = _read(request.cookies, application, public)
    if note is None or note.page != _page(request.path) or not 0 <= now - note.ended_at <= SOON:
        return 0
    return note.rounds + 1


def arrived(
    cookies: Sequence[tuple[str, str]], application: Application, path: str, public: PublicAddress, now: int
) -> str:
    """The Set-Cookie value for the end of a login; ``path`` is where it leads, with or without a query."""
    before, page = _read(cookies, application, public), _page(path)
    rounds = before.rounds if before is not None and before.page == page else 0
    return _written(Note(now, rounds, page), application, public, now)


def counted(request: Request, application: Application, public: PublicAddress, now: int) -> tuple[str, ...]:
    """The Set-Cookie value for one more round; none where nothing is counted."""
    rounds, note = for_nothing(request, application, public, now), _read(request.cookies, application, public)
    if note is None or not rounds:
        return ()
    return (_written(Note(note.ended_at, rounds, note.page), application, public, now),)


def forgotten(application: Application, public: PublicAddress) -> str:
    """The Set-Cookie value that takes the note away."""
    secure = public.scheme == "https"
    return clear_cookie(_name(application, public), secure=secure, same_site=_same_site(application))


def why(credential: Credential, request: Request) -> Why:
    """What is probably wrong, by what came and why it did not count."""
    reasons = {reason for _, reason in credential.refused}
    values = {value for name, value in request.cookies if name == CF_AUTHORIZATION}
    if request.malformed_cookies:
        return Why.UNREADABLE
    if len(values) > 1:
        return Why.SEVERAL
    if not values:
        return Why.NOT_KEPT
    if reasons & {"expired", "not_yet_valid"}:
        return Why.CLOCK
    return Why.UNBOUND if "binding" in reasons else Why.NOT_TAKEN


def _read(cookies: Sequence[tuple[str, str]], application: Application, public: PublicAddress) -> Note | None:
    name = _name(application, public)
    values = {value for key, value in cookies if key == name}
    found = _NOTE.fullmatch(values.pop()) if len(values) == 1 else None
    return Note(int(found[1]), int(found[2]), found[3]) if found is not None else None


def _written(note: Note, application: Application, public: PublicAddress, now: int) -> str:
    """With the attributes of the application's own cookie: where that one is not sent, this must not be either."""
    return set_cookie(
        _name(application, public),
        f"{note.ended_at}-{min(note.rounds, 9)}-{note.page}",
        expires_at=now + NOTE_LIFETIME,
        now=now,
        secure=public.scheme == "https",
        same_site=_same_site(application),
    )


def _same_site(application: Application) -> SameSite:
    return application.same_site_cookie_attribute or "none"


def _name(application: Application, public: PublicAddress) -> str:
    return f"{'__Host-' if public.scheme == 'https' else ''}{CF_ROUNDS}_{application.aud[:8]}"


def _page(path: str) -> str:
    """The same for every spelling of a path on the way through the login; queries are left out."""
    plain = unquote(path.partition("?")[0], errors="replace")
    return hashlib.sha256(plain.encode()).hexdigest()[:16]
