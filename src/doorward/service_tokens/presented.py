"""The credentials in a request: a pair of headers, or both in one header as JSON (access.md 3.3, 3.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from doorward.service_tokens.secret import CLIENT_ID
from doorward.service_tokens.token import Rejection
from doorward.tokens.encoding import read_object

LONGEST: Final = 2048
"""Characters of a header that is read as JSON."""
_SECRET_TEXT: Final = re.compile(r"[!-+\--~]{1,256}")
"""Anything that could be compared with a secret. A comma means that the header was sent twice."""
_ID: Final = "cf-access-client-id"
_SECRET: Final = "cf-access-client-secret"  # noqa: S105 - a header's name


@dataclass(frozen=True, slots=True)
class Presented:
    """One client id and one client secret; whether they are right is another question."""

    client_id: str
    client_secret: str = field(repr=False)


def read_presented(client_id: str | None, client_secret: str | None, single: str) -> Presented | Rejection | None:
    """What a request shows; None: nothing. Something that cannot be one pair is ``MALFORMED``, never half of it.

    Args:
        client_id: ``CF-Access-Client-Id``; None when it was not sent. Sent twice, its values are joined by commas, as
            RFC 9110 section 5.2 does, and no client id has one.
        client_secret: ``CF-Access-Client-Secret``, likewise.
        single: the header that the application names for both at once; empty when it was not sent.
    """
    pair = client_id is not None or client_secret is not None
    if not pair and not single:
        return None
    if pair and single:
        return Rejection.MALFORMED
    if single:
        return _from_json(single)
    return _checked(client_id, client_secret)


def _from_json(text: str) -> Presented | Rejection:
    if len(text) > LONGEST:
        return Rejection.MALFORMED
    try:
        members = read_object(text.encode("latin-1"))
    except ValueError:
        return Rejection.MALFORMED
    named = [(name.lower(), value) for name, value in members.items() if name.lower() in {_ID, _SECRET}]
    if len(named) != 2:  # one is missing, or in two spellings
        return Rejection.MALFORMED
    pair = dict(named)
    return _checked(pair.get(_ID), pair.get(_SECRET))


def _checked(client_id: Any, client_secret: Any) -> Presented | Rejection:
    if not isinstance(client_id, str) or not isinstance(client_secret, str):
        return Rejection.MALFORMED
    if not CLIENT_ID.fullmatch(client_id) or not _SECRET_TEXT.fullmatch(client_secret):
        return Rejection.MALFORMED
    return Presented(client_id, client_secret)
