"""``doorward tokens``: service tokens, the credentials of programs (access.md 3.4)."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Final, TypeVar

import typer
from rich.text import Text

from doorward.access.revocation import Scope, service_token_target
from doorward.cli import revoking
from doorward.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from doorward.cli.service_token_view import as_json as json_of
from doorward.cli.service_token_view import lines_of, overlap_of
from doorward.cli.speech import printable, remark, result, write_json
from doorward.cli.state import opened
from doorward.durations import parse_duration
from doorward.errors import DoorwardError
from doorward.service_tokens import (
    DEFAULT_LIFETIME,
    LONGEST_OVERLAP,
    POSSIBLE_SECRETS,
    Lifetime,
    ServiceToken,
    client_id,
    client_secret,
    issue,
    parse_lifetime,
    secret_hash,
)
from doorward.settings import Settings, load
from doorward.store import Store

T = TypeVar("T")
command = typer.Typer(add_completion=False, no_args_is_help=True)

LONGEST_NAME: Final = 350
_CREATE_EXAMPLES: Final = """Examples:

doorward tokens create ci

doorward tokens create backup --duration forever --json"""
_ROTATE_EXAMPLES: Final = """Examples:

doorward tokens rotate ci

doorward tokens rotate ci --keep-old-for 24h --json"""
Name = Annotated[str, typer.Argument(metavar="NAME|ID", help="The token's name or its id.")]


class ServiceTokenProblem(DoorwardError):  # noqa: N818 - what is the case, as elsewhere in the tree of errors
    code = "service_token"


@command.callback()
def tokens() -> None:
    """Make, list, rotate and end service tokens, with which programs get in without signing in.

    A program sends CF-Access-Client-Id and CF-Access-Client-Secret; a policy with decision non_identity lets it in. A running
    door knows of every change within a second.
    """


@command.command(epilog=_CREATE_EXAMPLES)
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What policies in the file call it.")],
    duration: Annotated[
        str | None, typer.Option(metavar="DURATION", help="Like 8760h (a year, the default), or forever.")
    ] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Make a token and show its credentials: this once, they are kept as a hash only."""
    settings = load(config, os.environ)
    now, name = _now(), name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise typer.BadParameter(f"a name has 1 to {LONGEST_NAME} characters on one line", param_hint="NAME")
    secret = client_secret(secrets.randbelow(POSSIBLE_SECRETS))
    token = _run(settings, lambda store: _create(store, settings, name, _lifetime(duration), secret, now), fresh=True)
    _show(token, secret, as_json=as_json, remarks=(f"Service token {token.name!r} is made.",))


