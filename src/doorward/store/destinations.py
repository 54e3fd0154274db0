"""Destinations as JSON text, the way attempts, hand-offs and PINs keep them."""

from __future__ import annotations

import json
from dataclasses import asdict

from doorward.signin import Destination


def write(destination: Destination | None) -> str | None:
    """JSON text; None stays None."""
    return None if destination is None else json.dumps(asdict(destination))


def read(text: str | None) -> Destination | None:
    """What :func:`write` was given."""
    return None if text is None else Destination(**json.loads(text))
