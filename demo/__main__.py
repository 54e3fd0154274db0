"""Run the demo: ``python -m demo [--port 8080]``. Ctrl-C ends all of it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import httpx
import uvicorn
from rich.console import Console
from rich.panel import Panel
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from demo import applications, ports
from demo.configuration import doorward_yaml
from demo.mailbox import Mailbox, smtp
from demo.people import DIRECTORY

FOLDER: Final = Path(__file__).parent.parent / ".demo"
START_SECONDS: Final = 60
STOP_SECONDS: Final = 15

console = Console()


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling: one Ctrl-C is ours to handle."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def _serving(application: Any, port: int) -> AsyncIterator[None]:
    server = _Server(uvicorn.Config(application, host="127.0.0.1", port=port, log_level="warning", lifespan="off"))
    task = asyncio.create_task(server.serve())
    try:
        yield
    finally:
        server.should_exit = True
        await task


@contextlib.asynccontextmanager
async def _child(command: Sequence[str], log: Path) -> AsyncIterator[subprocess.Popen[bytes]]:
    """A process of its own, ended with the block, its output in ``log``."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)  # noqa: ASYNC220,S603
    try:
        yield process
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(process.wait, STOP_SECONDS)
        if process.poll() is None:
            process.kill()
            process.wait()


async def _answers(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until ``url`` answers 200.

    Raises:
        RuntimeError: the process ended or the time ran out; says where its output is.
    """
    async with httpx.AsyncClient(trust_env=False) as client:
        for _ in range(START_SECONDS * 10):
            if process.poll() is not None:
                raise RuntimeError(f"{process.args[0]} ended with {process.returncode}:\n{_tail(log)}")  # type: ignore[index]
            with contextlib.suppress(httpx.HTTPError):
                if (await client.get(url, timeout=1)).status_code == 200:
                    return
            await asyncio.sleep(0.1)
    raise RuntimeError(f"{url} did not answer within {START_SECONDS} s:\n{_tail(log)}")


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])


def _directory_command(chosen: ports.Ports) -> list[str]:
    people = [part for person in DIRECTORY for part in ("--user-claims", json.dumps(person))]
    return [str(_script("oidc-provider-mock")), "--port", str(chosen.directory), "--host", "127.0.0.1", *people]


def _script(name: str) -> Path:
    return Path(sys.executable).parent / name


def _welcome(chosen: ports.Ports) -> Panel:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(style="cyan")
    table.add_column()
    door = chosen.door
    table.add_row("1", f"http://wiki.localhost:{door}/", "sends you to the door: “Demo directory”, then alice")
    table.add_row("2", f"http://metrics.localhost:{door}/", "opens with no second login")
    table.add_row("3", f"http://payroll.localhost:{door}/", "refuses, and says why")
    table.add_row("", f"http://127.0.0.1:{chosen.inbox}/", "inbox: the mails with codes, for “Email code”")
    table.add_row("", f"http://login.localhost:{door}/", "the door itself")
    table.add_row("", f"{FOLDER.name}/doorward.yaml", "what it runs with; logs are beside it")
    return Panel(table, title="Doorward is at the door", subtitle="Ctrl-C stops everything", border_style="green")


async def _run(chosen: ports.Ports) -> None:
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    configuration = FOLDER / "doorward.yaml"
    configuration.write_text(doorward_yaml(chosen))
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    mailbox = Mailbox()
    async with contextlib.AsyncExitStack() as stack:
        with Progress(
            SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=console
        ) as progress:
            step = progress.add_task("Applications and mailbox")
            await stack.enter_async_context(smtp(mailbox, chosen.smtp))
            await stack.enter_async_context(_serving(mailbox.application(), chosen.inbox))
            await stack.enter_async_context(_serving(applications.application(chosen), chosen.applications))
            progress.update(step, total=1, completed=1)
            step = progress.add_task("Demo directory (an OpenID provider)")
            log = FOLDER / "directory.log"
            directory = await stack.enter_async_context(_child(_directory_command(chosen), log))
            await _answers(f"http://127.0.0.1:{chosen.directory}/.well-known/openid-configuration", directory, log)
            progress.update(step, total=1, completed=1)
            step = progress.add_task("Doorward: control plane and Envoy")
            log = FOLDER / "doorward.log"
            command = [str(_script("doorward")), "serve", "--config", str(configuration)]
            door = await stack.enter_async_context(_child(command, log))
            await _answers(f"http://127.0.0.1:{chosen.status}/readyz", door, log)
            progress.update(step, total=1, completed=1)
        console.print(_welcome(chosen))
        await _until_stopped(stop, door, log)
        console.print("Stopping …")


async def _until_stopped(stop: asyncio.Event, door: subprocess.Popen[bytes], log: Path) -> None:
    while not stop.is_set():
        if door.poll() is not None:
            raise RuntimeError(f"doorward ended with {door.returncode}:\n{_tail(log)}")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 0.5)


def main() -> int:
    """Run until Ctrl-C. Exit code 0, or 1 when something could not start."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8080")), help="port of the door (8080)")
    arguments = parser.parse_args()
    try:
        asyncio.run(_run(ports.choose(arguments.port)))
    except (RuntimeError, OSError) as error:
        console.print(f"[red]The demo could not run.[/] {error}")
        return 1
    console.print("Everything has ended; nothing is listening any more.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
