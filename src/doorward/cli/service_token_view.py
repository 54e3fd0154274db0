"""A service token as JSON and in lines for people. Never its hash, and its secret only when it was made just now."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rich.text import Text

from doorward.cli.speech import printable
from doorward.service_tokens import Rejection, ServiceToken, format_lifetime

_STATES = {None: ("enabled", "green"), Rejection.DISABLED: ("disabled", "red"), Rejection.EXPIRED: ("expired", "red")}


def as_json(token: ServiceToken, secret: str | None = None) -> dict[str, Any]:
    """The API's object (access.md 3.4). ``client_secret`` is in it only when it was made just now."""
    shown = {"client_secret": secret} if secret is not None else {}
    return {
        "id": token.id,
        "name": token.name,
        "client_id": token.client_id,
        **shown,
        "enabled": token.enabled,
        "duration": format_lifetime(token.duration),
        "created_at": moment(token.created_at),
        "updated_at": moment(token.updated_at),
        "expires_at": moment(token.expires_at),
        "client_secret_version": token.client_secret_version,
        "previous_client_secret_expires_at": moment(token.previous_expires_at),
        "declared": token.declared,
    }


def moment(seconds: int | None) -> str | None:
    """RFC 3339, UTC, whole seconds."""
    return None if seconds is None else datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def lines_of(token: ServiceToken, now: int) -> tuple[Text, ...]:
    """Three lines for people."""
    state, style = _STATES[token.rejection(now)]
    expires = "never expires" if token.expires_at is None else f"expires {_when(token.expires_at)} (UTC)"
    origin = "  credentials of the configuration file" if token.declared else ""
    return (
        Text.assemble((printable(token.name), "bold"), "  ", (state, style), f"  {expires}"),
        Text(f"  client id {token.client_id}{origin}", style="dim"),
        Text(f"  id {token.id}", style="dim"),
    )


def overlap_of(token: ServiceToken, now: int) -> str:
    """What becomes of the secret before, in words."""
    if token.previous_expires_at is None or token.previous_expires_at <= now:
        return "The secret before it has ended."
    return f"The secret before it works until {_when(token.previous_expires_at)} (UTC)."


def _when(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d %H:%M")
