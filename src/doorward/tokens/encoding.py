"""Base64url and JSON with exactly one accepted spelling each: what signs and what is read are the same bytes."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any, NoReturn


def encode(data: bytes) -> str:
    """Base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(segment: str) -> bytes:
    """Read base64url without padding, refusing every second spelling of the same bytes.

    Padding, white space, the other alphabet and set bits behind the last byte would let one token be written in
    many ways (RFC 4648 sections 3.2 to 3.5).

    Raises:
        ValueError: not canonical base64url.
    """
    try:
        data = base64.b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True)
    except ValueError as error:  # binascii.Error, or not even ASCII
        raise ValueError("not base64url") from error
    if encode(data) != segment:
        raise ValueError("not canonical base64url")
    return data


def write_json(value: Any) -> bytes:
    """Compact JSON in ASCII: readers that decode base64url to Latin-1 still see the right characters.

    Raises:
        ValueError, TypeError: the value is not JSON (NaN, infinities, foreign types).
    """
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii")


def read_object(data: bytes) -> dict[str, Any]:
    """Read one JSON object, strictly.

    Raises:
        ValueError: not UTF-8, not JSON, not an object, a member name twice, NaN or infinity, a lone surrogate, or
            nested too deeply.
    """
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_distinct, parse_constant=_refuse_constant)
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # fails on lone surrogates, wherever they are
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if isinstance(value, dict):
        return value
    raise ValueError("not a JSON object")


def _distinct(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member name stands twice")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
