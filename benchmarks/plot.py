"""The picture: CPU time a request and requests a second, contestants as bars, rounds as dots."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.goals import MOST_TIMES_BARE
from benchmarks.results import Results
from benchmarks.rounds import Sample

_SHOWN: Final = ("nginx", "haproxy", "envoy", "door", "haproxy-jwt", "haproxy-job", "apache")
"""Proxies alone first, then those that check who is there."""
_CHECKS: Final = frozenset({"door", "haproxy-jwt", "haproxy-job", "apache"})
_DOOR, _PEER, _PLAIN, _INK, _DIM = "#0b6e4f", "#7d8ca3", "#d3d9e2", "#1d2330", "#5b6476"


def draw(results: Results, stem: Path) -> None:
    """Write ``<stem>.svg`` and ``<stem>.png``."""
    mpl.rcParams.update({"font.family": "DejaVu Sans", "svg.hashsalt": "doorward", "svg.fonttype": "none"})
    keys = [key for key in _SHOWN if results.ran(key)]
    figure = Figure(figsize=(11, 0.62 * len(keys) + 2.1), layout="constrained", facecolor="white")
    left, right = figure.subplots(1, 2, sharey=True)
    _bars(left, results, keys, lambda sample: sample.cost, "{:,.0f} µs")
    _bars(right, results, keys, lambda sample: sample.rate, "{:,.0f}")
    left.set_title("CPU time a request, less is better", **_TITLE)
    right.set_title("Requests a second on one core, more is better", **_TITLE)
    _limit(left, MOST_TIMES_BARE * results.samples.cost("envoy"))
    labels = {one.key: one.label for one in results.contestants}
    left.set_yticks(range(len(keys)), [labels[key] for key in keys])
    for tick, key in zip(left.get_yticklabels(), keys, strict=True):
        tick.set(color=_DOOR if key == "door" else _INK, fontweight="bold" if key == "door" else "normal")
    left.invert_yaxis()
    figure.supxlabel(_foot(results), fontsize=8.5, color=_DIM, x=0.01, ha="left")
    figure.savefig(stem.with_suffix(".svg"), metadata={"Date": None})
    figure.savefig(stem.with_suffix(".png"), dpi=130)


_CLEAR: Final[dict[str, Any]] = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
_TITLE: Final[dict[str, Any]] = {"loc": "left", "fontsize": 11, "color": _INK, "pad": 10}


def _bars(axes: Any, results: Results, keys: Sequence[str], value: Callable[[Sample], float], form: str) -> None:
    most = 0.0
    for place, key in enumerate(keys):
        rounds = sorted(value(sample) for sample in results.samples.of(key))
        middle = statistics.median(rounds)
        most = max(most, rounds[-1])
        axes.barh(place, middle, height=0.58, color=_colour(key), zorder=2)
        axes.scatter(rounds, [place + 0.38] * len(rounds), s=9, color=_DIM, alpha=0.6, linewidths=0, zorder=3)
        axes.annotate(
            form.format(middle),
            (middle, place),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            color=_INK,
            bbox=_CLEAR,
            zorder=4,
        )
    axes.set_xlim(0, most * 1.18)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.tick_params(axis="both", length=0, labelsize=9, labelcolor=_INK)
    axes.grid(axis="x", color="#eceff3", zorder=0)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)


def _limit(axes: Any, microseconds: float) -> None:
    axes.axvline(microseconds, color=_DOOR, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    axes.annotate(
        f"{MOST_TIMES_BARE:.2f} × bare Envoy",
        (microseconds, 0),
        xycoords=("data", "axes fraction"),
        xytext=(4, 3),
        textcoords="offset points",
        fontsize=8,
        color=_DOOR,
    )


def _colour(key: str) -> str:
    if key == "door":
        return _DOOR
    return _PEER if key in _CHECKS else _PLAIN


def _foot(results: Results) -> str:
    effort = results.effort
    return (
        f"Light bars forward without any check. Medians of {effort.rounds} rounds, each round a dot; wrk, "
        f"{effort.connections} connections, one worker, proxy pinned to one core. {results.date}, "
        f"{results.machine['processor']}, Envoy {results.versions['Envoy']}."
    )
