"""Figure 3: what changed at every percentile, in milliseconds and percent, with bands pointwise and joint."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from results import units
from results.comparison import Comparison
from results.distribution import Numbers, Shift
from results.report import tables
from results.report.figures.canvas import (
    AFTER,
    INK,
    Plot,
    grid,
    is_wide,
    linear_ticks,
    percentile_axis,
    plot,
    reach,
    title,
)

_POINTWISE = 0.34
_JOINT = 0.16
"""How dense the bands are drawn."""


def draw(comparison: Comparison) -> Plot | None:
    """One row a page; ``None`` without pages."""
    shifts = comparison.shifts
    if not shifts:
        return None
    banded = any(shift.joint.low for shift in shifts)
    caption = (
        f"After less before at each percentile, over {tables.over(comparison)}: below the zero line after is faster. "
        "The horizontal axis stretches towards the slowest requests and ends where a launch has fewer than ten beyond."
    )
    if banded:
        level = f"{100 * (1 - comparison.design.alpha):g} %"
        caption += (
            f" Dark band: {level} interval of each percentile by itself. Light band: one that holds for all "
            "percentiles of the page together."
        )
    return plot(
        "shift",
        "What changed at every percentile",
        caption,
        "; ".join(_in_words(shift) for shift in shifts),
        lambda width: _panels(shifts, width, banded=banded),
    )


def _in_words(shift: Shift) -> str:
    parts = []
    for wanted in (0.5, 0.95, 0.99):
        near = min(range(len(shift.p)), key=lambda index: abs(shift.p[index] - wanted))
        if abs(shift.p[near] - wanted) < 0.005:
            span = ""
            if shift.joint.low:
                span = f" [{units.change(shift.joint.low[near])}, {units.change(shift.joint.high[near])}]"
            parts.append(f"p{100 * wanted:g} {units.change(shift.ratio[near])}{span}")
    return f"{shift.cell}: {', '.join(parts) or 'no percentile that decides'}"


def _panels(shifts: Sequence[Shift], width: float, *, banded: bool) -> Figure:
    wide = is_wide(width)
    figure, axes = grid(2 * len(shifts), 2 if wide else 1, width, 2.0 if wide else 1.75, top=0.3, left=0.62)
    for row, shift in enumerate(shifts):
        for column, unit in enumerate(("ms", "%")):
            place = axes[2 * row + column]
            _panel(place, shift, unit, wide=wide)
            title(place, str(shift.cell), f", change in {unit}")
    handles: list[Line2D | Patch] = [Line2D([], [], color=AFTER, marker="o", markersize=3.5, label="estimate")]
    if banded:
        handles += [
            Patch(facecolor=AFTER, alpha=_POINTWISE + _JOINT, label="pointwise"),
            Patch(facecolor=AFTER, alpha=_JOINT, label="joint"),
        ]
    figure.legend(handles=handles, loc="upper left", ncols=3, borderaxespad=0, bbox_to_anchor=(0.02, 1.0))
    return figure


def _panel(axes: Axes, shift: Shift, unit: str, *, wide: bool) -> None:
    def scaled(ratios: Numbers) -> list[float]:
        if unit == "%":
            return [100 * (ratio - 1) for ratio in ratios]
        return [level * (ratio - 1) for level, ratio in zip(shift.before_ms, ratios, strict=True)]

    x = [reach(p) for p in shift.p]
    line = scaled(shift.ratio)
    shown = [*line, 0.0]
    for band, alpha in ((shift.joint, _JOINT), (shift.pointwise, _POINTWISE)):
        if band.low:
            low, high = scaled(band.low), scaled(band.high)
            axes.fill_between(x, low, high, color=AFTER, alpha=alpha, linewidth=0)
            shown += low + high
    axes.axhline(0, color=INK, linewidth=1.1)
    axes.plot(x, line, color=AFTER)
    marked = [index for index, p in enumerate(shift.p) if any(abs(p - q) < 1e-6 for q in (0.5, 0.95, 0.99))]
    axes.plot([x[index] for index in marked], [line[index] for index in marked], "o", color=AFTER, markersize=4)
    bottom, top = _limits(line, shown)
    axes.set_ylim(bottom, top)
    linear_ticks(axes.yaxis, bottom, top, most=5)
    percentile_axis(axes, max(shift.p[0] - 0.02, 0), shift.p[-1], wide=wide)
    axes.grid()


def _limits(line: Sequence[float], shown: Sequence[float]) -> tuple[float, float]:
    """Room for everything; zero is always inside."""
    low, high = min(shown), max(shown)
    room = 0.08 * (high - low) or max(abs(value) for value in line) * 0.1 or 1.0
    return (low - room, high + room) if math.isfinite(low + high) else (-1.0, 1.0)
