"""Figure 2: both arms of every launch in the order they ran, joined; nothing is hidden behind an average."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from results import units
from results.cells import CellResult
from results.comparison import Comparison
from results.measures import Pair
from results.report.figures.canvas import (
    AFTER,
    BEFORE,
    MUTED,
    PAPER,
    Plot,
    fixed,
    grid,
    is_wide,
    log_ticks,
    plot,
    title,
)

_ASIDE = 0.17
"""By how much of a launch the arm that was loaded first stands to the left of its middle."""


@dataclass(frozen=True, slots=True)
class Point:
    """Both arms of one cell in one launch.

    Attributes:
        used: Whether the launch counts.
        first: The arm that was loaded first; ``None`` where both were at once.
    """

    launch: int
    level_ms: Pair
    used: bool
    first: str | None


def draw(comparison: Comparison) -> Plot | None:
    """Every primary cell that has levels of its launches; ``None`` where none has, or where sessions are compared."""
    if comparison.kind != "trial":
        return None
    panels = [(result, points(comparison, result)) for result in comparison.primary if result.levels]
    if not panels:
        return None
    ordered = any(point.first for _, each in panels for point in each)
    dropped = any(not point.used for _, each in panels for point in each)
    failed = any(_is_failed(point) for _, each in panels for point in each)
    caption = (
        "One pair a launch, in the order they ran: hollow circle before, filled square after, joined. "
        "Milliseconds on a logarithmic axis of each panel's own, which does not start at zero."
    )
    if ordered:
        caption += " The arm further to the left was loaded first."
    if dropped:
        caption += " Grey crosses: launches that do not count, for reasons fixed beforehand."
    if failed:
        caption += " ▲ at the upper edge: failed requests reach this quantile."
    return plot(
        "launches",
        "Every launch",
        caption,
        "; ".join(_in_words(result, each) for result, each in panels),
        lambda width: _panels(panels, width, ordered=ordered, dropped=dropped),
    )


def points(comparison: Comparison, result: CellResult) -> list[Point]:
    """The launches of one cell, those that do not count among them, in their order."""
    used = [launch.number for launch in comparison.launches if launch.used]
    numbers = used or [launch.number for launch in comparison.launches]
    counts = bool(used)
    levels = {number: (level, counts) for number, level in zip(numbers, result.levels, strict=False)}
    for out in comparison.left_out:
        if (out.cell, out.quantile) == (result.cell, result.quantile):
            levels[out.launch] = (out.level_ms, False)
    first = dict(zip((launch.number for launch in comparison.launches), comparison.loaded_first, strict=True))
    return [Point(number, *levels[number], first.get(number)) for number in sorted(levels)]


def _is_failed(point: Point) -> bool:
    return math.isinf(point.level_ms.before) or math.isinf(point.level_ms.after)


def _in_words(result: CellResult, each: Sequence[Point]) -> str:
    kept = [point for point in each if point.used] or list(each)
    spans = []
    for name in ("before", "after"):
        values = [value for point in kept if math.isfinite(value := getattr(point.level_ms, name))]
        if values:
            low, high = units.milliseconds(min(values)), units.milliseconds(max(values))
            spans.append(f"{name} {low}" if low == high else f"{name} {low} to {high}")
    below = sum(point.level_ms.after < point.level_ms.before for point in kept)
    return f"{result.label}: {', '.join(spans)}; after is lower in {below} of {units.counted(len(kept), 'launch')}"


def _panels(panels: Sequence[tuple[CellResult, list[Point]]], width: float, *, ordered: bool, dropped: bool) -> Figure:
    crowded = ordered or any(len(each) > 10 for _, each in panels)
    columns = 3 if is_wide(width) else 1 if crowded else 2
    figure, axes = grid(len(panels), columns, width, 1.85, top=0.32, left=0.5)
    for place, (result, each) in zip(axes, panels, strict=True):
        _panel(place, each)
        title(place, str(result.cell), f" {result.quantile}")
    handles = [_handle("before"), _handle("after")]
    if dropped:
        handles.append(Line2D([], [], linestyle="", marker="x", color=MUTED, label="does not count"))
    figure.legend(
        handles=handles, loc="upper left", ncols=3, borderaxespad=0, bbox_to_anchor=(0.02, 1.0), handletextpad=0.3
    )
    return figure


def _handle(arm: str) -> Line2D:
    return Line2D([], [], linestyle="", label=arm, **_marker(arm))


def _marker(arm: str) -> dict[str, Any]:
    if arm == "before":
        return {
            "marker": "o",
            "markersize": 5,
            "markerfacecolor": PAPER,
            "markeredgecolor": BEFORE,
            "markeredgewidth": 1.5,
        }
    return {"marker": "s", "markersize": 4.6, "markerfacecolor": AFTER, "markeredgecolor": AFTER}


def _panel(axes: Axes, each: Sequence[Point]) -> None:
    axes.set_yscale("log")
    values = [v for p in each for v in (p.level_ms.before, p.level_ms.after) if math.isfinite(v) and v > 0] or [1.0]
    low, high = math.log(min(values)), math.log(max(values))
    room = max(0.12 * (high - low), 0.02)
    bottom, top = math.exp(low - room), math.exp(high + room)
    axes.set_ylim(bottom, top)
    log_ticks(axes.yaxis, bottom, top, most=5)
    axes.grid(axis="y")
    edge = top * (bottom / top) ** 0.05
    numbers = [point.launch for point in each]
    joins: tuple[list[float], list[float]] = ([], [])
    groups: dict[tuple[str, str], tuple[list[float], list[float]]] = {}
    for point in each:
        for arm in ("before", "after"):
            level = getattr(point.level_ms, arm)
            kind = "failed" if math.isinf(level) else "level" if point.used else "left out"
            spot = point.launch + _aside(point, arm), min(level, edge)
            for target in (groups.setdefault((arm, kind), ([], [])), joins):
                target[0].append(spot[0])
                target[1].append(spot[1])
        joins[0].append(math.nan)
        joins[1].append(math.nan)
    axes.plot(*joins, color=MUTED, linewidth=0.9, zorder=1)
    for (arm, kind), spots in groups.items():
        style = _marker(arm)
        if kind == "failed":
            style["marker"] = "^"
        elif kind == "left out":
            style = {"marker": "x", "markersize": 5, "color": MUTED}
        axes.plot(*spots, linestyle="", clip_on=False, zorder=3, **style)
    axes.set_xlim(min(numbers) - 0.6, max(numbers) + 0.6)
    step = max(1, math.ceil(len(numbers) / 8))
    fixed(axes.xaxis, numbers[::step], lambda value: f"{value:.0f}")


def _aside(point: Point, arm: str) -> float:
    if point.first is None:
        return 0.0
    return -_ASIDE if point.first == arm else _ASIDE
