"""Carrying out a revocation from the command line: the store is changed, and a running door says what it ended."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from rich.text import Text

from doorward.access.revocation import Revocation, Scope
from doorward.cli.speech import printable, remark, write_json
from doorward.cli.state import opened
from doorward.errors import DoorwardError
from doorward.settings import Settings
from doorward.store import Store

_WAIT_SECONDS: Final = 5.0
_LOOK_AGAIN: Final = 0.02
_CONNECT_SECONDS: Final = 1.0


class RevocationProblem(DoorwardError):  # noqa: N818 - what is the case, as elsewhere in the tree of errors
    code = "revocation"


@dataclass(frozen=True, slots=True)
class Ended:
    """What a revocation ended."""

    sessions: int
    streams: int
    waited_in_vain: bool = False
    """A door runs and has not said how many streams it ended."""


Targets = Callable[[Store], Awaitable[Sequence[str]]]
"""The ids of what is revoked; raises RevocationProblem when there is no such thing."""


def revoke(settings: Settings, scope: Scope, targets: Targets) -> Ended:
    """End it, and wait until the running door, if there is one, has ended the open streams.

    Raises:
        RevocationProblem: there is nothing of that name.
        StoreError: the database cannot be used.
    """
    return asyncio.run(_revoke(settings, scope, targets))


def report(ended: Ended, whose: str, *, as_json: bool) -> None:
    """JSON on standard output, or a sentence for people."""
    if as_json:
        write_json({"revoked": {"sessions": ended.sessions, "streams": ended.streams}})
    else:
        counts = f"{_count(ended.sessions, 'session')} and {_count(ended.streams, 'open stream')} ended"
        remark().print(Text(f"Access of {printable(whose)} is revoked: {counts}."))
    if ended.waited_in_vain:
        remark().print(
            Text("The door is running but has not said yet how many open streams it ended; look at its log.", "yellow")
        )


async def _revoke(settings: Settings, scope: Scope, targets: Targets) -> Ended:
    async with opened(settings, dict(os.environ)) as store:
        now = int(time.time())
        made = [Revocation(str(uuid.uuid4()), scope, target, now) for target in await targets(store)]
        sessions = sum([await store.revocations.revoke(one) for one in made])
        if not await _running(settings):
            return Ended(sessions, 0)
        counts = [await _streams(store, one) for one in made]
        return Ended(sessions, sum(count or 0 for count in counts), waited_in_vain=None in counts)


async def _streams(store: Store, revocation: Revocation) -> int | None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_WAIT_SECONDS):
            while (streams := await store.revocations.streams(revocation.id)) is None:  # noqa: ASYNC110 - another process sets it
                await asyncio.sleep(_LOOK_AGAIN)
            return streams
    return None


async def _running(settings: Settings) -> bool:
    """Whether anybody listens where the door says how it is."""
    status = settings.status
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(_CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(status.address, status.port)
        writer.close()
        return True
    return False


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
