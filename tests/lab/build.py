"""An application to lint, and a snapshot to ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.access.world import snapshot as _snapshot

from doorward.access.snapshot import Snapshot
from doorward.applications import Application
from doorward.policy.model import Directory, Policy


def application(policies: Sequence[Policy] = (), name: str = "wiki", **fields: Any) -> Application:
    values = {"id": f"id of {name}", "aud": name.encode().hex().ljust(64, "0"), "name": name}
    values |= {"domain": f"{name}.example.com", "policies": tuple(policies)}
    return Application.model_validate(values | fields)


def snapshot(*applications: Application, directory: Directory | None = None, **fields: Any) -> Snapshot:
    made = _snapshot(*applications, **fields)
    return (
        made
        if directory is None
        else made.__class__(**{name: getattr(made, name) for name in made.__slots__} | {"directory": directory})
    )
