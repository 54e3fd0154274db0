"""Service tokens for tests: one that is good, to be varied."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.tokens.material import NOW

from doorward.service_tokens import ServiceToken, issue

CLIENT_ID = "88bf3b6d86161464f6509f7219099e57.access"
SECRET = "cfast_" + "Aa0" * 16
NEW_SECRET = "cfast_" + "Bb1" * 16
YEAR = 8760 * 3600


def token(name: str = "ci", client_id: str = CLIENT_ID, secret: str = SECRET, **changes: Any) -> ServiceToken:
    made = issue(f"id-of-{name}", name, client_id, secret, timedelta(hours=8760), NOW)
    fields = {field: getattr(made, field) for field in ServiceToken.__slots__}
    return ServiceToken(**(fields | changes))
