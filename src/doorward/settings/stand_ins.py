"""Ids for what was never started: a name stands for itself until the store gives it an id. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from doorward.settings.resolution import ObjectIdLike, names
from doorward.settings.values import Settings

NOBODYS_ACCOUNT: Final = "0" * 32
_WITHIN: Final = "\x1f"
"""See :func:`doorward.settings.resolution.names`."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """In place of what the store would know an object by."""

    id: str
    aud: str


def stand_ins(
    settings: Settings, known: Mapping[str, Mapping[str, ObjectIdLike]]
) -> dict[str, dict[str, ObjectIdLike]]:
    """An id for everything the file declares: the known one, or its name."""
    return {
        kind: {name: known.get(kind, {}).get(name) or _stand_in(name) for name in wanted}
        for kind, wanted in names(settings).items()
    }


def _stand_in(name: str) -> StandIn:
    return StandIn(name.replace(_WITHIN, " / "), hashlib.sha256(name.encode()).hexdigest())
