"""The published signing keys (access.md 1.5), on both domains, for everybody."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from doorward.login.answers import json_answer, text_answer
from doorward.login.problems import not_found
from doorward.login.visit import Visit
from doorward.tokens.jwks import key_set

CACHED: Final = "public, max-age=3600"
"""An hour: a key is published a week before it signs, so nobody can hold a set that lacks the one in use."""


def certs(visit: Visit) -> Response:
    """``GET /certs``: JSON with ``keys``, ``public_cert`` and ``public_certs``, the current key first."""
    return json_answer(key_set(visit.snapshot.keys, visit.now), cached=CACHED)


def public_cert(visit: Visit) -> Response:
    """``GET /public-cert``: the current certificate as PEM; with ``?kid=`` that of another published key."""
    kid = visit.query.get("kid")
    published = visit.snapshot.keys.published(visit.now)
    key = next((one for one in published if not kid or one.kid == kid), None)
    if key is None:
        raise not_found()
    return text_answer(key.certificate, "application/x-pem-file", cached=CACHED)
