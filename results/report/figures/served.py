"""Part of figure 8: the hit ratio of every launch, both arms."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from results import units
from results.comparison import Comparison
from results.report.figures.canvas import (
    AFTER,
    BEFORE,
    MUTED,
    PAPER,
    Plot,
    fixed,
    grid,
    is_wide,
    linear_ticks,
    plot,
    title,
)
from results.samples import ALL
from results.timeline import Served


def draw(comparison: Comparison) -> Plot | None:
    """One panel a persona that was ever served from the cache; ``None`` where none was."""
    personas: dict[str, list[Served]] = {}
    for each in comparison.served:
        personas.setdefault(each.persona, []).append(each)
    shown = {
        name: rows for name, rows in personas.items() if any(r.share.before > 0 or r.share.after > 0 for r in rows)
    }
    if not shown:
        return None
    caption = (
        "Share of replies out of the page cache, launch by launch: hollow circle before, filled square after. "
        "Every axis runs from nothing to all."
    )
    if not all(row.used for rows in shown.values() for row in rows):
        caption += " Grey: launches that do not count."
    return plot(
        "served",
        "Hit ratio of every launch",
        caption,
        "; ".join(_in_words(name, rows) for name, rows in shown.items()),
        lambda width: _panels(shown, width),
    )


def _name(persona: str) -> str:
    return "all visitors" if persona == ALL else persona


def _in_words(persona: str, rows: Sequence[Served]) -> str:
    spans = []
    for arm in ("before", "after"):
        values = [value for row in rows if math.isfinite(value := getattr(row.share, arm))]
        if values:
            low, high = units.percent(min(values)), units.percent(max(values))
            spans.append(f"{arm} {low}" if low == high else f"{arm} {low} to {high}")
    return f"{_name(persona)}: {', '.join(spans)}"


def _panels(shown: Mapping[str, Sequence[Served]], width: float) -> Figure:
    figure, axes = grid(len(shown), 3 if is_wide(width) else 2, width, 1.6, top=0.3, left=0.6)
    for place, (persona, rows) in zip(axes, shown.items(), strict=True):
        _panel(place, rows)
        title(place, _name(persona))
    handles = [
        Line2D([], [], linestyle="", marker="o", markerfacecolor=PAPER, markeredgecolor=BEFORE, label="before"),
        Line2D([], [], linestyle="", marker="s", markersize=5, color=AFTER, label="after"),
    ]
    figure.legend(handles=handles, loc="upper left", ncols=2, borderaxespad=0, bbox_to_anchor=(0.02, 1.0))
    return figure


def _panel(axes: Axes, rows: Sequence[Served]) -> None:
    joins = [value for row in rows for value in (row.share.before, row.share.after, math.nan)]
    places = [value for row in rows for value in (row.launch, row.launch, math.nan)]
    axes.plot(places, joins, color=MUTED, linewidth=0.9, zorder=1)
    for used in (True, False):
        kept = [row for row in rows if row.used == used]
        numbers = [row.launch for row in kept]
        before, after = (BEFORE, AFTER) if used else (MUTED, MUTED)
        style: dict[str, Any] = {"linestyle": "", "clip_on": False, "zorder": 3, "markeredgewidth": 1.5}
        hollow: dict[str, Any] = {"marker": "o", "markersize": 5, "markerfacecolor": PAPER, "markeredgecolor": before}
        axes.plot(numbers, [row.share.before for row in kept], **hollow, **style)
        axes.plot(numbers, [row.share.after for row in kept], marker="s", markersize=4.4, color=after, **style)
    numbers = [row.launch for row in rows]
    axes.set_xlim(min(numbers) - 0.6, max(numbers) + 0.6)
    axes.set_ylim(0, 1)
    axes.grid(axis="y")
    linear_ticks(axes.yaxis, 0, 1, most=3, name=lambda value: f"{100 * value:.0f} %")
    step = max(1, math.ceil(len(numbers) / 8))
    fixed(axes.xaxis, numbers[::step], lambda value: f"{value:.0f}")
