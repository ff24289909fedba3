"""Figure 4: latency at every percentile, both arms, with a ribbon for how launches differ."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from results import units
from results.comparison import Comparison
from results.distribution import Curve, Side
from results.report import tables
from results.report.figures.canvas import (
    COLORS,
    DASHES,
    Plot,
    grid,
    is_wide,
    log_ticks,
    percentile_axis,
    plot,
    reach,
    title,
)

_FARTHEST = 1.6
"""Times the slowest and the fastest of the lines that a ribbon is drawn to."""


def draw(comparison: Comparison) -> Plot | None:
    """One panel a page; ``None`` where no page has enough requests."""
    curves = [curve for curve in comparison.curves if curve.before.p or curve.after.p]
    if not curves:
        return None
    caption = (
        f"Lines: requests of {tables.over(comparison)} together, dashed before, solid after. The horizontal axis "
        "stretches towards the slowest requests and stops where fewer than ten lie beyond; the vertical one is "
        "logarithmic and does not start at zero."
    )
    if any(curve.before.ribbon.low or curve.after.ribbon.low for curve in curves):
        level = f"{100 * (1 - comparison.design.alpha):g} %"
        caption += (
            f" Ribbon: {level} interval by how launches differ, as far as each has ten requests beyond. Both arms of a "
            "launch share its luck, so ribbons that overlap do not mean that nothing changed."
        )
    if any(_is_cut(curve) for curve in curves):
        caption += " A ribbon that meets the edge of its panel goes on beyond it."
    return plot(
        "percentiles",
        "Latency at every percentile",
        caption,
        "; ".join(_in_words(curve) for curve in curves),
        lambda width: _panels(curves, width),
    )


def _in_words(curve: Curve) -> str:
    parts = []
    for name, side in (("before", curve.before), ("after", curve.after)):
        if side.p:
            last = f"{units.milliseconds(side.ms[-1])} at p{100 * side.p[-1]:.4g}"
            middle = min(range(len(side.p)), key=lambda index: abs(side.p[index] - 0.5))
            parts.append(f"{name} {units.milliseconds(side.ms[middle])} at the median, {last}")
    return f"{curve.cell}: {'; '.join(parts)}"


def _panels(curves: Sequence[Curve], width: float) -> Figure:
    wide = is_wide(width)
    figure, axes = grid(len(curves), 2 if wide else 1, width, 2.4 if wide else 2.2, top=0.3)
    for place, curve in zip(axes, curves, strict=True):
        _panel(place, curve, wide=wide)
        title(place, str(curve.cell), ", ms")
    handles = [Line2D([], [], color=COLORS[arm], linestyle=DASHES[arm], label=arm) for arm in COLORS]
    figure.legend(handles=handles, loc="upper left", ncols=2, borderaxespad=0, bbox_to_anchor=(0.02, 1.0))
    return figure


def _panel(axes: Axes, curve: Curve, *, wide: bool) -> None:
    for name, side in (("before", curve.before), ("after", curve.after)):
        _side(axes, name, side)
    axes.set_yscale("log")
    low, high = map(math.log, _limits(curve))
    room = max(0.06 * (high - low), 0.02)
    low, high = math.exp(low - room), math.exp(high + room)
    axes.set_ylim(low, high)
    log_ticks(axes.yaxis, low, high)
    last = max([*curve.before.p, *curve.after.p])
    percentile_axis(axes, 0, last, wide=wide)
    axes.grid()


def _limits(curve: Curve) -> tuple[float, float]:
    """From the fastest to the slowest that is drawn, with ribbons as far as they are of that size."""
    lines = [value for side in (curve.before, curve.after) for value in side.ms if value > 0] or [1.0]
    ribbons = [value for side in (curve.before, curve.after) for value in (*side.ribbon.low, *side.ribbon.high)]
    low, high = min(lines), max(lines)
    return max(min([low, *ribbons]), low / _FARTHEST), min(max([high, *ribbons]), high * _FARTHEST)


def _is_cut(curve: Curve) -> bool:
    """Whether a ribbon goes on beyond the panel."""
    low, high = _limits(curve)
    ribbons = curve.before.ribbon, curve.after.ribbon
    return any(min(ribbon.low, default=low) < low or max(ribbon.high, default=high) > high for ribbon in ribbons)


def _side(axes: Axes, name: str, side: Side) -> None:
    x = [reach(p) for p in side.p]
    axes.plot(x, side.ms, color=COLORS[name], linestyle=DASHES[name])
    count = len(side.ribbon.low)
    if count:
        axes.fill_between(x[:count], side.ribbon.low, side.ribbon.high, color=COLORS[name], alpha=0.22, linewidth=0)
