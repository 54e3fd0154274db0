"""``doorward explain``: the recorded decision, not a second one; or what the door would do with a made-up request."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Final

import typer
from rich.text import Text

from doorward.access.record import DecisionRecord
from doorward.cli.asking import Asked, question_of, read_claims, read_moment, read_postures
from doorward.cli.laboratory import laboratory
from doorward.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from doorward.cli.reasons import tree_of
from doorward.cli.rehearsed import as_json as json_of
from doorward.cli.rehearsed import show
from doorward.cli.speech import print_tree, printable, remark, write_json
from doorward.cli.state import opened
from doorward.lab.question import UnusableQuestion
from doorward.lab.rehearsal import rehearse
from doorward.settings import Settings, load, names

command = typer.Typer(add_completion=False)

_REFERRED: Final = ("group", "list", "identity_provider")
_EXAMPLES = """Examples:

doorward explain 4f1d2c3b5a697887

doorward explain "4F1D 2C3B 5A69 7887" --json

doorward explain --url https://wiki.example.com/admin --email ann@example.com --group Engineering --ip 192.0.2.7

doorward explain --url https://api.example.com/ --service-token ci --at 2026-12-24T18:00:00Z"""
_MADE_UP: Final = "A made-up request"
Repeated = list[str] | None


@command.command(epilog=_EXAMPLES)
def explain(
    reference: Annotated[
        list[str] | None, typer.Argument(metavar="[REFERENCE]", help="As the visitor's page shows it.")
    ] = None,
    *,
    url: Annotated[
        str, typer.Option(metavar="URL", help="The address that is asked for.", rich_help_panel=_MADE_UP)
    ] = "",
    method: Annotated[str, typer.Option(metavar="METHOD", help="By which.", rich_help_panel=_MADE_UP)] = "GET",
    email: Annotated[
        str, typer.Option(metavar="EMAIL", help="Who is signed in; by default nobody.", rich_help_panel=_MADE_UP)
    ] = "",
    group: Annotated[
        Repeated, typer.Option(metavar="NAME", help="A group at the provider; repeatable.", rich_help_panel=_MADE_UP)
    ] = None,
    idp: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="With which provider; by default the application's first.", rich_help_panel=_MADE_UP
        ),
    ] = "",
    auth_method: Annotated[
        Repeated, typer.Option(metavar="AMR", help="Like mfa or pwd; repeatable.", rich_help_panel=_MADE_UP)
    ] = None,
    claim: Annotated[
        Repeated,
        typer.Option(metavar="NAME=VALUE", help="What the provider says; repeatable.", rich_help_panel=_MADE_UP),
    ] = None,
    ip: Annotated[
        str, typer.Option("--ip", metavar="ADDRESS", help="From where; by default not known.", rich_help_panel=_MADE_UP)
    ] = "",
    country: Annotated[
        str, typer.Option(metavar="CODE", help="By default that of the address.", rich_help_panel=_MADE_UP)
    ] = "",
    service_token: Annotated[
        str, typer.Option(metavar="NAME", help="Whose credentials are sent.", rich_help_panel=_MADE_UP)
    ] = "",
    posture: Annotated[
        Repeated,
        typer.Option(
            metavar="CHECK=passed|failed", help="A reported device check; repeatable.", rich_help_panel=_MADE_UP
        ),
    ] = None,
    risk: Annotated[str, typer.Option(metavar="LEVEL", help="The reported risk score.", rich_help_panel=_MADE_UP)] = "",
    at: Annotated[str, typer.Option(metavar="TIME", help="When; by default now.", rich_help_panel=_MADE_UP)] = "",
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Tell why a request was let in or refused: each policy, each rule, whether it matched and on what evidence.

    The reference stands on the page that refused, and in the log. Capitals, spaces and dashes do not matter. With --url
    in its place the request is made up, and the door's own functions say what would come of it; nothing is sent, stored
    or signed.
    """
    asked = Asked(
        url=url, method=method, email=email, groups=group or (), idp=idp, auth_methods=auth_method or (),
        claims=_claims(claim or ()), ip=ip, country=country, service_token=service_token, postures=read_postures(posture or ()), risk=risk,
    )  # fmt: skip
    if bool(reference) is bool(url):
        raise typer.BadParameter("give either the reference of a decision, or the --url of a made-up request")
    if reference:
        if asked != Asked(url="") or at:
            raise typer.BadParameter("a recorded decision is as it was: leave out what describes a made-up request")
        _explain_recorded(load(config, os.environ), canonical(" ".join(reference)), as_json=as_json)
    else:
        _explain_made_up(load(config, os.environ), asked, at, as_json=as_json)


def _claims(texts: Sequence[str]) -> dict[str, str | list[str]]:
    try:
        return read_claims(texts)
    except UnusableQuestion as error:
        raise typer.BadParameter(printable(str(error))) from error


def _explain_made_up(settings: Settings, asked: Asked, at: str, *, as_json: bool) -> None:
    lab = laboratory(settings)
    try:
        rehearsal = rehearse(question_of(asked, lab), lab.snapshot, read_moment(at) if at else int(time.time()))
    except UnusableQuestion as error:
        raise typer.BadParameter(printable(str(error))) from error
    if as_json:
        write_json(json_of(rehearsal, lab.names))
    else:
        show(rehearsal, lab.names)


def _explain_recorded(settings: Settings, wanted: str, *, as_json: bool) -> None:
    record, known = asyncio.run(_find(settings, wanted))
    if record is None:
        hint = "Check the reference; decisions are kept for 90 days, and only in the database of this configuration."
        remark().print(Text(f"There is no decision with the reference {printable(wanted)!r}. {hint}", style="bold red"))
        raise typer.Exit(1)
    if as_json:
        write_json(asdict(record))
    else:
        print_tree(tree_of(record, known))


def canonical(text: str) -> str:
    """A reference as it is stored: lower case, without what people put between the digits."""
    return re.sub(r"[\s\-_.:]+", "", text).lower()


async def _find(settings: Settings, reference: str) -> tuple[DecisionRecord | None, dict[str, str]]:
    """The record, and the names of what its rules refer to by id."""
    known = {
        part.id: part.name
        for part in (*settings.groups, *settings.lists, *settings.identity_providers, *settings.service_tokens)
        if part.id
    }
    async with opened(settings, dict(os.environ)) as store:
        record = await store.decisions.find(reference)
        for kind in _REFERRED if record is not None else ():
            for name, identity in (await store.objects.identify(kind, names(settings)[kind])).items():
                known[identity.id] = name
        for token in await store.service_tokens.all() if record is not None else ():
            known[token.id] = token.name
    return record, known
