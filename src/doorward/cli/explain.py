"""``doorward explain``: the recorded decision, not a second one."""

from __future__ import annotations

import asyncio
import os
import re
from dataclasses import asdict
from typing import Annotated, Final

import typer
from rich.text import Text

from doorward.access.record import DecisionRecord
from doorward.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from doorward.cli.reasons import tree_of
from doorward.cli.speech import print_tree, printable, remark, write_json
from doorward.cli.state import opened
from doorward.settings import Settings, load, names

command = typer.Typer(add_completion=False)

_REFERRED: Final = ("group", "list", "identity_provider")
_EXAMPLES = """Examples:

doorward explain 4f1d2c3b5a697887

doorward explain "4F1D 2C3B 5A69 7887" --json"""


@command.command(epilog=_EXAMPLES)
def explain(
    reference: Annotated[list[str], typer.Argument(metavar="REFERENCE", help="As the visitor's page shows it.")],
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Tell why a request was let in or refused: each policy, each rule, whether it matched and on what evidence.

    The reference stands on the page that refused, and in the log. Capitals, spaces and dashes do not matter.
    """
    wanted = canonical(" ".join(reference))
    record, known = asyncio.run(_find(load(config, os.environ), wanted))
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
