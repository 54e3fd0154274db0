"""Destinations as JSON text, the way attempts, hand-offs and PINs keep them."""

from __future__ import annotations

import json
from dataclasses import asdict

from doorward.client_certificates import CertificateFacts
from doorward.signin import Destination


def write(destination: Destination | None) -> str | None:
    """JSON text; None stays None."""
    return None if destination is None else json.dumps(asdict(destination))


def read(text: str | None) -> Destination | None:
    """What :func:`write` was given."""
    if text is None:
        return None
    members = json.loads(text)
    if (facts := members.pop("certificate", None)) is not None:
        members["certificate"] = CertificateFacts(**facts)
    return Destination(**members)
