"""Who is in the demo directory, and what they may open."""

from __future__ import annotations

from typing import Any, Final

DIRECTORY: Final[tuple[dict[str, Any], ...]] = (
    {
        "sub": "alice",
        "email": "alice@example.test",
        "email_verified": True,
        "name": "Alice Archer",
        "groups": ["staff", "engineering"],
        "department": "Engineering",
    },
    {
        "sub": "bob",
        "email": "bob@example.test",
        "email_verified": True,
        "name": "Bob Baker",
        "groups": ["staff"],
        "department": "Sales",
    },
    {
        "sub": "mallory",
        "email": "mallory@elsewhere.test",
        "email_verified": True,
        "name": "Mallory Moss",
        "groups": [],
        "department": "None of ours",
    },
)
