"""``python -m benchmarks``: measure, judge, write it down."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
from pathlib import Path
from typing import Final, NoReturn

from rich.console import Console
from rich.table import Table

from benchmarks import packages, plot
from benchmarks.goals import goals
from benchmarks.packages import NotRunError
from benchmarks.report import as_json, as_markdown
from benchmarks.results import Results
from benchmarks.rounds import Effort
from benchmarks.run import run

_RESULTS: Final = Path(__file__).parent / "results"
console: Final = Console(stderr=True)


def main() -> int:
    """Exit code 0 when it could be measured, whatever came out; 1 when it could not."""
    arguments = _parser().parse_args()
    if sys.platform != "linux":
        console.print("The benchmark reads CPU times from /proc and pins processes to cores: it needs Linux.")
        return 1
    signal.signal(signal.SIGTERM, _end)
    if arguments.install and packages.missing():
        console.print(f"Installing {', '.join(packages.missing())} …")
        if trouble := packages.install():
            console.print(f"[yellow]Some programs are missing[/]: {trouble}")
    effort = Effort(arguments.rounds, arguments.seconds, arguments.connections, arguments.visitors, arguments.seed)
    try:
        results = run(effort, _command(), console)
    except (NotRunError, RuntimeError, OSError) as error:
        console.print(f"[red]The benchmark could not run.[/] {error}", highlight=False)
        return 1
    except KeyboardInterrupt:
        console.print("Stopped; everything that was started has ended.")
        return 1
    _write(results, arguments.out)
    _show(results, arguments.out)
    return 0


def _parser() -> argparse.ArgumentParser:
    usual = Effort()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=usual.rounds, help="rounds (%(default)s)")
    parser.add_argument("--seconds", type=int, default=usual.seconds, help="of load, each round (%(default)s)")
    parser.add_argument("--connections", type=int, default=usual.connections, help="of wrk (%(default)s)")
    parser.add_argument("--visitors", type=int, default=usual.visitors, help="who log in at once (%(default)s)")
    parser.add_argument("--seed", type=int, default=usual.seed, help="of the order (%(default)s)")
    parser.add_argument("--out", type=Path, default=_RESULTS, help="folder for the results")
    parser.add_argument(
        "--no-install", dest="install", action="store_false", help="do not install Debian packages, even as root"
    )
    return parser


def _command() -> str:
    return " ".join(("python -m benchmarks", *sys.argv[1:]))


def _write(results: Results, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    plot.draw(results, folder / results.date)
    (folder / f"{results.date}.json").write_text(as_json(results), encoding="utf-8")
    (folder / f"{results.date}.md").write_text(as_markdown(results, f"{results.date}.png"), encoding="utf-8")
    (folder / "latest.md").write_text(as_markdown(results, "latest.png"), encoding="utf-8")
    for kind in ("png", "svg", "json"):
        shutil.copyfile(folder / f"{results.date}.{kind}", folder / f"latest.{kind}")


def _show(results: Results, folder: Path) -> None:
    table = Table("goal", "found", "", box=None, pad_edge=False)
    marks = {True: "[green]met[/]", False: "[red]missed[/]", None: "not judged"}
    for goal in goals(results):
        table.add_row(goal.aim, goal.found, marks[goal.met])
    console.print(table)
    console.print(f"Written to {folder / 'latest.md'}", highlight=False)


def _end(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
