"""Made-up applications for tests."""

from __future__ import annotations

import hashlib
from typing import Any

from doorward.applications import Application


def application(*domains: str, name: str = "", **fields: Any) -> Application:
    name = name or domains[0]
    aud = hashlib.sha256(name.encode()).hexdigest()
    return Application(id=f"id of {name}", aud=aud, name=name, domain=domains[0], self_hosted_domains=domains, **fields)
