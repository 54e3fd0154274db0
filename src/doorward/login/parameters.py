"""The parameters of a query or form, duplicates noticed: two readers of one name could see two values (docs/attacks.md, 100)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from doorward.errors import DoorwardError

MOST: Final = 64
"""Parameters; ours have at most six, identity providers add a few."""
LONGEST_FORM: Final = 65_536
"""Bytes of a form body. The largest that is expected is an identity provider's answer by ``form_post``."""

LONGEST_ANSWER: Final = 1_600_000
"""Bytes of a form at the callback: a SAML response may name thousands of groups."""


class ParameterError(DoorwardError):
    """A query or form that has no single meaning."""

    code = "parameters"


@dataclass(frozen=True, slots=True)
class Parameters:
    """What was sent, each name once. Nothing here is to be trusted yet."""

    values: Mapping[str, str]

    def get(self, name: str) -> str:
        """The value; empty when it was not sent."""
        return self.values.get(name, "")


def read_parameters(encoded: str) -> Parameters:
    """Parse ``application/x-www-form-urlencoded`` text: a query string or a form.

    Raises:
        ParameterError: a name stands there twice, there are too many, or a value is not UTF-8.
    """
    try:
        pairs = parse_qsl(encoded, keep_blank_values=True, errors="strict", max_num_fields=MOST)
    except ValueError as error:
        raise ParameterError("The address or form holds too many parameters, or text that is not UTF-8.") from error
    repeated = sorted(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
    if repeated:
        raise ParameterError(f"The parameter {repeated[0][:40]!r} was sent more than once.")
    return Parameters(dict(pairs))
