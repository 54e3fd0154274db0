"""What the shells (``edge``, ``login``) need of the running process. Built once, in ``app``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from doorward.access.snapshot import Snapshot
from doorward.audit import Audit
from doorward.pages import Pages
from doorward.providers import Providers
from doorward.settings import Settings
from doorward.store import Store


@dataclass(frozen=True, slots=True)
class Services:
    """Plain values and functions; a handler takes this and the request, nothing else."""

    settings: Settings
    store: Store
    audit: Audit
    pages: Pages
    providers: Providers
    snapshot: Callable[[], Snapshot]
    """The current one. Take it once a request and use that."""
    refresh: Callable[[], Awaitable[None]]
    """Load and publish the snapshot now (after a revocation) instead of at the next poll, if the store has changed."""
    now: Callable[[], int]
    """Unix seconds. Read once a request."""
    token: Callable[[], str]
    """A fresh random secret, 43 URL-safe characters."""
    country: Callable[[IPv4Address | IPv6Address | None], str | None]
    """ISO 3166-1 alpha-2 of an address; None when unknown."""
