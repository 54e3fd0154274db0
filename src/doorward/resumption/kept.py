"""A request that waits for a login to end, and the address under which it waits."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from doorward.resumption.form import Form

KEPT_FOR: Final = 600
"""Seconds from the moment it was sent."""
LONGEST_BODY: Final = 262_144
"""Bytes; the most that ``resume_posts_max_size`` may allow."""
_PLACE: Final = "/cdn-cgi/access/resume/"
_ID: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class KeptRequest:
    """A form somebody sent, bound to the browser that sent it. Times are Unix seconds."""

    id: str = field(repr=False)
    """Random; the store has only its hash."""
    aud: str
    """Audience tag of the application it was sent to."""
    hostname: str
    target: str = field(repr=False)
    """Path and query, as they were asked for."""
    form: Form = field(repr=False)
    browser_hash: str
    """Hex SHA-256 of the CF_AppSession value of the browser that sent it."""
    former_user: str
    """Id of the user that an expired token in the request named; empty when there was none."""
    client: str
    """Whose share of the space it takes: an address, or the network that an IPv6 subscriber gets."""
    created_at: int
    expires_at: int
    session_nonce: str = ""
    """The session that a login in the same browser led to, for this very request; empty until then."""


def kept_path(request_id: str) -> str:
    """Where the request waits, on the host that it was sent to."""
    return _PLACE + request_id


def kept_id(path: str) -> str:
    """The id in such a path; empty for every other."""
    request_id = path.removeprefix(_PLACE)
    return request_id if path.startswith(_PLACE) and _ID.fullmatch(request_id) else ""


def recorded_path(path: str) -> str:
    """A path as logs and records may have it: of whatever is below that place only the place, an id is a secret."""
    return _PLACE if path.startswith(_PLACE) else path
