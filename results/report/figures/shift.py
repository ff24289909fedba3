"""Figure 3: what changed at every percentile, in milliseconds and percent, with bands pointwise and joint."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
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

_UNITS = ("ms", "%")
_FARTHEST = 30.0
"""Bands are drawn so many times as far as the estimates reach; beyond, nothing would be left to see of those."""


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
    if comparison.design.control is not None:
        caption += f" What happened to the control, {comparison.design.control}, is not taken off here."
    if banded:
        level = f"{100 * (1 - comparison.design.alpha):g} %"
        caption += (
            f" Inner band: {level} interval of each percentile by itself. Outer band: one that holds for all "
            "percentiles of the page together."
        )
    if any(_limits(shift, unit)[2] for shift in shifts for unit in _UNITS):
        caption += " A band that meets the edge of its panel goes on beyond it."
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
        for column, unit in enumerate(_UNITS):
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
    x = [reach(p) for p in shift.p]
    line = _scaled(shift, shift.ratio, unit)
    bottom, top, _ = _limits(shift, unit)
    for band, alpha in ((shift.joint, _JOINT), (shift.pointwise, _POINTWISE)):
        if band.low:
            low, high = (np.clip(_scaled(shift, ends, unit), bottom, top) for ends in (band.low, band.high))
            axes.fill_between(x, low, high, color=AFTER, alpha=alpha, linewidth=0)
    axes.axhline(0, color=INK, linewidth=1.1)
    axes.plot(x, line, color=AFTER)
    marked = [index for index, p in enumerate(shift.p) if any(abs(p - q) < 1e-6 for q in (0.5, 0.95, 0.99))]
    axes.plot([x[index] for index in marked], [line[index] for index in marked], "o", color=AFTER, markersize=4)
    axes.set_ylim(bottom, top)
    linear_ticks(axes.yaxis, bottom, top, most=5)
    percentile_axis(axes, max(shift.p[0] - 0.02, 0), shift.p[-1], wide=wide)
    axes.grid()


def _scaled(shift: Shift, ratios: Numbers, unit: str) -> list[float]:
    """Ratios as changes in that unit."""
    if unit == "%":
        return [100 * (ratio - 1) for ratio in ratios]
    return [level * (ratio - 1) for level, ratio in zip(shift.before_ms, ratios, strict=False)]


def _limits(shift: Shift, unit: str) -> tuple[float, float, bool]:
    """Room for the estimates, for zero and for the bands, and whether a band goes on beyond it."""
    line = [*_scaled(shift, shift.ratio, unit), 0.0]
    bands = [end for band in (shift.pointwise, shift.joint) for end in _scaled(shift, band.low, unit)]
    bands += [end for band in (shift.pointwise, shift.joint) for end in _scaled(shift, band.high, unit)]
    reach_of_line = max(map(abs, line)) or 1.0
    wanted = min([*line, *bands]), max([*line, *bands])
    allowed = -_FARTHEST * reach_of_line, _FARTHEST * reach_of_line
    low, high = max(wanted[0], allowed[0]), min(wanted[1], allowed[1])
    room = 0.08 * (high - low) or reach_of_line
    return low - room, high + room, (low, high) != wanted
