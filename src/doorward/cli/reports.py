"""``doorward reports``: what is reported about a person and their device, and whether it still holds."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from doorward.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from doorward.cli.speech import printable, remark, result, write_json
from doorward.cli.state import opened
from doorward.policy.learned import Learned
from doorward.reports import SCORE, Held, learned
from doorward.settings import Settings, load

command = typer.Typer(add_completion=False, no_args_is_help=True)


@command.callback()
def reports() -> None:
    """Show what is reported about a person and their device. Reports come from the sources that the configuration declares."""


@command.command("list")
def list_reports(
    user: Annotated[str, typer.Argument(metavar="EMAIL", help="The person.")],
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Show the device postures and the risk score of a person, who reported them, and until when they hold.

    Examples: doorward reports list ann@example.com; doorward reports list ann@example.com --json
    """
    settings, now = load(config, os.environ), int(time.time())
    held = asyncio.run(_about(settings, user))
    sources = tuple(part.source() for part in settings.report_sources)
    known = learned(held, sources, now)
    found = [_as_json(one, holds=_holds(one, known)) for one in held]
    if as_json:
        write_json(found)
        return
    if not found:
        remark().print(Text(f"Nothing was reported about {printable(user)}."))
        return
    console = result()
    for item in found:
        state = f"until {item['until']}" if item["holds"] else "does not hold any more"
        console.print(Text.assemble((printable(item["about"]), "bold"), f"  {item['value']}  {state}"))
        console.print(Text(f"  by {printable(item['source'])} at {item['reported_at']}", style="dim"))


async def _about(settings: Settings, email: str) -> tuple[Held, ...]:
    async with opened(settings, dict(os.environ)) as store:
        return await store.reports.about(email)


def _holds(one: Held, known: Learned) -> bool:
    if one.subject == SCORE:
        return known.risk is not None and known.risk.level is not None
    return known.postures[one.subject].passed is not None


def _as_json(one: Held, *, holds: bool) -> dict[str, Any]:
    return {
        "user": one.user,
        "about": "user_risk_score" if one.subject == SCORE else one.subject,
        "value": one.value,
        "source": one.source,
        "reported_at": _moment(one.reported_at),
        "until": _moment(one.until),
        "holds": holds,
    }


def _moment(seconds: int) -> str:
    """RFC 3339, UTC."""
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
