"""Who is in the directory (the identity provider), and what it says about them."""

from __future__ import annotations

from typing import Any

PEOPLE: dict[str, dict[str, Any]] = {
    "alice": {
        "email": "alice@example.test",
        "email_verified": True,
        "name": "Alice Archer",
        "groups": ["staff", "engineering"],
        "department": "Engineering",
    },
    "bob": {"email": "bob@example.test", "email_verified": True, "name": "Bob Baker", "groups": ["staff"]},
    "mallory": {"email": "mallory@elsewhere.test", "email_verified": True, "name": "Mallory Moss", "groups": []},
}
