"""``doorward grants``: who asked for access for a time, who has it, and taking it back (access.md 4.5, 4.6)."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer
from rich.text import Text

from doorward.access.grant_record import of_revoked_grant
from doorward.access.revocation import Scope, grant_target
from doorward.applications import Application
from doorward.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from doorward.cli.revoking import RevocationProblem, report
from doorward.cli.revoking import revoke as carry_out
from doorward.cli.speech import printable, remark, result, write_json
from doorward.cli.state import opened
from doorward.grants import Grant, State
from doorward.identity import canonical_email
from doorward.settings import Settings, load, names, resolve
from doorward.store import Store

command = typer.Typer(add_completion=False, no_args_is_help=True)

_OPEN: Final = frozenset({State.PENDING.value, State.IN_FORCE.value})
_ENDED: Final = "signed_out"
"""The state of what would still be open if the session that asked were."""
_SHORTEST: Final = 6
"""Characters of an id that are enough to name a grant."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A grant, what has become of it, and what it is about."""

    grant: Grant
    state: str
    application: Application | None


@command.callback()
def grants() -> None:
    """List who asked for access for a time and who has it, or take it back."""


@command.command("list")
def list_grants(
    user: Annotated[str | None, typer.Option(metavar="EMAIL", help="Of this person only.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Also what was over within the last week.")] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Show the requests that wait and the grants in force, the newest first.

    Examples: doorward grants list; doorward grants list --all --user ann@example.com --json
    """
    settings = load(config, os.environ)
    found = [one for one in asyncio.run(_known(settings, int(time.time()))) if every or one.state in _OPEN]
    if user is not None:
        found = [one for one in found if one.grant.email == canonical_email(user)]
    if as_json:
        write_json([_as_json(one) for one in found])
        return
    if not found:
        remark().print(Text("Nobody waits, and nothing is granted for a time."))
        return
    for one in found:
        _print(_as_json(one))


@command.command("revoke")
def revoke_grant(
    grant_id: Annotated[
        str, typer.Argument(metavar="ID", help="As 'doorward grants list' shows it, or its beginning.")
    ],
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Take back what was granted, open streams included, or end a request that waits. In force within a second.

    The person stays signed in and may ask again.

    Example: doorward grants revoke 5b7612a78f80
    """
    settings = load(config, os.environ)
    found: list[Grant] = []

    async def target(store: Store) -> Sequence[str]:
        grant = await _named(store, grant_id, int(time.time()))
        found.append(grant)
        return (grant_target(grant),)

    ended = carry_out(settings, Scope.GRANT, target)
    asyncio.run(_record(settings, found[0], int(time.time())))
    report(ended, f"{found[0].email} by this grant", as_json=as_json)


async def _named(store: Store, text: str, now: int) -> Grant:
    found = [grant for grant in await store.grants.all() if grant.id.startswith(text)] if len(text) >= _SHORTEST else []
    if len(found) != 1:
        what = "more than one grant begins" if found else "there is no grant that begins"
        raise RevocationProblem(f"{what.capitalize()} with {text!r}; 'doorward grants list --all' shows all of them.")
    (grant,) = found
    if grant.state(now).value not in _OPEN:
        raise RevocationProblem(f"There is nothing to take back: the grant {grant.id} is {_WORDS[grant.state(now)]}.")
    return grant


async def _record(settings: Settings, grant: Grant, now: int) -> None:
    async with opened(settings, dict(os.environ)) as store:
        application = (await _applications(settings, store)).get(grant.application_id)
        policies = application.policies if application is not None else ()
        policy = next((one for one in policies if one.id == grant.policy_id), None)
        await store.decisions.append([of_revoked_grant(replace(grant, revoked_at=now), application, policy, now)])


async def _known(settings: Settings, now: int) -> list[_Known]:
    async with opened(settings, dict(os.environ)) as store:
        applications = await _applications(settings, store)
        return [
            _Known(grant, await _state(store, grant, now), applications.get(grant.application_id))
            for grant in await store.grants.all()
        ]


async def _state(store: Store, grant: Grant, now: int) -> str:
    state = grant.state(now).value
    if state not in _OPEN:
        return state
    session = await store.sessions.find(grant.session_nonce)
    return state if session is not None and session.revoked_at is None else _ENDED


async def _applications(settings: Settings, store: Store) -> Mapping[str, Application]:
    ids = {kind: await store.objects.identify(kind, wanted) for kind, wanted in names(settings).items()}
    resolved = resolve(settings, ids, await store.organization.account_id(), {})
    return {application.id: application for application in resolved.applications}


def _as_json(one: _Known) -> dict[str, Any]:
    grant, application = one.grant, one.application
    policies = application.policies if application is not None else ()
    policy = next((policy.name for policy in policies if policy.id == grant.policy_id), grant.policy_id)
    return {
        "id": grant.id,
        "state": one.state,
        "user": grant.email,
        "user_id": grant.user_id,
        "application": application.name if application is not None else grant.application_id,
        "application_id": grant.application_id,
        "policy": policy,
        "policy_id": grant.policy_id,
        "session": grant.session_nonce,
        "reason": grant.reason,
        "approval_required": grant.needs_approval,
        "approvals": [
            {"email": said.email, "approved": said.approved, "seconds": said.seconds, "at": _moment(said.at)}
            for said in grant.approvals
        ],
        "asked_at": _moment(grant.asked_at),
        "lapses_at": _moment(grant.lapses_at),
        "granted_at": _moment(grant.granted_at),
        "expires_at": _moment(grant.ends_at),
        "revoked_at": _moment(grant.revoked_at),
    }


def _print(found: Mapping[str, Any]) -> None:
    console = result()
    until = found["expires_at"] or found["lapses_at"]
    console.print(
        Text.assemble(
            (found["id"], "bold"),
            f"  {printable(found['user'])} to {printable(found['application'])}: ",
            (_WORDS.get(found["state"], found["state"]), _STYLES.get(found["state"], "dim")),
            f", until {until[:16].replace('T', ' ')} (UTC)" if found["state"] in _OPEN else "",
        )
    )
    agreed = ", ".join(said["email"] for said in found["approvals"] if said["approved"])
    console.print(Text(f"  {printable(found['reason'])}", style="dim"))
    if agreed:
        console.print(Text(f"  approved by {printable(agreed)}", style="dim"))


def _moment(seconds: int | None) -> str | None:
    """RFC 3339, UTC."""
    return None if seconds is None else datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_WORDS: Final[Mapping[str, str]] = {
    "pending": "waits for approval",
    "in_force": "in force",
    "denied": "refused",
    "lapsed": "not answered in time",
    "over": "over",
    "revoked": "taken back",
    _ENDED: "over, because the session has ended",
}
_STYLES: Final[Mapping[str, str]] = {"pending": "yellow", "in_force": "green"}
