"""``doorward revoke``: take access away from a person, a program, an application, a policy or everybody (access.md 5.2)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated

import typer

from doorward.access.revocation import Scope
from doorward.applications import Application
from doorward.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from doorward.cli.revoking import RevocationProblem, report
from doorward.cli.revoking import revoke as carry_out
from doorward.cli.tokens import revoke_service_token
from doorward.settings import Settings, load, names, resolve
from doorward.store import Store

command = typer.Typer(add_completion=False, no_args_is_help=True)


@command.callback()
def revoke() -> None:
    """Take access away, open WebSockets, event streams and gRPC calls included. In force within a second.

    Whoever still may enter by the policies can sign in again.
    """


@command.command()
def user(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The person's address; letter case does not matter.")],
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """End every session of a person, on every device.

    Example: doorward revoke user ann@example.com
    """

    async def target(store: Store) -> Sequence[str]:
        found = await store.users.find(email)
        if found is None:
            raise RevocationProblem(f"Nobody with the address {email} has ever signed in; there is nothing to revoke.")
        return (found,)

    report(carry_out(load(config, os.environ), Scope.USER, target), email, as_json=as_json)


@command.command()
def app(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The application's name, id or domain.")],
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """End every token for an application. People who are signed in get a new one if its policies still let them in.

    Example: doorward revoke app Wiki
    """
    settings = load(config, os.environ)

    async def target(store: Store) -> Sequence[str]:
        found = [one.id for one in await _applications(settings, store) if name in (one.name, one.id, one.domain)]
        if not found:
            raise RevocationProblem(f"There is no application {name!r} in {settings.path}.")
        return found

    report(carry_out(settings, Scope.APPLICATION, target), f"everybody to {name}", as_json=as_json)


@command.command()
def policy(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The policy's name or id.")],
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """End every token that a policy granted. People who are signed in get a new one if they are still let in.

    Example: doorward revoke policy "Staff only"
    """
    settings = load(config, os.environ)

    async def target(store: Store) -> Sequence[str]:
        policies = [one for application in await _applications(settings, store) for one in application.policies]
        found = sorted({one.id for one in policies if name in (one.name, one.id)})
        if not found:
            raise RevocationProblem(f"No application in {settings.path} has a policy {name!r}.")
        return found

    report(carry_out(settings, Scope.POLICY, target), f"everybody let in by {name}", as_json=as_json)


@command.command()
def token(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The service token's name or id.")],
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Delete a service token for good, and end whatever it earned. The same as "doorward tokens revoke".

    Example: doorward revoke token deploy-bot
    """
    revoke_service_token(load(config, os.environ), name, as_json=as_json)


@command.command("all")
def everyone(config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """End every session of everybody, and every app token of programs.

    Example: doorward revoke all --json
    """

    async def target(_store: Store) -> Sequence[str]:
        return ("",)

    report(carry_out(load(config, os.environ), Scope.EVERYONE, target), "everybody", as_json=as_json)


async def _applications(settings: Settings, store: Store) -> tuple[Application, ...]:
    ids = {kind: await store.objects.identify(kind, wanted) for kind, wanted in names(settings).items()}
    return resolve(settings, ids, await store.organization.account_id(), {}).applications
