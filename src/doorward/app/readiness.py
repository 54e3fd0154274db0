"""What has to hold before the door counts as open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from doorward.app.state import State
from doorward.edge.status import Check, Finding, envoy_check
from doorward.edge.xds import AdsServer
from doorward.store import Store

STALE_SECONDS: Final = 300
"""A snapshot is renewed every half minute; one that is this old means that renewing fails."""


def checks(state: State, store: Store, ads: AdsServer, admin: Path, now: Callable[[], int]) -> Mapping[str, Check]:
    """By name, in the order in which things come up."""

    async def database() -> Finding:
        return Finding(ok=True, detail=f"revision {await store.revision()}")

    async def snapshot() -> Finding:
        if not state.loaded:
            return Finding(ok=False, detail="not loaded yet")
        age = now() - state.loaded_at
        return Finding(ok=age < STALE_SECONDS, detail=f"{len(state.snapshot().applications)} applications, {age} s old")

    async def keys() -> Finding:
        if not state.loaded:
            return Finding(ok=False, detail="not loaded yet")
        return Finding(ok=True, detail=f"signing with {state.snapshot().keys.current(now()).kid[:12]}")

    async def configuration() -> Finding:
        if not ads.connected:
            return Finding(ok=False, detail="no Envoy has connected yet")
        live = ads.live(state.version)
        return Finding(ok=live, detail=f"version {state.version} {'in force' if live else 'not in force yet'}")

    return {
        "store": database,
        "snapshot": snapshot,
        "keys": keys,
        "configuration": configuration,
        "envoy": envoy_check(admin),
    }
