"""Run the demo. Ctrl-C ends all of it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Iterator
from pathlib import Path

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from demo.folder import ROOT, Folder, claimed
from demo.ports import WISHED, Ports, beside
from demo.processes import StartError
from demo.town import Step, Town, standing

console = Console(highlight=False)


def _welcome(ports: Ports, folder: Folder) -> Panel:
    """The addresses, in at most 80 columns."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(style="cyan", no_wrap=True)
    table.add_column()
    table.add_row("1", f"http://wiki.localhost:{ports.door}/", "choose the directory, then Alice")
    table.add_row("2", f"http://metrics.localhost:{ports.door}/", "opens with no second login")
    table.add_row("3", f"http://payroll.localhost:{ports.door}/", "refuses Alice, and says why")
    table.add_row()
    table.add_row("", f"http://127.0.0.1:{ports.inbox}/", "the mails, for “Email code”")
    table.add_row("", f"http://login.localhost:{ports.door}/", "the door’s own page")
    table.add_row("", str(folder.configuration), "what it runs with; logs beside it")
    grid = Table.grid()
    grid.add_row(table)
    grid.add_row()
    grid.add_row("   Why somebody was refused, by the reference on the page:")
    grid.add_row(Text(f"   .venv/bin/doorward explain REFERENCE --config {folder.configuration}", style="cyan"))
    return Panel(
        grid, title="Doorward is at the door", subtitle="Ctrl-C stops everything", border_style="green", box=box.ROUNDED
    )


@contextlib.contextmanager
def _progress() -> Iterator[Step]:
    columns = (SpinnerColumn(finished_text="[green]✓"), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:

        async def step(name: str, work: Awaitable[None]) -> None:
            task = progress.add_task(name, total=1)
            await work
            progress.update(task, completed=1)

        yield step


async def _run(ports: Ports, folder: Folder) -> None:
    """Until a signal comes. The first one counts; more of them do not hurry what is being ended."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    show = asyncio.create_task(_show(ports, folder))
    await asyncio.wait((show, asyncio.create_task(stopped.wait())), return_when=asyncio.FIRST_COMPLETED)
    if stopped.is_set():
        console.print("Stopping …")
        show.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await show


async def _show(ports: Ports, folder: Folder) -> None:
    async with contextlib.AsyncExitStack() as stack:
        with _progress() as step:
            town = await stack.enter_async_context(standing(ports, folder, step))
        console.print(_welcome(ports, folder))
        await _watch(town)


async def _watch(town: Town) -> None:
    while True:
        town.check()
        await asyncio.sleep(0.5)


def main() -> int:
    """Run until Ctrl-C. Exit code 0, or 1 when something could not start or ended by itself."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or WISHED), help="of the door (8080)")
    parser.add_argument("--folder", type=Path, default=ROOT, help="what it writes goes there (.demo)")
    arguments = parser.parse_args()
    try:
        with claimed(arguments.folder, arguments.port) as (door, folder):
            if door != arguments.port:
                console.print(f"Port {arguments.port} is taken; the door takes {door}.")
            asyncio.run(_run(beside(door), folder))
    except (StartError, OSError) as error:
        what, _, more = str(error).partition("\n")
        console.print(Text(f"The demo could not go on. {what}", style="bold red"))
        console.print(Text(more))
        return 1
    console.print("Everything has ended; nothing is listening any more.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
