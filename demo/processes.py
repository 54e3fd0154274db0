"""The demo's own servers and its child processes: each lives as long as a block, and no child outlives the demo."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import uvicorn

from doorward.supervisor.parent import dying_with

START_SECONDS: Final = 60
STOP_SECONDS: Final = 15
_TAIL: Final = 15


class StartError(Exception):
    """Something did not start, or ended. The first line says what; the rest is the end of its log."""


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling: one Ctrl-C is ours to handle."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serving(application: Any, port: int) -> AsyncIterator[None]:
    """An ASGI application on loopback, in this process.

    Raises:
        OSError: the port is taken.
    """
    listening = socket.create_server(("127.0.0.1", port))
    # A browser keeps its connections open; nobody should wait for that at the end.
    config = uvicorn.Config(application, log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield
    finally:
        server.should_exit = True
        await task


@dataclass(frozen=True, slots=True)
class Child:
    """A process of ours."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raise ``StartError`` once it has ended."""
        code = self.process.poll()
        if code is not None:
            raise StartError(f"{self.name} ended with exit code {code}. The end of {self.log}:\n{self.tail()}")

    def tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-_TAIL:])

    async def answers(self, url: str) -> None:
        """Wait until ``url`` answers 200.

        Raises:
            StartError: it ended, or the time ran out.
        """
        async with httpx.AsyncClient(trust_env=False, timeout=1) as client:
            for _ in range(START_SECONDS * 20):
                self.check()
                with contextlib.suppress(httpx.HTTPError):
                    if (await client.get(url)).status_code == 200:
                        return
                await asyncio.sleep(0.05)
        raise StartError(f"{self.name} was not ready after {START_SECONDS} s. The end of {self.log}:\n{self.tail()}")


@contextlib.asynccontextmanager
async def child(name: str, module: Sequence[str], log: Path) -> AsyncIterator[Child]:
    """``python -m module…``, its output in ``log``. It ends with the block, and when this process is killed.

    A session of its own: Ctrl-C in the terminal reaches only us, and we end the children in order.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: ASYNC220, S603 - quick, the leash is tied to this very thread, and the command is ours
            [sys.executable, "-m", *module],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=dying_with(os.getpid()),  # noqa: PLW1509 - calls prctl and nothing that takes a lock
        )
    try:
        yield Child(name, process, log)
    finally:
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
