"""``doorward idp``: list identity providers, and try them out before people do."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from typing import Annotated, Final

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from doorward.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from doorward.cli.speech import printable, remark, result, write_json
from doorward.cli.state import opened
from doorward.errors import DoorwardError
from doorward.organization import IdentityProvider
from doorward.providers import outbound_client
from doorward.providers.trial import Outcome, Step, trial
from doorward.settings import Settings, load
from doorward.settings.file.providers import AnyProviderPart, OneTimePinPart

command = typer.Typer(add_completion=False, no_args_is_help=True)

_SIGNS: Final = {Outcome.GOOD: ("✓", "green"), Outcome.BAD: ("✗", "bold red"), Outcome.UNCLEAR: ("?", "yellow")}
_EXAMPLES = """Examples:

doorward idp test

doorward idp test "Company login" --json"""
Tried = tuple[IdentityProvider, tuple[Step, ...]]


class NoSuchProvider(DoorwardError):  # noqa: N818 - what is the case, as elsewhere in the tree of errors
    code = "identity_provider"


@command.callback()
def idp() -> None:
    """Try an identity provider out before people do: whether it can be reached and knows us."""


@command.command("test", epilog=_EXAMPLES)
def try_out(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="One provider's name; all of them without.")] = "",
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Go through the exchange with a provider, as far as that works without a person, and say which step fails.

    Addresses, keys, signature algorithms, the client secret, certificates, the mail server. Nobody is signed in and no mail
    is sent. Exit code 1 if a step fails.
    """
    settings = load(config, os.environ)
    chosen = [one for one in _providers(settings) if name in ("", one.name)]
    if not chosen:
        raise NoSuchProvider(f"There is no identity provider {name!r} in {settings.path}.")
    tried = asyncio.run(_try(settings, chosen, quiet=as_json))
    if as_json:
        write_json({"identity_providers": [_json(one, steps) for one, steps in tried]})
    else:
        _print(tried, _redirect_uri(settings))
    raise typer.Exit(1 if any(step.outcome is Outcome.BAD for _, steps in tried for step in steps) else 0)


@command.command("list")
def listed(config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """List the identity providers with their ids, and where their SCIM clients have to go."""
    settings = load(config, os.environ)
    rows = asyncio.run(_listed(settings))
    if as_json:
        write_json(rows)
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("name", "type", "id", "SCIM"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(printable(str(row[field])) for field in ("name", "type", "id", "scim_base_url")))
    result().print(table)


async def _listed(settings: Settings) -> list[dict[str, str]]:
    origin = settings.public.origin(settings.organization.auth_domain)
    async with opened(settings, dict(os.environ), fresh=True) as store:
        ids = await store.objects.identify("identity_provider", [part.name for part in settings.identity_providers])
    return [
        {
            "id": ids[part.name].id,
            "name": part.name,
            "type": part.type,
            "scim_base_url": f"{origin}/populations/{ids[part.name].id}/scim/v2" if has_scim(part) else "",
        }
        for part in settings.identity_providers
    ]


def has_scim(part: AnyProviderPart) -> bool:
    """True if a directory may tell of users for this provider."""
    return not isinstance(part, OneTimePinPart) and part.scim_config is not None and part.scim_config.enabled


def _providers(settings: Settings) -> list[IdentityProvider]:
    return [
        IdentityProvider(id=part.id or part.name, name=part.name, type=part.type, config=part.config.values())
        for part in settings.identity_providers
    ]


def _redirect_uri(settings: Settings) -> str:
    return f"{settings.public.origin(settings.organization.auth_domain)}/cdn-cgi/access/callback"


async def _try(settings: Settings, chosen: Sequence[IdentityProvider], *, quiet: bool) -> list[Tried]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    async with outbound_client() as http:
        with Progress(*columns, console=remark(), transient=True, disable=quiet) as progress:
            task = progress.add_task("", total=None)
            found: list[Tried] = []
            for one in chosen:
                progress.update(task, description=printable(one.name))
                found.append((one, await trial(http, one, _redirect_uri(settings), int(time.time()), settings.mail)))
            return found


def _print(tried: Sequence[Tried], redirect_uri: str) -> None:
    console = result()
    for one, steps in tried:
        console.print(Text(f"{printable(one.name)} ({one.type})", style="bold"))
        width = max(len(step.name) for step in steps)
        for step in steps:
            sign, style = _SIGNS[step.outcome]
            console.print(Text.assemble((f"  {sign} ", style), f"{step.name:{width}}  {printable(step.found)}"))
            if step.advice:
                console.print(Text(f"    → {printable(step.advice)}", style="green"))
    remark().print(Text(f"Whether {redirect_uri} is registered shows only when somebody signs in.", style="dim"))


def _json(one: IdentityProvider, steps: Sequence[Step]) -> dict[str, object]:
    listed = [{"step": s.name, "outcome": s.outcome.value, "found": s.found, "advice": s.advice} for s in steps]
    return {"name": one.name, "type": one.type, "steps": listed}