@command.command("list")
def list_tokens(config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Show every token. Secrets are known to nobody but the programs that have them."""
    found = _run(load(config, os.environ), lambda store: store.service_tokens.all())
    if as_json:
        write_json([json_of(token) for token in found])
    for token in () if as_json else found:
        _print_lines(token)
    if not as_json and not found:
        remark().print(Text("There is no service token; make one with 'doorward tokens create NAME'."))


@command.command(epilog=_ROTATE_EXAMPLES)
def rotate(
    name: Name,
    keep_old_for: Annotated[
        str, typer.Option(metavar="DURATION", help="How long the secret before goes on working; at most 720h.")
    ] = "0",
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Give a token another secret. The one before ends at once, or after a while."""
    settings, now = load(config, os.environ), _now()
    secret = client_secret(secrets.randbelow(POSSIBLE_SECRETS))
    until = now + _overlap(keep_old_for)
    token = _change(settings, name, lambda before: before.rotated(secret_hash(secret), until, now), now)
    _show(token, secret, as_json=as_json, remarks=(f"{token.name!r} has another secret.", overlap_of(token, now)))


@command.command()
def revoke(name: Name, config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Delete a token for good, and end whatever it earned. A token made later under the same name is another one."""
    revoke_service_token(load(config, os.environ), name, as_json=as_json)


def revoke_service_token(settings: Settings, name: str, *, as_json: bool) -> None:
    """Delete the token, end what it earned, and say what ended."""

    async def target(store: Store) -> Sequence[str]:
        return (service_token_target(await _named(store, name)),)

    ended = revoking.revoke(settings, Scope.SERVICE_TOKEN, target)
    revoking.report(ended, f"the service token {name!r}", as_json=as_json)


@command.command()
def enable(name: Name, config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Let a disabled token in again."""
    _switch(name, config, enabled=True, as_json=as_json)


@command.command()
def disable(name: Name, config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Keep a token out, with whichever secret, until it is enabled again."""
    _switch(name, config, enabled=False, as_json=as_json)


@command.command()
def refresh(name: Name, config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Have a token expire one year from now. Its secret stays the same."""
    settings, now = load(config, os.environ), _now()
    token = _change(settings, name, lambda before: before.refreshed(now), now, even_declared=True)
    _show(token, None, as_json=as_json, remarks=(f"{token.name!r} is good for another year.",))


def _switch(name: str, config: ConfigFile, *, enabled: bool, as_json: bool) -> None:
    settings, now = load(config, os.environ), _now()
    stated = next((part for part in settings.service_tokens if name in (part.name, part.id)), None)
    if stated is not None and stated.enabled is not None:
        hint = f"set 'enabled: {str(enabled).lower()}' there and send the door SIGHUP"
        raise ServiceTokenProblem(f"The configuration file says whether {name!r} is enabled; {hint}.")
    token = _change(settings, name, lambda before: before.switched(enabled=enabled, now=now), now, even_declared=True)
    word = "enabled" if enabled else "disabled"
    _show(token, None, as_json=as_json, remarks=(f"{token.name!r} is {word}.",))


def _change(
    settings: Settings,
    name: str,
    what: Callable[[ServiceToken], ServiceToken],
    now: int,
    *,
    even_declared: bool = False,
) -> ServiceToken:
    async def change(store: Store) -> ServiceToken:
        token = await _named(store, name, even_declared=even_declared)
        changed = await store.service_tokens.change(token.id, what, now)
        if changed is None:
            raise _unknown(name)
        return changed.token

    return _run(settings, change)


async def _create(
    store: Store, settings: Settings, name: str, duration: Lifetime | str, secret: str, now: int
) -> ServiceToken:
    declared = next((part for part in settings.service_tokens if part.name == name), None)
    if declared is not None and declared.client_id is not None:
        raise ServiceTokenProblem(
            f"The credentials of {name!r} are in the configuration file; there is nothing to make."
        )
    if isinstance(duration, str):  # not said on the command line
        duration = declared.duration if declared is not None else DEFAULT_LIFETIME
    own_id = declared.id if declared is not None else None
    made = issue(own_id or str(uuid.uuid4()), name, client_id(secrets.token_bytes(16)), secret, duration, now)
    if declared is not None and declared.enabled is False:
        made = made.switched(enabled=False, now=now)
    token = await store.service_tokens.create(made, keep_id=own_id is not None)
    if token is None:
        raise ServiceTokenProblem(
            f"There is a service token {name!r} already. Give it another secret with 'doorward tokens rotate', or end it "
            f"with 'doorward tokens revoke' first."
        )
    return token


async def _named(store: Store, name: str, *, even_declared: bool = False) -> ServiceToken:
    token = await store.service_tokens.named(name)
    if token is None:
        raise _unknown(name)
    if token.declared and not even_declared:
        raise ServiceTokenProblem(
            f"The credentials of {token.name!r} are in the configuration file: change or remove them there and send the "
            f"door SIGHUP. 'doorward tokens disable' keeps it out meanwhile."
        )
    return token


def _unknown(name: str) -> ServiceTokenProblem:
    return ServiceTokenProblem(f"There is no service token {name!r}; 'doorward tokens list' shows all of them.")


def _run(settings: Settings, what: Callable[[Store], Awaitable[T]], *, fresh: bool = False) -> T:
    async def run() -> T:
        async with opened(settings, dict(os.environ), fresh=fresh) as store:
            return await what(store)

    return asyncio.run(run())


def _lifetime(text: str | None) -> Lifetime | str:
    """The duration that was asked for; an empty text when none was."""
    if text is None:
        return ""
    try:
        return parse_lifetime(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--duration") from error


def _overlap(text: str) -> int:
    try:
        overlap = parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--keep-old-for") from error
    if overlap > LONGEST_OVERLAP:
        raise typer.BadParameter(f"{text!r} is longer than 30 days", param_hint="--keep-old-for")
    return int(overlap.total_seconds())


def _show(token: ServiceToken, secret: str | None, *, as_json: bool, remarks: tuple[str, ...]) -> None:
    if as_json:
        write_json(json_of(token, secret))
        return
    for line in remarks:
        remark().print(Text(printable(line), style="bold"))
    if secret is None:
        _print_lines(token)
        return
    console = result()
    facts: dict[str, Any] = {"id": token.id, "expires": json_of(token)["expires_at"] or "never"}
    for label, value in facts.items():
        console.print(Text(f"{label}: {value}"))
    console.print(Text(f"CF-Access-Client-Id: {token.client_id}"))
    console.print(Text(f"CF-Access-Client-Secret: {secret}"))
    remark().print(Text("Keep the secret now: it is not shown again.", style="bold yellow"))


def _print_lines(token: ServiceToken) -> None:
    console = result()
    for line in lines_of(token, _now()):
        console.print(line)


def _now() -> int:
    return int(time.time())
