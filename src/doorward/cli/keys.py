"""``doorward keys``: the keys that sign tokens (access.md 2.7)."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import UTC, datetime
from typing import Any

import typer
from rich.text import Text

from doorward.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from doorward.cli.speech import remark, result, write_json
from doorward.cli.state import opened
from doorward.settings import Settings, load
from doorward.tokens.keys import OVERLAP, ROTATION, KeyRing, SigningKey

command = typer.Typer(add_completion=False, no_args_is_help=True)

_LIST_EXAMPLES = """Examples:

doorward keys list

doorward keys list --json"""
_ROTATE_EXAMPLES = """Examples:

doorward keys rotate

doorward keys rotate --config /etc/doorward/doorward.yaml --json"""


@command.callback()
def keys() -> None:
    """List or rotate the keys that sign tokens.

    Keys are made at the first start, are encrypted in the database, and rotate by themselves every 42 days.
    """


@command.command("list", epilog=_LIST_EXAMPLES)
def list_keys(config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Show every key: which one signs, which comes next, which only verify."""
    settings = load(config, os.environ)
    _show(asyncio.run(_ring(settings)), int(time.time()), as_json=as_json)


@command.command(epilog=_ROTATE_EXAMPLES)
def rotate(config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Have another key sign from now on: the next one, or a new one if none is waiting.

    Nobody is signed out: tokens signed by the old key stay good for the overlap of 7 days. A running door notices
    within a second.
    """
    settings = load(config, os.environ)
    now = int(time.time())
    ring = asyncio.run(_rotated(settings, now))
    if not as_json:
        remark().print(Text(f"Key {ring.current(now).kid[:12]}… signs from now on."))
    _show(ring, now, as_json=as_json)


async def _ring(settings: Settings) -> KeyRing:
    async with opened(settings, dict(os.environ)) as store:
        return await store.signing_keys.ring()


async def _rotated(settings: Settings, now: int) -> KeyRing:
    async with opened(settings, dict(os.environ)) as store:
        return await store.signing_keys.rotate(now, settings.organization.auth_domain)


def _show(ring: KeyRing, now: int, *, as_json: bool) -> None:
    described = [describe(key, ring, now) for key in sorted(ring.keys, key=lambda key: key.active_from, reverse=True)]
    if as_json:
        write_json(described)
        return
    if not described:
        remark().print(Text("There is no key yet; the first start of 'doorward serve' makes one."))
        return
    console = result()
    for item in described:
        begin, end, last = (_when(item[name]) for name in ("signs_from", "signs_until", "verifies_until"))
        console.print(Text.assemble((f"{item['state']:<9}", "bold"), item["kid"]))
        console.print(Text(f"{'':<9}signs {begin} to {end}, verifies until {last} (UTC)", style="dim"))


def describe(key: SigningKey, ring: KeyRing, now: int) -> dict[str, Any]:
    """One key for people and scripts. ``state``: current, next, previous or over; times are Unix seconds."""
    retirement = ring.retirement(key)
    until = retirement if retirement is not None else key.active_from + ROTATION
    if ring.over(key, now):
        state = "over"
    elif key == _current(ring, now):
        state = "current"
    else:
        state = "next" if key.active_from > now else "previous"
    return {
        "kid": key.kid,
        "state": state,
        "signs_from": key.active_from,
        "signs_until": until,
        "verifies_until": until + OVERLAP,
    }


def _current(ring: KeyRing, now: int) -> SigningKey | None:
    try:
        return ring.current(now)
    except LookupError:
        return None


def _when(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d %H:%M")
