"""Everything the demo consists of, started and ended together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass

from demo import applications
from demo.configuration import doorward_yaml
from demo.folder import Folder
from demo.mailbox import Mailbox, smtp
from demo.ports import Ports
from demo.processes import Child, child, serving

Step = Callable[[str, Awaitable[None]], Coroutine[None, None, None]]
"""Shows that something with this name is under way until it is there."""


@dataclass(frozen=True, slots=True)
class Town:
    """All of it, ready."""

    ports: Ports
    folder: Folder
    children: tuple[Child, ...]

    def check(self) -> None:
        """Raise ``StartError`` if a part of it has ended."""
        for one in self.children:
            one.check()


@contextlib.asynccontextmanager
async def standing(ports: Ports, folder: Folder, step: Step) -> AsyncIterator[Town]:
    """The applications, the mailbox, the directory and the door, until the block ends.

    Raises:
        StartError: a process did not start; it carries the end of its log.
        OSError: a port was taken in the meantime.
    """
    folder.configuration.write_text(doorward_yaml(ports))
    async with contextlib.AsyncExitStack() as stack:
        # The processes first, because they take longest, and both at once.
        directory = await stack.enter_async_context(
            child("The directory", ("demo.directory", str(ports.directory)), folder.log("directory"))
        )
        serve = ("doorward", "serve", "--config", str(folder.configuration))
        door = await stack.enter_async_context(child("The door", serve, folder.log("doorward")))
        ready = (
            step("Three applications and a mailbox", _neighbours(stack, ports)),
            step("Demo directory, an OpenID provider", directory.answers(_discovery(ports))),
            step("Doorward: control plane and Envoy", door.answers(f"http://127.0.0.1:{ports.status}/readyz")),
        )
        try:
            async with asyncio.TaskGroup() as group:
                for work in ready:
                    group.create_task(work)
        except ExceptionGroup as failed:  # the first that failed ended the others
            raise failed.exceptions[0] from failed
        yield Town(ports, folder, (directory, door))


async def _neighbours(stack: contextlib.AsyncExitStack, ports: Ports) -> None:
    mailbox = Mailbox()
    await stack.enter_async_context(smtp(mailbox, ports.smtp))
    await stack.enter_async_context(serving(mailbox.application(), ports.inbox))
    await stack.enter_async_context(serving(applications.application(ports), ports.applications))


def _discovery(ports: Ports) -> str:
    return f"http://127.0.0.1:{ports.directory}/.well-known/openid-configuration"
