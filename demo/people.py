"""Who is in the demo directory."""

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
        "sub": "paula",
        "email": "paula@example.test",
        "email_verified": True,
        "name": "Paula Price",
        "groups": ["staff", "payroll"],
        "department": "Payroll",
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
