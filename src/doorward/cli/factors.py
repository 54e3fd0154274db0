"""``doorward factors``: what people have set up as second factors, and taking it away (access.md 4.7)."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from doorward.access.factor_record import of_removal
from doorward.access.revocation import Scope
from doorward.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from doorward.cli.revoking import RevocationProblem, revoke
from doorward.cli.speech import printable, remark, result, write_json
from doorward.cli.state import opened
from doorward.identity import canonical_email
from doorward.second_factor import Factor
from doorward.settings import Settings, load
from doorward.store import Store

command = typer.Typer(add_completion=False, no_args_is_help=True)

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The person's address; letter case does not matter.")]


@command.callback()
def factors() -> None:
    """Show or remove the second factors that people have set up, for when one is lost or stolen."""


@command.command("list")
def list_factors(email: Email, config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Show the authenticators of a person, the oldest first. Never the secrets.

    Example: doorward factors list ann@example.com
    """
    found, codes = asyncio.run(_look(load(config, os.environ), email))
    if as_json:
        write_json({"factors": [_as_json(factor) for factor in found], "recovery_codes_left": codes})
        return
    if not found:
        remark().print(Text(f"{printable(email)} has set up no second factor."))
        return
    console = result()
    for factor in found:
        used = f"last used {_when(factor.last_used_at)}" if factor.last_used_at else "never used"
        line = f"  {factor.kind.value}  set up {_when(factor.created_at)}, {used} (UTC)"
        console.print(Text.assemble((factor.id, "bold"), line))
    console.print(Text(f"{codes} recovery codes left", style="dim"))


@command.command("remove")
def remove_factor(
    email: Email,
    factor: Annotated[str, typer.Argument(metavar="[ID]", help="As 'list' shows it; without it, all go.")] = "",
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Take authenticators away, and end every session of the person, open streams included.

    With the last authenticator go the recovery codes. Whoever has none sets one up at the next demand, with nothing
    but the login: tell them to do it at once.

    Examples: doorward factors remove ann@example.com; doorward factors remove ann@example.com 4f0c…
    """
    settings = load(config, os.environ)
    removed = asyncio.run(_remove(settings, email, factor))

    async def target(store: Store) -> Sequence[str]:
        return (await _person(store, email),)

    ended = revoke(settings, Scope.USER, target)
    if as_json:
        write_json({"removed": removed, "revoked": {"sessions": ended.sessions, "streams": ended.streams}})
        return
    noun = "authenticator" if removed == 1 else "authenticators"
    remark().print(
        Text(
            f"{removed} {noun} of {printable(email)} removed; {ended.sessions} sessions and {ended.streams} open streams ended."
        )
    )


async def _look(settings: Settings, email: str) -> tuple[tuple[Factor, ...], int]:
    async with opened(settings, dict(os.environ)) as store:
        user_id = await _person(store, email)
        return await store.factors.of(user_id), await store.factors.codes_left(user_id)


async def _remove(settings: Settings, email: str, factor_id: str) -> int:
    async with opened(settings, dict(os.environ)) as store:
        user_id = await _person(store, email)
        removed = await store.factors.remove(user_id, factor_id)
        if not removed:
            what = f"no authenticator {factor_id!r}" if factor_id else "no authenticator"
            raise RevocationProblem(f"{email} has {what}; 'doorward factors list {email}' shows what there is.")
        which = factor_id or "every authenticator"
        detail = f"an operator removed {which}; every session of this person was ended"
        now = int(time.time())
        record = of_removal(canonical_email(email), user_id, detail, secrets.token_hex(8), now)
        await store.decisions.append([record])
        return removed


async def _person(store: Store, email: str) -> str:
    found = await store.users.find(email)
    if found is None:
        raise RevocationProblem(f"Nobody with the address {email} has ever signed in.")
    return found


def _as_json(factor: Factor) -> dict[str, Any]:
    return {
        "id": factor.id,
        "type": factor.kind.value,
        "created_at": _moment(factor.created_at),
        "last_used_at": _moment(factor.last_used_at) if factor.last_used_at else None,
    }


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _when(seconds: int) -> str:
    return _moment(seconds)[:16].replace("T", " ")
