"""What a change of the configuration would do, as JSON and for people."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from rich.text import Text

from doorward.cli.speech import printable, result
from doorward.lab.difference import Change, Comparison, Side


def as_json(comparison: Comparison) -> dict[str, Any]:
    changes = comparison.changes
    return {
        "replayed": comparison.replayed,
        "changed_otherwise": comparison.moved,
        "not_replayed": dict(sorted(comparison.not_replayable.items())),
        "skipped": comparison.skipped,
        "applications": [
            {
                "name": name,
                "gains": [
                    _change_json(change)
                    for change in changes
                    if (change.application, change.direction) == (name, "gains")
                ],
                "loses": [
                    _change_json(change)
                    for change in changes
                    if (change.application, change.direction) == (name, "loses")
                ],
            }
            for name in dict.fromkeys(change.application for change in changes)
        ],
    }


def show(comparison: Comparison) -> None:
    console = result()
    for name, changes in groupby(comparison.changes, key=lambda change: change.application):
        console.print(Text(printable(name) or "no application", style="bold"))
        for change in changes:
            sign, style = ("+", "green") if change.direction == "gains" else ("-", "red")
            who = printable(change.who) or "whoever comes without signing in"
            console.print(Text.assemble((f"  {sign} {who} {change.direction} access", style), _told(change)))
            console.print(Text(f"      {_example(change)}", style="dim"))
    console.print(Text(_summary(comparison), style="bold yellow" if comparison.changes else "bold green"))
    for reason, count in sorted(comparison.not_replayable.items()):
        console.print(Text(f"{count} cannot be replayed: {printable(reason)}", style="yellow"))


def _told(change: Change) -> str:
    return f": {_side(change.before)} → {_side(change.after)}"


def _side(side: Side) -> str:
    by = f" by {printable(side.policy)!r}" if side.policy else ""
    return f"{side.outcome}{by}" if side.application else f"{side.outcome} (no application)"


def _example(change: Change) -> str:
    when = datetime.fromtimestamp(change.at, tz=UTC).strftime("%Y-%m-%d %H:%M UTC")
    times = "once" if change.decisions == 1 else f"{change.decisions} times"
    return f"{times}, last {printable(change.host + change.path)} at {when}, reference {change.reference}"


def _summary(comparison: Comparison) -> str:
    gains = len({(change.who, change.application) for change in comparison.changes if change.direction == "gains"})
    loses = len({(change.who, change.application) for change in comparison.changes if change.direction == "loses"})
    moved = f"; {comparison.moved} decisions change without giving or taking access" if comparison.moved else ""
    return f"{comparison.replayed} decisions replayed: {gains} would gain access, {loses} would lose it{moved}"


def _change_json(change: Change) -> dict[str, Any]:
    return {
        "who": change.who or None,
        "before": _side_json(change.before),
        "after": _side_json(change.after),
        "decisions": change.decisions,
        "last": {
            "reference": change.reference,
            "host": change.host,
            "path": change.path,
            "at": datetime.fromtimestamp(change.at, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
    }


def _side_json(side: Side) -> dict[str, Any]:
    return {"decision": side.outcome, "policy": side.policy or None, "application": side.application or None}
