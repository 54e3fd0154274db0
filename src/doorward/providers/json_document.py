"""JSON from outside, read strictly: one object, UTF-8, no duplicate names, no surprises in numbers, depth or text."""

from __future__ import annotations

import json
from typing import Any, Final, NoReturn

from doorward.providers.failure import Failure, Reason

MAX_DEPTH: Final = 32
_LONGEST_NUMBER: Final = 40


def read_object(data: bytes, what: str) -> dict[str, Any]:
    """Parse one JSON object. ``what`` names it in the failure's detail. The caller bounds the size.

    Raises:
        Failure: INVALID_ANSWER. Duplicate names are refused because two readers could see two meanings.
    """
    document = read_json(data, what)
    if not isinstance(document, dict):
        raise Failure(Reason.INVALID_ANSWER, f"{what} is not a JSON object")
    return document


def read_json(data: bytes, what: str) -> Any:
    """Parse any JSON value, as strictly as :func:`read_object`."""
    try:
        document = json.loads(
            data.decode("utf-8-sig"),
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_int=_bounded_int,
            parse_float=_bounded_float,
        )
    except (ValueError, RecursionError) as error:
        raise Failure(Reason.INVALID_ANSWER, f"{what} is not acceptable JSON: {type(error).__name__}") from error
    if not _tame(document):
        raise Failure(Reason.INVALID_ANSWER, f"{what} is nested too deeply or holds broken text")
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate member name")
    return members


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _bounded_int(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise ValueError("number too long")
    return int(digits)


def _bounded_float(digits: str) -> float:
    if len(digits) > _LONGEST_NUMBER or float(digits) in {float("inf"), float("-inf")}:
        raise ValueError("number too large")
    return float(digits)


def _tame(document: Any) -> bool:
    pending = [(document, 1)]
    while pending:
        value, depth = pending.pop()
        if depth > MAX_DEPTH:
            return False
        if isinstance(value, dict):
            pending += [(member, depth + 1) for pair in value.items() for member in pair]
        elif isinstance(value, list):
            pending += [(member, depth + 1) for member in value]
        elif isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
            return False  # a lone surrogate cannot be stored or sent on
    return True
