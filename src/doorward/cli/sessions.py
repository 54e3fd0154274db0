"""``doorward sessions``: who is signed in, and ending one session (access.md 5.4)."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from doorward.access.revocation import Scope
from doorward.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from doorward.cli.revoking import RevocationProblem, report, revoke
from doorward.cli.speech import printable, remark, result, write_json
from doorward.cli.state import opened
from doorward.settings import Settings, load, names, resolve
from doorward.store import Store
from doorward.store.revocations import Ongoing

command = typer.Typer(add_completion=False, no_args_is_help=True)


@command.callback()
def sessions() -> None:
    """List who is signed in, or end one session. 'doorward revoke' ends more than one."""


@command.command("list")
def list_sessions(
    user: Annotated[str | None, typer.Option(metavar="EMAIL", help="Of this person only.")] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Show every session that still gives access, the newest first, with the applications it was used for.

    Examples: doorward sessions list; doorward sessions list --user ann@example.com --json
    """
    settings = load(config, os.environ)
    found = asyncio.run(_described(settings, user, int(time.time())))
    if as_json:
        write_json(found)
        return
    if not found:
        remark().print(Text("Nobody is signed in." if user is None else f"{printable(user)} is not signed in."))
        return
    console = result()
    for item in found:
        begin, end = (_when(item[name]) for name in ("created_at", "expires_at"))
        console.print(Text.assemble((item["id"], "bold"), f"  {printable(item['user'])}  {begin} to {end} (UTC)"))
        place = " ".join(part for part in (item["ip"], item["country"]) if part)
        console.print(Text(f"  {printable(item['application']) or 'no application'}  {place}".rstrip(), style="dim"))


@command.command("revoke")
def revoke_session(
    session: Annotated[str, typer.Argument(metavar="ID", help="As 'doorward sessions list' shows it.")],
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """End one session with everything it is used for, open streams included. In force within a second.

    Example: doorward sessions revoke 6gPdR0mKcW2xYz81
    """

    async def target(store: Store) -> Sequence[str]:
        if await store.sessions.find(session) is None:
            raise RevocationProblem(f"There is no session {session!r}; 'doorward sessions list' shows all of them.")
        return (session,)

    report(revoke(load(config, os.environ), Scope.SESSION, target), f"session {session}", as_json=as_json)


async def _described(settings: Settings, email: str | None, now: int) -> list[dict[str, Any]]:
    async with opened(settings, dict(os.environ)) as store:
        user_id = None
        if email is not None and (user_id := await store.users.find(email)) is None:
            return []
        ids = {kind: await store.objects.identify(kind, wanted) for kind, wanted in names(settings).items()}
        applications = resolve(settings, ids, await store.organization.account_id(), {}).applications
        known = {application.id: application.name for application in applications}
        return [_as_json(one, known) for one in await store.revocations.ongoing(now, user_id)]


def _as_json(one: Ongoing, applications: Mapping[str, str]) -> dict[str, Any]:
    newest = {token.application_id: token for token in one.tokens}
    used = [
        {
            "id": application_id,
            "name": applications.get(application_id, application_id),
            "issued_at": _moment(token.iat),
            "expires_at": _moment(token.exp),
        }
        for application_id, token in newest.items()
    ]
    session = one.session
    return {
        "id": session.nonce,
        "user": session.identity.email,
        "user_id": session.user_id,
        "application": ", ".join(str(part["name"]) for part in used),
        "applications": used,
        "created_at": _moment(session.created_at),
        "expires_at": _moment(session.expires_at),
        "ip": session.ip,
        "country": session.country,
    }


def _moment(seconds: int) -> str:
    """RFC 3339, UTC."""
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _when(moment: str) -> str:
    return moment[:16].replace("T", " ")
