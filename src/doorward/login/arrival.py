"""What is known of a request before anything of it is read: which host, which state, which id."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from doorward.access.record import reference_of
from doorward.access.snapshot import Snapshot
from doorward.login.address import Asked

KEY: Final = "doorward.arrival"
"""Where it stands in the ASGI scope."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Made once for each request; everything that answers it uses this snapshot and this id."""

    asked: Asked
    snapshot: Snapshot = field(repr=False)
    request_id: str

    @property
    def reference(self) -> str:
        """What a page shows and an operator looks up."""
        return reference_of(self.request_id)
